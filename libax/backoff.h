/* SPDX-License-Identifier: MIT */
/* libax/backoff.h - how long to wait before the nth restart of a row: of an actor by its worker, of
 * a worker by axsup, of a child by its supervisor. The wait doubles from `least` up to `most`.
 *
 * Processes and children that died together must not come back together, nor hit what they all need
 * in step, so a tenth of it is left to chance: it is added, or at the cap taken away. The bounds
 * hold in any case. */
#ifndef LIBAX_BACKOFF_H
#define LIBAX_BACKOFF_H

#include <stdint.h>

/* splitmix64 (Steele, Lea, Flood 2014): any state will do, and one addition moves it on. */
static inline uint64_t backoff_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Without chance; nth counts from 1. */
static inline uint64_t backoff_plain(uint64_t least, uint64_t most, unsigned nth)
{
    uint64_t wait = least < most ? least : most;
    while (--nth > 0 && wait > 0 && wait < most)
        wait = wait > most / 2 ? most : wait * 2;
    return wait;
}

/* `random` is any number. */
static inline uint64_t backoff_wait(uint64_t least, uint64_t most, unsigned nth, uint64_t random)
{
    if (least > most)
        least = most;
    uint64_t wait = backoff_plain(least, most, nth);
    uint64_t tenth = wait / 10;
    uint64_t high = wait > most - tenth ? most : wait + tenth;
    uint64_t low = high - tenth > least ? high - tenth : least;
    return low + random % (high - low + 1);
}

#endif
