/* SPDX-License-Identifier: MIT */
/* libax/snapshot.h - the last snapshot of an actor. */
#ifndef LIBAX_SNAPSHOT_H
#define LIBAX_SNAPSHOT_H

#include "libax/more.h"

/* In the open turn: becomes the actor's snapshot. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int snapshot_keep(struct worker *w, uint32_t actor, const void *data, uint32_t size);
/* In the turn of its spawn: what it begins from, nothing where that is empty. Without memory for it
 * the actor ends again: AX_E_NO_MEMORY. */
int snapshot_initial(struct worker *w, uint32_t actor, struct ax_span span);
/* {NULL, 0}: there is none. */
struct ax_span snapshot_of(const struct shm_port *port, uint32_t actor);
/* Is it to be given to restore before the actor's next message? */
bool snapshot_due(struct worker *w, uint32_t actor);
/* In the turn of a start: gives it to restore. */
void snapshot_restore(struct ax_ctx *ctx);
void snapshot_give(struct worker *w, uint32_t actor);
bool snapshot_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
