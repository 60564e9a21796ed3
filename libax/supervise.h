/* SPDX-License-Identifier: MIT */
/* libax/supervise.h - what a supervisor decides. Pure: a state, the table, the time and what has
 * happened; out come actions, one after another. No clock, no calls, and chance from the state. */
#ifndef LIBAX_SUPERVISE_H
#define LIBAX_SUPERVISE_H

#include <ax/supervisor.h>

enum supervise_phase {
    CHILD_ENDED, /* for good, or not begun */
    CHILD_WAITING,
    CHILD_STARTING,
    CHILD_RUNNING,
    CHILD_STOPPING,
    CHILD_KILLED, /* and its end still to be told */
    CHILD_PHASES
};

enum supervise_act {
    SUPERVISE_NOTHING,
    SUPERVISE_START,
    SUPERVISE_EXIT,
    SUPERVISE_KILL,
    SUPERVISE_QUIT
};

struct supervise_action {
    enum supervise_act act;
    uint32_t child;
};

bool supervise_is_valid(const struct ax_supervision *what);

/* ---- what happens ---- */

void supervise_begin(struct ax_supervisor *s, const struct ax_supervision *what, uint64_t chance);
/* What SUPERVISE_START has come to: it runs; it could not be started; it is not known to have
 * been, and is started anew at `again_at`. */
void supervise_started(struct ax_supervisor *s, uint32_t child, struct ax_ref who);
void supervise_unstarted(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t child,
                         uint64_t now);
void supervise_lost(struct ax_supervisor *s, uint32_t child, uint64_t again_at);
void supervise_ended(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t child,
                     enum ax_reason reason, uint64_t now);
/* The first reason counts. */
void supervise_stop(struct ax_supervisor *s, const struct ax_supervision *what,
                    enum ax_reason reason);

/* ---- what is to be done ---- */

/* To be called until there is nothing. */
struct supervise_action supervise_next(struct ax_supervisor *s, const struct ax_supervision *what,
                                       uint64_t now);
/* When there will be something though nothing happens; UINT64_MAX: never. */
uint64_t supervise_wake_at(const struct ax_supervisor *s, const struct ax_supervision *what);

#endif
