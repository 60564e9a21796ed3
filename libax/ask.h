/* SPDX-License-Identifier: MIT */
/* libax/ask.h - asks and their answers. */
#ifndef LIBAX_ASK_H
#define LIBAX_ASK_H

#include "libax/pending.h"
#include "libax/send.h"

/* Marks the number of an async ask, which is a timer's id; see ask.c. */
#define ASK_ASYNC (1ull << 63)

/* Is an answer to `ask` only to be told to a strand here? Nothing is sent then, or kept. */
static inline bool awaited_here(const struct worker *w, const struct shm_frame *ask)
{
    return SHM_REF_SLOT(ask->from) == w->port.slot && !(ask->corr & (ASK_ASYNC | ASK_DURABLE));
}

/* Answers `ask` in the open turn. A local strand is to be told by pending_answer(*wake) after the
 * commit; 0: none. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int answer(struct worker *w, const struct shm_frame *ask, const struct post *reply, uint64_t *wake);
int answer_error(struct worker *w, const struct shm_frame *ask, int error, uint64_t *wake);
/* May `slot` answer ask number `corr` of the actor at `to`? True also where nobody waits for it. */
bool asked_of(struct worker *w, uint64_t to, uint64_t corr, uint32_t slot);
/* A reply or error for an async ask of a local actor, in the open turn. */
int async_answer(struct worker *w, uint32_t actor, const struct post *reply);

#endif
