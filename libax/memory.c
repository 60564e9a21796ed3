/* SPDX-License-Identifier: MIT */
/* libax/memory.c - the worker asks axsup for an extent while there is still some room, so that
 * what handlers take in the meantime is there: allocating one takes about a millisecond. It asks
 * again as soon as it has it, if that is not enough, and each second where axsup had none. */
#include "libax/memory.h"

#include "libax/send.h"
#include "libax/turn.h"

#define AHEAD (16u << 20) /* bytes; a quarter of the arena where that is less */
#define AGAIN_NS 1000000000ull

/* What lanes can hold must always find room; a small frame may take a chunk of its own. */
void memory_reserve(struct worker *w)
{
    uint64_t peers = w->port.slots - 1;
    uint64_t units = 8 * peers * w->port.geo.data_ring / SHM_UNIT;
    if (units > w->port.arena.units / 4)
        units = w->port.arena.units / 4;
    w->port.arena.reserved = (uint32_t)units;
    w->overshoot = peers * w->port.geo.data_ring / sizeof(struct shm_frame);
}

static bool grown(struct worker *w)
{
    if (!shm_arena_look(&w->port))
        return false;
    memory_reserve(w);
    return true;
}

static void ask(struct worker *w)
{
    const struct post post = {.kind = SHM_GROW, .corr = w->port.arena.units};
    w->memory_ask_at = w->now + AGAIN_NS;
    shm_turn_begin(&w->port, 0, 0);
    (void)post_slot(w, 0, SHM_CONTROL, &post);
    turn_commit(w);
}

static void grow(struct worker *w)
{
    uint32_t units = w->port.arena.units, left = shm_arena_left(&w->port);
    uint32_t ahead = AHEAD / SHM_UNIT < units / 4 ? AHEAD / SHM_UNIT : units / 4;
    if (left >= w->memory_short)
        w->memory_short = 0;
    if ((left < ahead || w->memory_short != 0) && w->now >= w->memory_ask_at)
        ask(w);
}

void memory_look(struct worker *w)
{
    uint32_t least = 2 * w->port.geo.max_message / SHM_UNIT + 64;
    if (grown(w))
        w->memory_ask_at = 0;
    if (w->port.arena.units < w->port.geo.units)
        grow(w);
    uint32_t squeezed = shm_arena_left(&w->port) < least;
    if (squeezed != w->port.pub->squeezed)
        shm_store(&w->port.pub->squeezed, squeezed);
}

bool memory_room_slow(struct worker *w, uint32_t units)
{
    if (grown(w) && shm_arena_left(&w->port) >= units)
        return true;
    if (w->memory_short < units)
        w->memory_short = units;
    w->tick = 0; /* the loop looks next */
    return false;
}
