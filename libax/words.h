/* SPDX-License-Identifier: MIT */
/* libax/words.h - a reason of an actor's own, AX_OTHER, in its words: kept in its struct shm_more
 * from when it is told to end until its watchers have been told, whatever process lives then. */
#ifndef LIBAX_WORDS_H
#define LIBAX_WORDS_H

#include "libax/worker.h"

/* Whether a user's are no longer than they may be. */
bool words_fit(const char *words);
/* In the open turn: the actor, which has not been told to end yet, will end for that reason. 0,
 * AX_E_NO_MEMORY. */
int words_keep(struct worker *w, uint32_t actor, const char *words);
/* Into what is told of the end of an actor that is closing. */
void words_tell(struct worker *w, uint32_t actor, struct shm_down_body *body);
/* In the open turn: for the event that comes next. */
void words_note(struct worker *w, const struct shm_down_body *body);

#endif
