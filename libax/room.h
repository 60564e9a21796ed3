/* SPDX-License-Identifier: MIT */
/* libax/room.h - strands that wait for room, or for an end. */
#ifndef LIBAX_ROOM_H
#define LIBAX_ROOM_H

#include "libax/worker.h"

/* Suspends until `to` may have room for a message of `bytes`, behind those who wait for it already;
 * `again`: what was found is gone, the place in front is not. 0, AX_E_TIMEOUT, AX_E_LIMIT,
 * AX_E_DEADLOCK. */
int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline, bool again);
/* Suspends until nobody is at that address any more. The same outcomes. */
int room_wait_end(struct ax_ctx *ctx, uint64_t to, uint64_t deadline);
/* Makes the table as large as so many strands need. False: no memory. */
bool room_for_strands(struct worker *w, uint32_t strands);
/* Puts a strand into the queue that has said what it wants and on whom it waits. */
void room_enter(struct worker *w, struct strand *strand, bool front);
/* It is in no queue any more, and goes on or is dropped. */
void room_leave(struct worker *w, struct strand *strand);
/* Goes on with those for whom there may be room now, and those who have waited too long. */
void room_wake(struct worker *w);
/* Ends every such wait. */
void room_fail_all(struct worker *w, int error);

/* A local actor has taken a message, or has ended. */
static inline void room_freed(struct worker *w)
{
    w->room_freed = true; /* whoever waits looks */
}

/* May the current strand not have what room there is, as others waited for it first? */
bool room_is_promised(struct worker *w, uint64_t to);

#endif
