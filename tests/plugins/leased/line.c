/* SPDX-License-Identifier: MIT */
#include "tests/plugins/leased/line.h"

#include <ax/cluster.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

void add_line(struct ax_ctx *ctx, const char *path)
{
    struct timespec now;
    char line[64];
    clock_gettime(CLOCK_BOOTTIME, &now);
    int len =
        snprintf(line, sizeof line, "%llu %lld%09ld %d\n", (unsigned long long)ax_lease_epoch(ctx),
                 (long long)now.tv_sec, now.tv_nsec, (int)getpid());
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    AX_CHECK(ctx, fd >= 0 && write(fd, line, (size_t)len) == len);
    close(fd);
}
