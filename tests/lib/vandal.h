/* SPDX-License-Identifier: MIT */
/* tests/lib/vandal.h - writes into the memory that a slot may write what no honest process would:
 * at random, and aimed at each thing that somebody else relies on. The same seed does the same. */
#ifndef TESTS_VANDAL_H
#define TESTS_VANDAL_H

#include "shm/layout.h"

struct vandal { /* what the slot can write */
    struct shm_geometry geo;
    uint8_t *private, *public;    /* NULL: leave it alone */
    uint8_t *edge[SHM_SLOTS];     /* from the slot to each other; NULL where there is none */
    uint32_t incarnation;         /* of the process in the slot */
    uint64_t random;              /* state of the generator */
    uint8_t spare;                /* a kind of frame that it does not make up; 0: none */
    uint64_t heard[SHM_SLOTS][2]; /* how far each peer has read the data and control ring */
};

uint64_t vandal_random(struct vandal *vandal);
static inline uint64_t vandal_below(struct vandal *vandal, uint64_t bound)
{
    return vandal_random(vandal) % bound;
}

/* A few blows; the name of the last aim. */
const char *vandal_strike(struct vandal *vandal, uint64_t seed);
/* The names of all aims, by number; NULL behind the last. */
const char *vandal_aim(unsigned number);

#endif
