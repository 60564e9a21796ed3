/* SPDX-License-Identifier: MIT */
/* proc_stat.h - the status of a process that is dying, before it can be waited for.
 *
 * The kernel sets the exit code before it takes down the address space, and shows it in
 * /proc/PID/stat (field 52, proc(5)) to who may trace the process. */
#ifndef SUP_PROC_STAT_H
#define SUP_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Opened beforehand, it needs no path walk when it matters. A descriptor, or -errno. */
int sup_proc_stat_open(pid_t pid);

/* 1 and *status as of waitpid(2) when the process is ending; 0 when it is not; -errno. */
int sup_proc_stat_ending(int fd, int *status);

/* The part of it that reads the text. */
int sup_proc_stat_parse(const char *text, int *status);

#endif
