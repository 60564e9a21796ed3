/* SPDX-License-Identifier: MIT */
/* libax/known.h - which units of the arena hold a thing of a certain sort, a bit for each. A number
 * that comes from an actor, or from another process, names a unit; what lies there may be bytes of
 * a message, made to look like that thing. So this is asked first, and then the thing.
 *
 * Volatile: a successor says anew what there is. What the open turn changes is taken back with it,
 * for each change is noted and its bit turned over again. */
#ifndef LIBAX_KNOWN_H
#define LIBAX_KNOWN_H

#include "shm/arena.h"

/* Each thing that comes takes a block of the arena, each that goes a word of the undo log. */
#define KNOWN_TURN (SHM_PENDING + SHM_UNDO)

struct known {
    uint64_t *set;
    uint32_t turned; /* by the open turn */
    uint32_t turn[KNOWN_TURN];
};

/* 0 or -ENOMEM. */
int known_open(struct known *known, uint32_t units);

static inline bool known_has(const struct known *known, const struct shm_port *port, uint32_t unit)
{
    return unit < port->arena.fresh && known->set[unit / 64] >> (unit % 64) & 1;
}

/* Outside of a turn. */
static inline void known_load(struct known *known, uint32_t unit)
{
    known->set[unit / 64] |= 1ull << (unit % 64);
}

/* In the open turn: it is there now, or is there no more. */
static inline void known_turn(struct known *known, uint32_t unit)
{
    known->set[unit / 64] ^= 1ull << (unit % 64);
    known->turn[known->turned++] = unit;
}

/* The turn has ended. */
void known_settle(struct known *known, bool committed);

#endif
