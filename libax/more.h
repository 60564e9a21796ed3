/* SPDX-License-Identifier: MIT */
/* libax/more.h - what few actors have: struct shm_more, a block of the arena that an actor gets
 * when it first needs one, so that the many pay nothing for it. */
#ifndef LIBAX_MORE_H
#define LIBAX_MORE_H

#include "libax/worker.h"

/* NULL: the actor has nothing of it. */
static inline struct shm_more *more_of(const struct shm_port *port, uint32_t actor)
{
    uint32_t unit = port->cold[actor].more;
    return unit == 0 ? NULL : shm_unit(port, unit);
}

/* In the open turn, which has room for one word: the same, made where there is none. NULL: no
 * memory. */
struct shm_more *more_get(struct worker *w, uint32_t actor);
/* In the open turn: when the actor was started again; made where there is nothing, but
 * not of what is reserved. NULL: no memory. */
struct shm_restarts *restarts_get(struct worker *w, uint32_t actor);
/* In the open turn, when what it leads to has been given back. */
void more_give(struct worker *w, uint32_t actor);
/* Marks the block itself, the times of restarts and the lease, for shm_recover. */
bool more_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
