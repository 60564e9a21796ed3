/* SPDX-License-Identifier: MIT */
/* libax/memory.h - the room in a worker's arena: what must stay free for what is promised already,
 * and more of it from axsup before it runs out. */
#ifndef LIBAX_MEMORY_H
#define LIBAX_MEMORY_H

#include "libax/memory_kept.h"
#include "libax/worker.h"

static inline uint32_t memory_least(const struct worker *w)
{
    return memory_kept_least(&w->port.geo);
}

/* After a recovery, and each time that the arena has grown. */
void memory_reserve(struct worker *w);
/* Outside of a turn, every few rounds: takes what has been granted, asks for more where little is
 * left, and tells senders when that is too little. */
void memory_look(struct worker *w);
/* The arena is made larger, which may take some milliseconds. False: it cannot be, now. */
bool memory_more(struct worker *w);
/* Has the arena room for so many units beside what is reserved, or can it be made? */
bool memory_room_slow(struct worker *w, uint32_t units);
static inline bool memory_room(struct worker *w, uint32_t units)
{
    return shm_likely(shm_arena_left(&w->port) >= units) || memory_room_slow(w, units);
}

#endif
