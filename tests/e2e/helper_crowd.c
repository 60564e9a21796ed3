/* SPDX-License-Identifier: MIT */
/* helper_crowd.c - connects to a Unix socket many times and says nothing.
 *
 *   helper_crowd PATH COUNT
 *
 * Says "ready" when all have been connected; ends, and they with it, at the end of standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    for (long left = strtol(argv[2], NULL, 10); left > 0; left--) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
            perror("helper_crowd");
            return 1;
        }
    }
    if (puts("ready") < 0 || fflush(stdout) != 0)
        return 1;
    while (getchar() != EOF)
        ;
    return 0;
}
