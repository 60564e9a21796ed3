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

/* A list of actors, in order of slot and index; worker and contract: NULL or the only one. A worker
 * is "counting/0", or "counting" for all of the entry. 0; AX_E_NO_ACTOR where no worker has that
 * name. */
int sup_show_actors(struct sup_out *out, struct sup *sup, const char *worker, const char *contract);

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
/* A list of these. */
void sup_show_events(struct sup_out *out, struct sup *sup);
/* {"at", "sender", "target", "message", "reason", ...} */
void sup_show_letters(struct sup_out *out, struct sup *sup);

/* A value: the name, else the ref, else null. */
void sup_show_who(struct sup_out *out, uint64_t ref, const char *name);

/* The section EVENTS of axsup(8), in mdoc. */
void sup_show_man_events(FILE *to);

#endif
