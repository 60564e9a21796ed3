/* SPDX-License-Identifier: MIT */
/* libax/ring.h - the worker's io_uring: the bell, the timeout of a parking, the actors' I/O. */
#ifndef LIBAX_RING_H
#define LIBAX_RING_H

#include "libax/worker.h"

enum { RING_BELL, RING_TIMEOUT, RING_MOVED, RING_IO }; /* low byte of user_data */

/* Leaves the process where io_uring is refused. Does nothing where it is open. */
void ring_open(struct worker *w);
/* A request to be filled in, with user_data. NULL: not now, the kernel takes no more. */
struct io_uring_sqe *ring_request(struct worker *w);
/* Hands over what was requested, unless that is put off, and takes in what is complete: one system
 * call, or none where there is nothing of either. How many completions of I/O there were. */
uint32_t ring_round(struct worker *w, bool put_off);
/* Whether something is complete that only a call brings. */
static inline bool ring_holds_back(const struct worker *w)
{
    return (*w->ring.sq.kflags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}
/* Whether something is complete that ring_round would take in. */
static inline bool ring_has(const struct worker *w)
{
    return io_uring_cq_ready(&w->ring) != 0 || ring_holds_back(w);
}
/* Hands over what was put off. */
void ring_catch_up(struct worker *w);
/* Hands over all that was requested, and waits until then (CLOCK_MONOTONIC ns) for a completion
 * that somebody wants to know of. */
void ring_wait(struct worker *w, uint64_t until);

#endif
