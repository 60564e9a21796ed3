/* SPDX-License-Identifier: MIT */
/* libax/timer.h - messages that an actor will get later; async asks that still wait. */
#ifndef LIBAX_TIMER_H
#define LIBAX_TIMER_H

#include "libax/send.h"

/* For a user, in the open turn. 0, AX_E_NO_MEMORY, AX_E_LIMIT. The id has the bits of `mark` set.
 */
int timer_set(struct worker *w, uint32_t actor, uint64_t at, const struct post *post,
              uint64_t contract, uint64_t mark, uint64_t *id);
/* In the open turn, which has room to log it. False: there is none. */
bool timer_clear(struct worker *w, uint32_t actor, uint64_t id);
/* What the actor will get then: of an async ask the timeout, `from` who was asked, its contract's
 * hash as the stamp. NULL: there is none. */
const struct shm_frame *timer_frame(struct worker *w, uint32_t actor, uint64_t id);
void timer_clear_all(struct worker *w, uint32_t actor);
/* After a recovery: puts an actor's timers on the heap. */
void timer_load(struct worker *w, uint32_t actor);
/* Wakes the actor at a time, without a message. */
void timer_wake(struct worker *w, uint32_t actor, uint64_t at);
/* Turns of its own. How many went off. */
uint32_t timers_fire(struct worker *w);
/* Forgets what the heap holds of timers that are gone, when that may be half of it. Outside of a
 * turn. */
void timers_tidy(struct worker *w);
/* When the next one goes off; UINT64_MAX: none. */
uint64_t timer_next(const struct worker *w);
/* Every async ask that waits for an actor of `slot` ends with an error; turns of its own. False: no
 * memory for all of it now. */
bool timer_fail_slot(struct worker *w, uint32_t slot, int error);
bool timer_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
