/* SPDX-License-Identifier: MIT */
/* libax/stream.h - the lifecycle stream: who wants to be told of the starts, restarts and ends of
 * this worker's actors gets a notice of each, as mail.
 *
 * A notice is written in the turn of what it tells, so it is told once and only if it happened. It
 * takes a place in the mailbox; where that is full, or memory is, it is left out and counted, and
 * the next one says how many were. So nothing waits for a slow reader, and nothing in ax depends on
 * the stream. Who listens is in shm_more; the list in struct worker is volatile, and may hold
 * actors that listen no more. */
#ifndef LIBAX_STREAM_H
#define LIBAX_STREAM_H

#include "libax/worker.h"

/* In the open turn: an event of axsup's and of the stream. `stop`: enum ax_stop_reason, with
 * `reason`, of SHM_ACTOR_STOPPED. */
void life_note(struct worker *w, uint8_t what, uint32_t actor, uint8_t reason, uint8_t stop);

/* After a recovery: who listens, and then, to these, that each actor goes on in another
 * incarnation. */
void stream_revive(struct worker *w, uint32_t actor);
void stream_revived(struct worker *w);

#endif
