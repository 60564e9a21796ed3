/* SPDX-License-Identifier: MIT */
/* spare.h - a process that a template has forked ahead. It waits at a socket of its own for the
 * order that makes a worker of it; nothing that it says is listened to. */
#ifndef SUP_SPARE_H
#define SUP_SPARE_H

#include <sys/types.h>

struct sup;

struct sup_spare {
    pid_t pid;  /* 0: there is none */
    int pidfd;  /* -1: none; the descriptors likewise */
    int stat;   /* /proc/PID/stat, opened beforehand */
    int socket; /* of which the process has the other end; without a pid: it is being forked */
};

void sup_spare_init(struct sup_spare *spare);
/* Makes the socket. *other is for the process. 0 or -errno. */
int sup_spare_open(struct sup_spare *spare, int *other);
/* The process is that: -ECHILD where it is no child of axsup, or somebody else. 0 or -errno. */
int sup_spare_adopt(struct sup_spare *spare, const struct sup *sup, pid_t pid);
/* Kills it, reaps it, closes what belongs to it. */
void sup_spare_end(struct sup_spare *spare, struct sup *sup);

#endif
