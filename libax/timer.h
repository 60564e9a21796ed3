/* SPDX-License-Identifier: MIT */
/* libax/timer.h - messages that an actor will get later, once or again and again; async asks that
 * still wait. */
#ifndef LIBAX_TIMER_H
#define LIBAX_TIMER_H

#include "libax/send.h"
#include "libax/wheel.h"

/* 0 or -ENOMEM. */
int timers_open(struct worker *w);
void timers_close(struct worker *w);

/* For a user, in the open turn. 0, AX_E_NO_MEMORY, AX_E_LIMIT. The id has the bits of `mark` set.
 * `period`: 0 for once. */
int timer_set(struct worker *w, uint32_t actor, uint64_t at, uint64_t period,
              const struct post *post, uint64_t contract, uint64_t mark, uint64_t *id);
/* In the open turn, which has room to log it. False: there is none. */
bool timer_clear(struct worker *w, uint32_t actor, uint64_t id);
/* What the actor will get then: of an async ask the timeout, `from` who was asked, its contract's
 * hash as the stamp. NULL: there is none. */
const struct shm_frame *timer_frame(struct worker *w, uint32_t actor, uint64_t id);
/* In the open turn, which has room to log it: how many moments of a periodic one got no message,
 * and begins to count anew. */
uint64_t timer_missed(struct worker *w, uint32_t actor, uint64_t id);
/* Of an actor that ends: turns of its own, some at a time. True: there is none left. */
bool timers_end(struct worker *w, uint32_t actor);
/* The open turn is being undone, or has been committed: what it has set and cleared. */
void timers_settle(struct worker *w, bool committed);
/* After a recovery: an actor's timers are known, and in the wheel. */
void timers_load(struct worker *w, uint32_t actor);
/* Turns of its own. How many went off. */
uint32_t timers_fire(struct worker *w);
/* When the next one goes off; UINT64_MAX: none. */
static inline uint64_t timer_next(const struct worker *w)
{
    return wheel_next(&w->timers->wheel);
}
/* Every async ask that waits for an actor of `slot` ends with an error; turns of its own. False: no
 * memory for all of it now. */
bool timer_fail_slot(struct worker *w, uint32_t slot, int error);
bool timer_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
