/* SPDX-License-Identifier: MIT */
/* libax/wake.h - actors that are to be looked at at a time, without a message: restarts that wait
 * for their backoff, and what lacked memory. A heap by time, in which each has one place, so that
 * none is refused; volatile, for a successor looks at all of them anyway. To be woken too early
 * does no harm, for whoever is looks when it is to be the next time: so the earliest time counts,
 * and nothing is ever taken back. */
#ifndef LIBAX_WAKE_H
#define LIBAX_WAKE_H

#include "libax/worker.h"

/* 0 or -ENOMEM; wakes_close also then. */
int wakes_open(struct worker *w);
void wakes_close(struct worker *w);
/* Wakes it then, or earlier where that was asked for. */
void wake_at(struct worker *w, uint32_t actor, uint64_t at);
/* Wakes those whose time has come. How many. */
uint32_t wakes_run(struct worker *w);

/* When the next one is; UINT64_MAX: none. */
static inline uint64_t wake_next(const struct worker *w)
{
    return w->nwakes == 0 ? UINT64_MAX : w->wakes[0].at;
}

#endif
