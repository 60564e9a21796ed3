/* SPDX-License-Identifier: MIT */
/* libax/wheel.h - timers by time: a hierarchical timing wheel (Varghese and Lauck, 1987). Putting a
 * timer in and taking one out cost the same however many there are.
 *
 * Time is counted in ticks of 1024 ns. A timer lies in a list by the highest byte in which its tick
 * differs from the wheel's: of level 0, the lowest byte, where it is due when its slot's time has
 * come; of a higher level it is moved down when that slot's time begins. Lists go through the
 * timers' blocks, their ends are here. All of it is volatile. */
#ifndef LIBAX_WHEEL_H
#define LIBAX_WHEEL_H

#include "shm/port.h"

#define WHEEL_TICK 10u  /* bits of a nanosecond count that a tick has not */
#define WHEEL_LEVELS 7u /* bytes of a tick; 54 bits */
#define WHEEL_SLOTS 256u

enum wheel_place {
    WHEEL_NOWHERE,
    WHEEL_SET,     /* set by the open turn, and in the wheel when it commits */
    WHEEL_CLEARED, /* was in the wheel; there again if the open turn is undone */
    WHEEL_FIRST,   /* the first slot of the first level */
    WHEEL_PLACES = WHEEL_FIRST + WHEEL_LEVELS * WHEEL_SLOTS,
};

struct wheel {
    uint64_t now;    /* ticks; nothing in it is due before */
    uint64_t next;   /* ticks; nothing is due before either */
    uint32_t moving; /* slot of a higher level whose time has begun, 0: none */
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* slots that are not empty */
    uint32_t first[WHEEL_PLACES];                  /* unit of the first in each list */
};

/* Into a list of a turn, at its end. */
void wheel_put(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint32_t place);
/* Into the wheel, by a time in nanoseconds, behind those of the same tick or `before` them. */
void wheel_add(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint64_t at,
               bool before);
/* Out of the list that it is in. */
void wheel_remove(struct wheel *wheel, const struct shm_port *port, uint32_t unit);
/* The first that is due, still in its list; 0: none is, or there is more to do before that can be
 * said. */
uint32_t wheel_due(struct wheel *wheel, const struct shm_port *port, uint64_t now);

/* It is `now`. To be called before timers are put in: the nearer they are to the wheel's time, the
 * less often they are moved. */
void wheel_turn(struct wheel *wheel, const struct shm_port *port, uint64_t now);

/* Nothing is due before that time in nanoseconds; UINT64_MAX: nothing ever. */
static inline uint64_t wheel_next(const struct wheel *wheel)
{
    return wheel->next >> (64 - WHEEL_TICK) != 0 ? UINT64_MAX : wheel->next << WHEEL_TICK;
}

#endif
