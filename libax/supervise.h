/* SPDX-License-Identifier: MIT */
/* libax/supervise.h - what a supervisor decides: one that is an actor, of its children
 * (libax/supervisor.c), and axsup, of the workers (axsup/supervision.c). Pure: a state, a table,
 * the time and what has happened; out come actions, one after another. No clock, no calls, and
 * chance from the state. */
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

/* How often and how soon a child is started again. Nothing here stands for a default. */
struct supervise_limits {
    uint32_t most; /* restarts within within_ns; one more is too many */
    uint64_t within_ns;
    uint64_t backoff_min_ns, backoff_max_ns, quiet_ns; /* as in struct ax_supervision */
    uint64_t *at;          /* the moments of the last restarts, a ring with room for `most` */
    uint32_t *used, *next; /* how many are in it, and where the next one goes */
    bool others_count;     /* those that are started again along with it */
};

struct supervise_table {
    const struct ax_child *children; /* their kind and stop_ns alone are looked at */
    uint32_t count;
    enum ax_strategy strategy;
    bool side_by_side; /* one_for_one: their first starts are in no order either */
    struct supervise_limits limits;
};

enum supervise_verdict {                     /* what follows an end */
                         SUPERVISE_REST,     /* nothing: nobody wants another start */
                         SUPERVISE_AGAIN,    /* a start, not before start_at */
                         SUPERVISE_TOO_MANY, /* nothing: it has been started again too often */
};

bool supervise_is_valid(const struct ax_supervision *what);
/* For a supervisor that is an actor: its defaults filled in, and its restarts counted in `s`. */
struct supervise_table supervise_table(struct ax_supervisor *s, const struct ax_supervision *what);

/* ---- what happens ---- */

void supervise_begin(struct ax_supervisor *s, const struct supervise_table *t, uint64_t chance);
/* What SUPERVISE_START has come to: it runs; it could not be started; it is not known to have
 * been, and is started anew at `again_at`. */
void supervise_started(struct ax_supervisor *s, uint32_t child, struct ax_ref who);
enum supervise_verdict supervise_unstarted(struct ax_supervisor *s, const struct supervise_table *t,
                                           uint32_t child, uint64_t now);
void supervise_lost(struct ax_supervisor *s, uint32_t child, uint64_t again_at);
enum supervise_verdict supervise_ended(struct ax_supervisor *s, const struct supervise_table *t,
                                       uint32_t child, enum ax_reason reason, uint64_t now);
/* It has ended, and whatever its kind it is not started again. */
void supervise_drop(struct ax_supervisor *s, uint32_t child);
/* As if the child had never been started again. */
void supervise_forget(struct ax_supervisor *s, const struct supervise_table *t, uint32_t child);
/* All are to stop. The first reason counts. */
void supervise_stop(struct ax_supervisor *s, const struct supervise_table *t,
                    enum ax_reason reason);

/* ---- what is to be done ---- */

/* To be called until there is nothing. */
struct supervise_action supervise_next(struct ax_supervisor *s, const struct supervise_table *t,
                                       uint64_t now);
/* When there will be something though nothing happens; UINT64_MAX: never. */
uint64_t supervise_wake_at(const struct ax_supervisor *s, const struct supervise_table *t);

#endif
