/* SPDX-License-Identifier: MIT */
/* proc_stat.h - the status of a process that is dying, before it can be waited for.
 *
 * The kernel sets the exit code before it takes down the address space, and shows it in
 * /proc/PID/stat (field 52, proc(5)) to who may trace the process. Also how much of its time a
 * process could use. */
#ifndef SUP_PROC_STAT_H
#define SUP_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opened beforehand, it needs no path walk when it matters. A descriptor, or -errno. */
int sup_proc_stat_open(pid_t pid);

struct sup_proc_stat {
    bool ending; /* its first thread runs no more in user mode, and has its exit code */
    bool alone; /* there is no other thread: with `ending`, nothing of it runs in user mode again */
    char state; /* 'R', 'S', 'D', 'T', 't' ... */
    bool dumping; /* its core is being written */
    int status;   /* as of waitpid(2), once it is ending */
};

/* 0; -ESRCH when it has been reaped; -EBADMSG; -errno. */
int sup_proc_stat_read(int fd, struct sup_proc_stat *stat);

/* It gets no processor: SIGSTOP or another signal has stopped it, or a debugger has. */
static inline bool sup_proc_stat_halted(const struct sup_proc_stat *stat)
{
    return stat->state == 'T' || stat->state == 't';
}

/* The part of it that reads the text. 0 or -EBADMSG. */
int sup_proc_stat_parse(const char *text, struct sup_proc_stat *stat);

struct sup_proc_time {  /* of the first thread, ever */
    uint64_t ran_ns;    /* on a processor */
    uint64_t waited_ns; /* ready to run, and another one ran; counted when the wait is over */
};

/* From /proc/PID/schedstat. 0; -EBADMSG; -errno, -ENOENT where the kernel does not count. */
int sup_proc_time_read(pid_t pid, struct sup_proc_time *time);

#endif
