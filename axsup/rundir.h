/* SPDX-License-Identifier: MIT */
/* rundir.h - the folder of a running system: made, locked, and removed again.
 *
 * The lock is an flock(2) on the file `lock`, which goes with the process, so a dead system's
 * folder is taken over. The file holds the pid for whoever meets the lock. The control socket is
 * the file `control` in the same folder; what a dead system left of it is removed. */
#ifndef SUP_RUNDIR_H
#define SUP_RUNDIR_H

#include "axsup/config.h"

struct sup_rundir {
    char path[SUP_RUN_DIR_MAX + 1];
    int lock;      /* descriptor; -1: not held */
    unsigned made; /* how many of the last parts of the path were made by us */
};

/* AX_E_INVALID with a mistake added to `errors`; 0. */
int sup_rundir_open(struct sup_rundir *rundir, const struct sup_config *config,
                    struct sup_config_errors *errors);
/* Removes what was made: socket, lock, and folders as far as they are empty. */
void sup_rundir_close(struct sup_rundir *rundir);

#endif
