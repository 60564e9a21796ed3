/* SPDX-License-Identifier: MIT */
/* restart.h - whether and when a worker that has ended is started again. Pure: no clock, no
 * effects.
 *
 * A window begins with the first restart and lasts window_ns; the restart after it begins another.
 * Within one there are at most `max` restarts; the next end of the process is its last, the worker
 * has failed. The n-th restart of a window waits min * 2^(n-1), at most max. */
#ifndef SUP_RESTART_H
#define SUP_RESTART_H

#include "axsup/config.h"

struct sup_restart {    /* the memory of the policy; begins zeroed */
    uint64_t window_at; /* when the window began; 0: there is none */
    unsigned count;     /* restarts in it */
};

enum sup_end {                  /* how the process ended */
               SUP_END_NORMAL,  /* exit status 0 */
               SUP_END_FAILURE, /* anything else */
};

enum sup_verdict {
    SUP_REST,    /* the policy wants no restart; it is stopped */
    SUP_AGAIN,   /* start it again at *start_at */
    SUP_GIVE_UP, /* it has failed: too many restarts, or the policy is never */
};

/* Decides and counts. `now` and *start_at are on one clock, ns; *start_at is set for SUP_AGAIN. */
enum sup_verdict sup_restart_decide(struct sup_restart *restart,
                                    const struct sup_restart_config *config, uint64_t now,
                                    enum sup_end end, uint64_t *start_at);

/* Begins with no restarts counted: after a restart by hand. */
void sup_restart_forget(struct sup_restart *restart);

struct sup_rate { /* counts what happens within a minute or so; begins zeroed */
    uint64_t window_at;
    unsigned count;
};

/* Counts one more; true when these are more than `max` within the window, which then begins anew.
 * max 0: never. */
bool sup_rate_add(struct sup_rate *rate, uint64_t now, uint64_t window_ns, unsigned max);

#endif
