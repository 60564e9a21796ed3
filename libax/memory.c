/* SPDX-License-Identifier: MIT */
/* libax/memory.c - the arena grows by extents that axsup allocates, see shm/arena.h. The worker
 * says in public memory how large its arena is and that this is too little, and rings; axsup's
 * table says when there is more. It asks while there is still some room. A handler that needs more
 * than there is waits for it, in its turn: allocating an extent takes about a millisecond. Where
 * that does not help, for axsup has none or is stopped, nobody waits for the next second. */
#include "libax/memory.h"

#include "libax/send.h"

#include "shm/bell.h"

#include <time.h>

#define AHEAD (16u << 20)      /* bytes; a quarter of the arena where that is less */
#define AGAIN_NS 1000000000ull /* between two questions that were not answered */
#define WAIT_NS 20000000ull
#define LOOK_NS 20000u

/* Also of small frames, each of which may take a chunk of its own. */
void memory_reserve(struct worker *w)
{
    uint64_t peers = w->port.slots - 1;
    w->port.arena.reserved = memory_kept_lanes(&w->port.geo, w->port.slots, w->port.arena.units);
    w->overshoot = peers * (w->port.geo.data_ring / sizeof(struct shm_frame) + CREDIT_MOST);
}

static bool may_grow(const struct worker *w)
{
    return w->port.arena.units < w->port.geo.units;
}

static bool grown(struct worker *w)
{
    if (!shm_arena_look(&w->port))
        return false;
    memory_reserve(w);
    return true;
}

/* Whatever axsup does just now, also if it is about to sleep. */
static void ask(struct worker *w)
{
    shm_store_release(&w->port.pub->small, w->port.arena.units);
    shm_bell_write(w->port.out[0].bell);
    w->memory_ask_at = w->now + AGAIN_NS;
}

void memory_look(struct worker *w)
{
    uint32_t least = memory_least(w);
    if (may_grow(w)) {
        uint32_t quarter = w->port.arena.units / 4, ahead = AHEAD / SHM_UNIT;
        bool more = grown(w);
        ahead = 2 * least + (quarter < ahead ? quarter : ahead);
        if (shm_arena_left(&w->port) < ahead && may_grow(w) && (more || w->now >= w->memory_ask_at))
            ask(w);
    }
    uint32_t squeezed = shm_arena_left(&w->port) < least;
    if (squeezed != w->port.pub->squeezed)
        shm_store(&w->port.pub->squeezed, squeezed);
    if (w->port.arena.used != w->port.pub->used)
        shm_store(&w->port.pub->used, w->port.arena.used);
}

/* True: the arena has grown. */
static bool wait_for_more(struct worker *w)
{
    const struct timespec nap = {.tv_nsec = LOOK_NS};
    clock_read(w);
    if (w->now < w->memory_wait_at)
        return false;
    ask(w);
    for (uint64_t until = w->now + WAIT_NS; w->now < until; clock_read(w)) {
        if (grown(w))
            return true;
        nanosleep(&nap, NULL);
    }
    w->memory_wait_at = w->now + AGAIN_NS;
    return false;
}

bool memory_more(struct worker *w)
{
    return may_grow(w) && (grown(w) || wait_for_more(w));
}

bool memory_room_slow(struct worker *w, uint32_t units)
{
    while (shm_arena_left(&w->port) < units)
        if (!memory_more(w))
            return false;
    return true;
}
