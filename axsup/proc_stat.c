/* SPDX-License-Identifier: MIT */
#include "axsup/proc_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PF_EXITING 0x4 /* in field 9, "flags" */
#define PF_DUMPCORE 0x200
#define FIELD_STATE 3
#define FIELD_FLAGS 9
#define FIELD_THREADS 20
#define FIELD_EXIT_CODE 52

int sup_proc_stat_open(pid_t pid)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int sup_proc_stat_parse(const char *text, struct sup_proc_stat *stat)
{
    const char *at = strrchr(text, ')'); /* field 2 may hold anything but this behind its end */
    struct sup_proc_stat found = {0};

    if (at == NULL)
        return -EBADMSG;
    at++;
    for (int field = 3; field <= FIELD_EXIT_CODE; field++) {
        if (*at != ' ')
            return -EBADMSG;
        at++;
        if (field == FIELD_STATE)
            found.state = *at;
        if (field == FIELD_FLAGS) {
            found.ending = (strtoul(at, NULL, 10) & PF_EXITING) != 0;
            found.dumping = (strtoul(at, NULL, 10) & PF_DUMPCORE) != 0;
        }
        if (field == FIELD_THREADS)
            found.alone = strtol(at, NULL, 10) == 1;
        if (field == FIELD_EXIT_CODE)
            found.status = (int)strtol(at, NULL, 10);
        at += strcspn(at, " \n");
    }
    *stat = found;
    return 0;
}

int sup_proc_stat_read(int fd, struct sup_proc_stat *stat)
{
    char text[1024];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    if (n <= 0)
        return n < 0 ? -errno : -ESRCH;
    text[n] = '\0';
    return sup_proc_stat_parse(text, stat);
}

int sup_proc_time_read(pid_t pid, struct sup_proc_time *time)
{
    char path[48], text[128];

    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, sizeof text - 1);
    int error = n < 0 ? -errno : 0;
    close(fd);
    if (error != 0)
        return error;
    text[n] = '\0';
    char *end;
    time->ran_ns = strtoull(text, &end, 10);
    if (end == text || *end != ' ')
        return -EBADMSG;
    time->waited_ns = strtoull(end, NULL, 10);
    return 0;
}
