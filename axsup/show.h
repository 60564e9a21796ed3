/* SPDX-License-Identifier: MIT */
/* show.h - what the supervisor knows, as the JSON documents of the listing commands.
 *
 * Each function adds one document, or one object of a stream, to `out`, which keeps whatever went
 * wrong. Names and words that come from a worker were checked by who gave them; nothing else of a
 * worker's memory is looked at here. */
#ifndef SUP_SHOW_H
#define SUP_SHOW_H

#include "axsup/out.h"
#include "axsup/sup.h"

/* {"system", "node", "pid", "uptime_ns", "state", "deadletters", "workers": [...]} */
void sup_show_status(struct sup_out *out, struct sup *sup);

struct sup_actor_filter { /* zeroed: all */
    const char *worker;   /* "counting/0", or "counting" for all of the entry */
    const char *contract;
    const char *name;  /* what names begin with */
    const char *state; /* "live", "suspended" ... */
    uint64_t min_mail;
    const char *sort; /* NULL: in order of slot and index; else a row of SUP_ACTOR_SORTS */
    uint64_t limit;   /* 0: none */
};

/* X(name, expression of `a`, a struct sup_actor): the largest first */
#define SUP_ACTOR_SORTS(X)                                                                         \
    X("mail", a->mail)                                                                             \
    X("turns", a->turns)                                                                           \
    X("busy", a->busy_ns)                                                                          \
    X("slow", a->slow)                                                                             \
    X("failures", a->failures)                                                                     \
    X("restarts", a->restarts)                                                                     \
    X("idle", a->idle_ns)                                                                          \
    X("silence", a->silence_ns)                                                                    \
    X("active", a->silence_ns == 0 ? UINT64_MAX : UINT64_MAX - a->silence_ns)

extern const char *const sup_actor_sorts[]; /* their names, then NULL */
/* What sup_actor_shown_state says of those that are listed, then NULL. */
extern const char *const sup_actor_states[];

/* A list of actors. 0; AX_E_NO_ACTOR where no worker has that name; -ENOMEM. */
int sup_show_actors(struct sup_out *out, struct sup *sup, const struct sup_actor_filter *filter);
/* As sup_actor_info, with the mail that lies in the lanes yet. */
int sup_show_info(struct sup *sup, uint64_t ref, struct sup_actor *out);
/* The members of an actor, within an object. */
void sup_show_actor(struct sup_out *out, struct sup *sup, const struct sup_actor *actor);
/* One actor, with all that waits in it and for it. */
int sup_show_inspect(struct sup_out *out, struct sup *sup, uint64_t ref);
/* Buckets that hold something: [[below this many ns, count], ...], not cumulative; NULL: null. */
void sup_show_histogram(struct sup_out *out, const char *key, const uint64_t *buckets);
/* What is measured, of the system and each worker. */
void sup_show_metrics(struct sup_out *out, struct sup *sup);

/* The kept state of an actor as one object. Errors of sup_actor_state, -ENOMEM, AX_E_INVALID where
 * the memory holds no image of it. */
int sup_show_state(struct sup_out *out, struct sup *sup, const struct sup_actor *actor);
/* {"data": 3, ...}, the entries of each kept map; and {"entries": [...], "cursor": ...} of one, of
 * those whose key begins with `prefix` (NULL: all) up to `limit`: fewer, with the cursor for the
 * next request, where there may be more. The errors of maps.h; AX_E_NO_KEY: no such map. */
int sup_show_map_counts(struct sup_out *out, struct sup *sup, const struct sup_actor *actor);
int sup_show_map(struct sup_out *out, struct sup *sup, const struct sup_actor *actor,
                 const char *map, const char *prefix, uint64_t limit, uint64_t cursor);

/* A list of contracts as ax_contract_describe writes them, each with worker and plugin. */
void sup_show_contracts(struct sup_out *out, struct sup *sup);

/* {"at", "event", ...} */
void sup_show_event(struct sup_out *out, struct sup *sup, const struct sup_event *event);
/* The members of a dead letter, but for the time. */
void sup_show_letter(struct sup_out *out, const struct sup_event *event);
/* A list of these. */
void sup_show_events(struct sup_out *out, struct sup *sup);
/* {"at", "sender", "target", "message", "reason", ...} */
void sup_show_letters(struct sup_out *out, struct sup *sup);

/* A value: the name, else the ref, else null. */
void sup_show_who(struct sup_out *out, uint64_t ref, const char *name);

/* The section EVENTS of axsup(8), in mdoc. */
void sup_show_man_events(FILE *to);

#endif
