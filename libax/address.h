/* SPDX-License-Identifier: MIT */
/* libax/address.h - addresses of stream sockets as people write them: "127.0.0.1:80", "[::1]:80",
 * "/run/socket". Nothing is looked up. */
#ifndef LIBAX_ADDRESS_H
#define LIBAX_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct boot_address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
        struct sockaddr_un local;
    } of;
};

#define BOOT_ADDRESS_TEXT 112

/* False: it is none. */
bool boot_address_read(const char *text, struct boot_address *address);
/* The reverse; returns `text`, "" for an address of another kind. */
char *boot_address_text(const struct boot_address *address, char text[BOOT_ADDRESS_TEXT]);

#endif
