/* SPDX-License-Identifier: MIT */
/* libax/drain.h - from lanes into mailboxes. */
#ifndef LIBAX_DRAIN_H
#define LIBAX_DRAIN_H

#include "libax/worker.h"

#include <string.h>

/* Takes up to `budget` frames from each lane that may have some, control first. How many. */
uint32_t drain_lanes(struct worker *w, uint32_t budget);

/* ---- its parts ---- */

/* Up to `budget` frames of a data lane up to `end`; one turn. How many. */
uint32_t drain_data(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget);
/* The same of a control lane; a turn each. `dead`: what a dead process has left there, see share.c.
 */
uint32_t drain_control(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget, bool dead);
/* A reply or error for an ask, in the open turn. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int drain_reply(struct worker *w, uint32_t slot, const struct shm_frame *frame, uint32_t size);
/* What lies in the lane at `position` is no frame: axsup is told, and the lane is not read on. */
void drain_accuse(struct worker *w, uint32_t slot, uint32_t lane, uint64_t position);

/* Our own copy of a frame: header words that were checked are written, not read again. */
static inline void drain_copy(struct shm_frame *to, const struct shm_frame *from, uint32_t size)
{
    memcpy(to, from, size);
    to->size = size;
    to->pad = 1; /* not validated yet */
    to->stamp = 0;
}

#endif
