/* SPDX-License-Identifier: MIT */
/* rundir.h - the directory of a running system: made, locked, and removed again.
 *
 * The lock is an flock(2) on the file `lock`, which goes with the process, so a dead system's
 * directory is taken over. The file holds the pid for whoever meets the lock. The control socket is
 * the file `control` in the same directory; what a dead system left of it is removed.
 *
 * Whoever may write to the directory may remove the lock and put a socket of his own there, so it
 * has to belong to axsup's user and be writable by nobody else. Where the config names none, the
 * place is one that others can guess: then its parents have to be safe as well. */
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
/* Removes what was made: socket, lock, and directories as far as they are empty. */
void sup_rundir_close(struct sup_rundir *rundir);

/* Whether sup_rundir_open could make and use it, as far as can be seen without disturbing a system
 * that runs or starts there: one that does is no mistake. 0, AX_E_INVALID as above. */
int sup_rundir_probe(const struct sup_config *config, struct sup_config_errors *errors);

/* Whether a living process seems to hold the lock; it is not touched, for a supervisor that starts
 * must not find it taken by whoever only looks. */
bool sup_rundir_held(const char *path);

#endif
