/* SPDX-License-Identifier: MIT */
/* supervision.h - which worker is started, and when. libax/supervise.c decides it, as it does for
 * supervisors that are actors: the workers are the children, in the order of the config, and the
 * policy of each is its kind.
 *
 *   never is AX_TEMPORARY, on_failure AX_TRANSIENT, always AX_PERMANENT
 *
 * Each worker has limits of its own, and only its own ends count in them. In one_for_one who ends
 * too often has failed, and all others go on. In the other strategies the workers are started one
 * after another, each when the one before it is ready, and one that is given up means that the
 * system stops: what is above axsup has to see to it.
 *
 * A worker that is stopped because of another one ends as in a restart by hand: mail and kept state
 * go over to its next process. */
#ifndef SUP_SUPERVISION_H
#define SUP_SUPERVISION_H

#include "axsup/config.h"
#include "axsup/loop.h"
#include "libax/supervise.h"

struct sup_slot;

struct sup_restarts { /* of a worker, within its window */
    uint64_t *at;     /* owned; room for restart.max */
    uint32_t used, next;
};

struct sup_supervision {
    struct ax_supervisor state;
    struct ax_child children[SUP_WORKERS_MAX]; /* of slot 1 and so on */
    struct sup_timer timer;                    /* for what comes next by itself */
    bool given_up;                             /* a worker on which others depend: all is to stop */
};

enum sup_end {                  /* how the process ended */
               SUP_END_NORMAL,  /* exit status 0, and no message in hand */
               SUP_END_FAILURE, /* anything else */
};

enum sup_next { /* what follows the end of the process */
                SUP_NEXT_NOTHING,
                SUP_NEXT_START,  /* at start_at */
                SUP_NEXT_FAILED, /* given up */
};

/* The table as one worker of a system sees it: for its end, or to ask what is next. */
struct supervise_table sup_supervision_table(const struct ax_child *children, uint32_t count,
                                             enum sup_strategy strategy,
                                             const struct sup_restart_config *config,
                                             struct sup_restarts *restarts);
struct ax_child sup_supervision_child(enum sup_restart_policy policy, uint64_t stop_ns);
/* 0 or -ENOMEM. */
int sup_restarts_init(struct sup_restarts *restarts, unsigned max);
void sup_restarts_deinit(struct sup_restarts *restarts);

/* ---- the system ---- */

/* Begins to start all workers. */
void sup_supervision_begin(struct sup *sup);
/* Decides what follows the end of a process that has just been noticed, and from when on. */
enum sup_next sup_supervision_ended(struct sup_slot *slot, enum sup_end end, uint64_t now,
                                    uint64_t *start_at);
/* The worker is to start again, whatever its policy: it has been ended by hand, or is not there. */
void sup_supervision_again(struct sup_slot *slot, uint64_t now);
/* By hand: begins with no restarts counted. */
void sup_supervision_forget(struct sup_slot *slot);
/* It is not started again, whatever its policy. */
void sup_supervision_drop(struct sup_slot *slot);
/* It is being stopped because of another one, or is about to be. */
bool sup_supervision_stops(const struct sup_slot *slot);
/* Its process is over: a start that waited for that need not wait, and `not_before` is its time. */
void sup_supervision_over(struct sup_slot *slot, enum sup_next next, uint64_t not_before);
/* It says that it is ready. */
void sup_supervision_ready(struct sup_slot *slot);

#endif
