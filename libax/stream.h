/* SPDX-License-Identifier: MIT */
/* libax/stream.h - the lifecycle stream: who wants to be told of the starts, restarts and ends of
 * actors gets a notice of each, as mail.
 *
 * Of an actor of the same worker it is written in the turn of what it tells, so it is told once and
 * only if it happened. Of other workers axsup tells those where somebody listens, as it reads their
 * events (axsup/stream.h); so a worker has no work with listeners that are elsewhere.
 *
 * A notice takes a place in the mailbox; where that is full, or memory or the lane from axsup is,
 * it is left out and counted, and the next one says how many were. So nothing waits for a slow
 * reader, and nothing in ax depends on the stream. Who listens is in shm_more; the list in struct
 * worker is volatile, and may hold actors that listen no more. */
#ifndef LIBAX_STREAM_H
#define LIBAX_STREAM_H

#include "libax/worker.h"

#include "shm/frame.h"

/* In the open turn: an event of axsup's and of the stream. `stop`: enum ax_stop_reason, with
 * `reason`, of SHM_ACTOR_STOPPED. */
void life_note(struct worker *w, uint8_t what, uint32_t actor, uint8_t reason, uint8_t stop);

/* In the open turn: what axsup tells of an actor elsewhere. */
void stream_heard(struct worker *w, const struct shm_life_body *body);

/* After a recovery: who listens, and then, to these, that each actor goes on in another
 * incarnation. */
void stream_revive(struct worker *w, uint32_t actor);
void stream_revived(struct worker *w);

#endif
