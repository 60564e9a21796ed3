/* SPDX-License-Identifier: MIT */
/* helper_brim.c - a peer that lets answers wait until one does not fit.
 *
 *   helper_brim SOCKET TIMES
 *
 * Asks a line of tests/plugins/net for echoes that it does not read, one after another, and finds
 * out which of them the kernel has no room for. So many times then it asks for as many on a new
 * connection, and reads them when the last one has been asked for: nothing but that tells the
 * actor's worker that there is room again. Exits with 0 when all have come as they were sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE 200
#define LINES_MAX 10000

static const char *path;

static void require(int holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    exit(1);
}

static int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    require(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "connect");
    require(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0, "setsockopt");
    return fd;
}

static void ask(int fd, int number)
{
    char text[LINE + 6];
    int size = snprintf(text, sizeof text, "echo %0*d\n", LINE - 1, number);
    require(write(fd, text, (size_t)size) == size, "write");
}

static void hear(int fd, int number)
{
    char line[LINE];
    require(recv(fd, line, LINE, MSG_WAITALL) == LINE, "an echo");
    require(atoi(line) == number && line[LINE - 1] == '\n', "an echo that was asked for");
}

/* The worker has done what came before. */
static void catch_up(int fd)
{
    for (int i = 0; i < 2; i++) {
        ask(fd, i);
        hear(fd, i);
    }
}

static int find_brim(int fd, int other)
{
    for (int i = 0, waits = 0; i < LINES_MAX; i++) {
        int before = waits;
        ask(fd, i);
        catch_up(other);
        require(ioctl(fd, FIONREAD, &waits) == 0, "FIONREAD");
        if (waits == before)
            return i;
    }
    require(0, "there is room for all");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    path = argv[1];
    int fd = dial(), other = dial(), brim = find_brim(fd, other);
    for (int times = atoi(argv[2]); times > 0; times--) {
        close(fd);
        fd = dial();
        for (int i = 0; i < brim; i++) {
            ask(fd, i);
            catch_up(other);
        }
        ask(fd, brim);
        for (int i = 0; i <= brim; i++)
            hear(fd, i);
    }
    printf("%d fit\n", brim);
    return 0;
}
