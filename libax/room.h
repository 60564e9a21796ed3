/* SPDX-License-Identifier: MIT */
/* libax/room.h - strands that wait for room. */
#ifndef LIBAX_ROOM_H
#define LIBAX_ROOM_H

#include "libax/worker.h"

/* Suspends until `to` may have room for a message of `bytes`. 0, AX_E_TIMEOUT, AX_E_LIMIT. */
int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline);
/* Goes on with those for whom there may be room now, and those who have waited too long. */
void room_wake(struct worker *w);
/* Would waiting for the local actor wait for ourselves? Follows who waits for whom in this worker,
 * and logs the chain. */
bool deadlock(struct ax_ctx *ctx, uint32_t local);

#endif
