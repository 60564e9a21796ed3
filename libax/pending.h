/* SPDX-License-Identifier: MIT */
/* libax/pending.h - strands that wait for an answer. */
#ifndef LIBAX_PENDING_H
#define LIBAX_PENDING_H

#include "libax/worker.h"

/* Marks the number of a durable actor's ask. */
#define ASK_DURABLE (1ull << 62)

int pending_open(struct worker *w);
/* An entry with a number to be answered by pending_answer; the current strand will wait, up to
 * `timeout_ns` from when the clock is next read. NULL: limit reached. Until the wait the caller may
 * say what the answer is to be, or give it up. */
struct pending *pending_new(struct worker *w, uint64_t target, uint64_t timeout_ns);
/* Enters a number of an earlier process again, before there is any other. NULL: it cannot be one,
 * or is there; where it has been answered the strand then gets another number. */
struct pending *pending_restore(struct worker *w, uint64_t corr, struct strand *strand,
                                uint64_t deadline, bool answered);
/* Gives those that are new their deadlines; the clock was just read. */
void pending_stamp(struct worker *w);
/* The entry of a number; NULL: nobody waits for it. */
struct pending *pending_find(struct worker *w, uint64_t corr);
/* Gives up what an actor waits for; its strand, NULL: it waits for none. */
struct strand *pending_drop(struct worker *w, uint32_t actor);
void pending_cancel(struct worker *w, struct pending *entry);
/* Suspends the current strand until its number is answered; the result. */
int pending_wait(struct worker *w);
/* Takes a reply or error for an ask of this process. `checked`: the body needs no validation.
 * False: nobody waits for it. */
bool pending_answer(struct worker *w, uint64_t corr, int error, const void *body, uint32_t size,
                    uint16_t method, bool checked);
void pending_expire(struct worker *w);
/* Ends every wait on an actor of `slot`. */
void pending_fail_slot(struct worker *w, uint32_t slot, int error);
/* Ends every wait. */
void pending_fail_all(struct worker *w, int error);

#endif
