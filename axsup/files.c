/* SPDX-License-Identifier: MIT */
#include "axsup/files.h"

#include "shm/geometry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

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

int sup_bells_new(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int sup_bell_new(int bells)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (epoll_ctl(bells, EPOLL_CTL_ADD, fd, &event) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

void sup_file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void empty_bell(int bell)
{
    const uint64_t one = 1;
    uint64_t rung;
    struct iovec iov = {.iov_base = &rung, .iov_len = sizeof rung};

    (void)preadv2(bell, &iov, 1, -1, RWF_NOWAIT); /* whatever its flags are by now */
    if (write(bell, &one, sizeof one) < 0)        /* it was rung; now it was again */
        return;
}

void sup_bells_mend(const int *bell, uint32_t count)
{
    struct pollfd polls[SHM_SLOTS];

    for (uint32_t i = 0; i < count; i++) {
        polls[i] = (struct pollfd){.fd = bell[i], .events = POLLOUT};
        if (bell[i] >= 0)
            (void)fcntl(bell[i], F_SETFL, O_NONBLOCK);
    }
    if (poll(polls, count, 0) < 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        if (bell[i] >= 0 && !(polls[i].revents & POLLOUT))
            empty_bell(bell[i]);
}
