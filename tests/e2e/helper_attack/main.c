/* SPDX-License-Identifier: MIT */
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_S 60u

void give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

int connect_from(const struct attack *attack, unsigned of)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + of)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strcmp(attack->kind, "deaf") == 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){65536}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        give_up("bind");
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(attack->port);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        give_up("connect");
    return fd;
}

static void read_token(const char *path, uint8_t psk[OV_KEY])
{
    char bytes[512];
    FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
    if (len > 0 && bytes[len - 1] == '\n')
        len--;
    if (len == 0 || ov_token_psk(bytes, len, psk) != 0)
        give_up(path);
    fclose(file);
}

int main(int argc, char **argv)
{
    struct attack attack = {0};
    if (argc != 6)
        return 2;
    attack.port = (uint16_t)atoi(argv[2]);
    attack.kind = argv[4];
    attack.count = (unsigned)atoi(argv[5]);
    read_token(argv[3], attack.psk);
    alarm(DEADLINE_S);
    if (strcmp(argv[1], "member") == 0)
        be_member(&attack);
    else
        be_stranger(&attack);
    return 0;
}
