/* SPDX-License-Identifier: MIT */
/* restart.h - whether and when a worker that has ended is started again. Pure: no clock, no
 * effects, and chance is a sequence that its seed decides.
 *
 * The window slides: a worker that has been restarted `max` times within the last window_ns has
 * failed when it ends once more, at whatever moment one looks (as in OTP's supervisor; a window
 * that begins anew lets twice as many pass at its seam).
 *
 * The wait doubles with each restart, from min up to max, until a whole window has passed without
 * one. Workers that died together must not come back together, nor hit what they all need in step,
 * so a tenth of the wait is left to chance: it is added, or at the cap taken away. The bounds hold
 * in any case. */
#ifndef SUP_RESTART_H
#define SUP_RESTART_H

#include "axsup/config.h"

struct sup_restart {     /* the memory of the policy */
    uint64_t *at;        /* when the last restarts were, a ring of `max`; owned */
    unsigned max, n;     /* room, and how many are in it */
    unsigned next;       /* where the next one goes */
    unsigned row;        /* restarts one after another without a quiet window */
    uint64_t last;       /* when the last one was */
    uint64_t randomness; /* state of the generator */
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

/* 0 or -ENOMEM. Another seed, other waits. */
int sup_restart_init(struct sup_restart *restart, const struct sup_restart_config *config,
                     uint64_t seed);
void sup_restart_deinit(struct sup_restart *restart);

/* Decides and counts. `now` and *start_at are on one clock, ns; *start_at is set for SUP_AGAIN. */
enum sup_verdict sup_restart_decide(struct sup_restart *restart,
                                    const struct sup_restart_config *config, uint64_t now,
                                    enum sup_end end, uint64_t *start_at);

/* Begins with no restarts counted: after a restart by hand. */
void sup_restart_forget(struct sup_restart *restart);

/* The wait before the nth restart of a row, from 1; `random` is any number. */
uint64_t sup_restart_backoff(const uint64_t bounds[2], unsigned nth, uint64_t random);

struct sup_rate { /* counts what happens within a minute or so; begins zeroed */
    uint64_t window_at;
    unsigned count;
};

/* Counts one more; true when these are more than `max` within the window, which then begins anew.
 * max 0: never. */
bool sup_rate_add(struct sup_rate *rate, uint64_t now, uint64_t window_ns, unsigned max);

#endif
