/* SPDX-License-Identifier: MIT */
/* stepped.c - no plugin, but a library for LD_PRELOAD: the wall clock of a process is off by as
 * many nanoseconds as the file of the environment's STEPPED says, which may change at any time. So
 * one node's clock is stepped and nobody else's. Other clocks are what they are. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000

static const volatile int64_t *step;

__attribute__((constructor)) static void open_step(void)
{
    const char *path = getenv("STEPPED");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *step, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        step = at;
    if (fd >= 0)
        close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int error = (int)syscall(SYS_clock_gettime, clock, now);
    if (error != 0 || step == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return error;
    int64_t ns = now->tv_sec * (int64_t)SECOND + now->tv_nsec + *step;
    *now = (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    (void)zone;
    int error = clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    return error;
}

time_t time(time_t *at)
{
    struct timespec now;
    time_t seconds = clock_gettime(CLOCK_REALTIME, &now) == 0 ? now.tv_sec : (time_t)-1;
    if (at != NULL)
        *at = seconds;
    return seconds;
}
