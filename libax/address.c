/* SPDX-License-Identifier: MIT */
#include "libax/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_port(const char *text, in_port_t *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *port = htons((uint16_t)value);
    return *text >= '0' && *text <= '9' && *end == '\0' && value <= UINT16_MAX;
}

static bool read_inet(const char *text, struct boot_address *address)
{
    const char *colon = strrchr(text, ':');
    bool six = text[0] == '[';
    char host[INET6_ADDRSTRLEN + 1];
    if (colon == NULL)
        return false;
    const char *from = six ? text + 1 : text, *to = six ? colon - 1 : colon;
    if (to < from || (size_t)(to - from) >= sizeof host || (six && *to != ']'))
        return false;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = '\0';
    if (six) {
        address->length = sizeof address->of.in6;
        address->of.in6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, host, &address->of.in6.sin6_addr) == 1 &&
               read_port(colon + 1, &address->of.in6.sin6_port);
    }
    address->length = sizeof address->of.in4;
    address->of.in4.sin_family = AF_INET;
    return inet_pton(AF_INET, host, &address->of.in4.sin_addr) == 1 &&
           read_port(colon + 1, &address->of.in4.sin_port);
}

bool boot_address_read(const char *text, struct boot_address *address)
{
    memset(address, 0, sizeof *address);
    if (text[0] != '/')
        return read_inet(text, address);
    size_t size = strlen(text) + 1;
    address->length = sizeof address->of.local;
    address->of.local.sun_family = AF_UNIX;
    if (size > sizeof address->of.local.sun_path)
        return false;
    memcpy(address->of.local.sun_path, text, size);
    return true;
}

char *boot_address_text(const struct boot_address *address, char text[BOOT_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    text[0] = '\0';
    switch (address->of.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->of.in4.sin_addr, host, sizeof host);
        snprintf(text, BOOT_ADDRESS_TEXT, "%s:%u", host, ntohs(address->of.in4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->of.in6.sin6_addr, host, sizeof host);
        snprintf(text, BOOT_ADDRESS_TEXT, "[%s]:%u", host, ntohs(address->of.in6.sin6_port));
        break;
    case AF_UNIX:
        snprintf(text, BOOT_ADDRESS_TEXT, "%s", address->of.local.sun_path);
        break;
    }
    return text;
}
