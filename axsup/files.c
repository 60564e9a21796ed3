/* SPDX-License-Identifier: MIT */
#include "axsup/files.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

static rlim_t before; /* the soft limit that axsup was started with; 0: not raised */

void sup_files_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && before == 0)
        before = soft;
}

void sup_files_restore(void)
{
    struct rlimit limit;

    if (before == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int sup_bell_new(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    return fd < 0 ? -errno : fd;
}
