/* SPDX-License-Identifier: MIT */
/* helper_sockets.c - what the kernel has been told of another process's connections by TCP.
 *
 *   helper_sockets PID
 *
 * A line for each that is established: its cookie, which no other connection has, SO_KEEPALIVE with
 * its options, and TCP_USER_TIMEOUT in milliseconds: "COOKIE keepalive=1 idle=30 interval=10
 * probes=5 user_timeout=2000". Ends with 77 where the kernel does not lend the descriptors of that
 * process.
 *
 *   helper_sockets PID bytes
 *
 * How much has gone by each, both ways, in place of the options: "COOKIE SENT RECEIVED".
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ESTABLISHED 1 /* the kernel's TCP_ESTABLISHED */

static bool bytes;

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    (void)getsockopt(fd, level, name, &value, &size);
    return value;
}

static void look(int fd)
{
    struct tcp_info info = {0};
    uint64_t cookie = 0;
    socklen_t size = sizeof info, cookie_size = sizeof cookie;
    if (option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP ||
        getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != ESTABLISHED)
        return;
    (void)getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_size);
    if (bytes) {
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", cookie, (uint64_t)info.tcpi_bytes_sent,
               (uint64_t)info.tcpi_bytes_received);
        return;
    }
    printf("%" PRIu64 " keepalive=%d idle=%d interval=%d probes=%d user_timeout=%d\n", cookie,
           option(fd, SOL_SOCKET, SO_KEEPALIVE), option(fd, IPPROTO_TCP, TCP_KEEPIDLE),
           option(fd, IPPROTO_TCP, TCP_KEEPINTVL), option(fd, IPPROTO_TCP, TCP_KEEPCNT),
           option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
}

/* Each descriptor is lent for a look; what has been closed meanwhile is none. */
static int look_at_all(int pidfd, DIR *dir)
{
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        int fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
        if (fd < 0 && (errno == EPERM || errno == ENOSYS))
            return 77;
        if (fd < 0)
            continue;
        look(fd);
        close(fd);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char path[64];

    bytes = argc == 3 && strcmp(argv[2], "bytes") == 0;
    if (argc != 2 && !bytes)
        return 2;
    snprintf(path, sizeof path, "/proc/%s/fd", argv[1]);
    int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(argv[1]), 0);
    DIR *dir = opendir(path);
    if (pidfd < 0 || dir == NULL) {
        perror("helper_sockets");
        return 1;
    }
    int status = look_at_all(pidfd, dir);
    closedir(dir);
    close(pidfd);
    return status;
}
