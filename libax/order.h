/* SPDX-License-Identifier: MIT */
/* libax/order.h - the control mailbox of an actor: what is asked of it as an actor, and overtakes
 * its messages. */
#ifndef LIBAX_ORDER_H
#define LIBAX_ORDER_H

#include "libax/more.h"

/* How many wait. */
static inline uint64_t order_depth(const struct shm_port *port, uint32_t actor)
{
    const struct shm_more *more = more_of(port, actor);
    return more == NULL ? 0 : shm_chain_depth(&more->control);
}

/* In the open turn: one from another slot. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int order_arrived(struct worker *w, const struct shm_frame *frame);
/* Turns of their own: up to 64 of those that can be dealt with. `ready`: the actor lives and is
 * between two messages; else only what needs no hook. How many. */
uint32_t orders_run(struct worker *w, uint32_t actor, bool ready);
/* A turn of its own: the first of them is answered with an error. False: no memory now. */
bool order_drop(struct worker *w, uint32_t actor, int error);
bool order_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
