/* SPDX-License-Identifier: MIT */
/* libax/ask.h - asks, their waiting strands, and the answers. */
#ifndef LIBAX_ASK_H
#define LIBAX_ASK_H

#include "libax/send.h"

/* Marks the number of an async ask, which is a timer's id; see ask.c. */
#define ASK_ASYNC (1ull << 63)

int pending_open(struct worker *w);
/* A number to be answered by pending_answer; the current strand will wait, up to `timeout_ns` from
 * when the clock is next read. 0: limit reached. */
uint64_t pending_new(struct worker *w, uint64_t target, uint64_t timeout_ns);
/* Gives those that are new their deadlines; the clock was just read. */
void pending_stamp(struct worker *w);
void pending_reply_to(struct worker *w, uint64_t corr, void *reply);
void pending_cancel(struct worker *w, uint64_t corr);
/* Suspends the current strand until its number is answered; the result. */
int pending_wait(struct worker *w);
/* Takes a reply or error for an ask of this process. `checked`: the body needs no validation.
 * False: nobody waits for it. */
bool pending_answer(struct worker *w, uint64_t corr, int error, const void *body, uint32_t size,
                    uint16_t method, bool checked);
void pending_expire(struct worker *w);
/* Ends every wait on an actor of `slot`. */
void pending_fail_slot(struct worker *w, uint32_t slot, int error);
/* Suspends until `to` may have room for a message of `bytes`. 0, AX_E_TIMEOUT, AX_E_LIMIT. */
int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline);
/* Goes on with those for whom there may be room now, and those who have waited too long. */
void room_wake(struct worker *w);

/* Answers `ask` in the open turn. A local strand is to be told by pending_answer(*wake) after the
 * commit; 0: none. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int answer(struct worker *w, const struct shm_frame *ask, const struct post *reply, uint64_t *wake);
int answer_error(struct worker *w, const struct shm_frame *ask, int error, uint64_t *wake);
/* May `slot` answer ask number `corr` of the actor at `to`? True also where nobody waits for it. */
bool asked_of(struct worker *w, uint64_t to, uint64_t corr, uint32_t slot);
/* A reply or error for an async ask of a local actor, in the open turn. */
int async_answer(struct worker *w, uint32_t actor, const struct post *reply);

#endif
