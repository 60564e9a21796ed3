/* SPDX-License-Identifier: MIT */
/* shm/arena.h - blocks of private memory: mailbox chunks, kept state, monitors, timers.
 *
 * Blocks are 64 B << order, aligned to their size. Which ones are free is volatile knowledge: free
 * lists run through the free blocks themselves, newest first, so a hot line is used again. A
 * successor marks what mailboxes and actors reach and carves the rest anew; so allocation needs no
 * crash protocol. Within a turn, what is taken is given back if the turn is undone, and what is
 * given back becomes free only when it is committed.
 *
 * The segment is as large as the arena may become, but only so much of it has memory as axsup has
 * allocated and says in its table; nobody touches what lies behind that, so a full machine is an
 * answer of axsup's and never a SIGBUS.
 *
 * Free blocks are not merged as they are freed: when a size runs out, all free blocks are merged
 * at once (shm_arena_carve) and the request is tried again. */
#ifndef SHM_ARENA_H
#define SHM_ARENA_H

#include "shm/port.h"

/* Prepares an empty index over the arena; shm_arena_carve fills it. 0 or -ENOMEM. */
int shm_arena_open(struct shm_port *port);
void shm_arena_close(struct shm_port *port);

/* Looks at how much of the arena has memory by now. True: more than before. */
bool shm_arena_look(struct shm_port *port);

/* Makes every unit below the high-water mark free whose bit in `used` is 0. */
void shm_arena_carve(struct shm_port *port, const uint64_t *used);

/* ---- the list of free blocks of an order; volatile ---- */

static inline void shm_arena_push(struct shm_port *port, uint32_t unit, uint32_t order)
{
    *(uint32_t *)shm_unit(port, unit) = port->arena.free[order];
    port->arena.free[order] = unit;
}

/* 0: there is none. */
static inline uint32_t shm_arena_pop(struct shm_port *port, uint32_t order)
{
    uint32_t unit = port->arena.free[order];
    if (shm_likely(unit != 0))
        port->arena.free[order] = *(const uint32_t *)shm_unit(port, unit);
    return unit;
}

/* Where no block of this order is free already. */
uint32_t shm_arena_make(struct shm_port *port, uint32_t order);

/* A block within a turn, or 0 where the arena has none. */
static inline uint32_t shm_arena_take(struct shm_port *port, uint32_t order)
{
    struct shm_arena *arena = &port->arena;
    if (shm_unlikely(order >= SHM_ORDERS || arena->ntaken == SHM_PENDING))
        return 0;
    uint32_t unit = shm_arena_pop(port, order);
    if (unit == 0 && (unit = shm_arena_make(port, order)) == 0)
        return 0;
    arena->used += 1u << order;
    arena->taken[arena->ntaken++] = (struct shm_block){unit, order};
    return unit;
}

/* Frees a block when the turn commits. */
static inline void shm_arena_give(struct shm_port *port, uint32_t unit, uint32_t order)
{
    struct shm_arena *arena = &port->arena;
    if (shm_likely(arena->ngiven < SHM_PENDING)) /* else a successor, or nobody, finds it again */
        arena->given[arena->ngiven++] = (struct shm_block){unit, order};
}

/* At once; for shm_turn_settle. */
static inline void shm_arena_free(struct shm_port *port, uint32_t unit, uint32_t order)
{
    shm_arena_push(port, unit, order);
    port->arena.used -= 1u << order;
}

/* The smallest order that holds `bytes`. */
static inline uint32_t shm_order_of(uint64_t bytes)
{
    return bytes <= SHM_UNIT ? 0 : 64u - 6u - (uint32_t)__builtin_clzll(bytes - 1);
}

/* Units that could still be taken, fragmentation aside. */
static inline uint32_t shm_arena_left(const struct shm_port *port)
{
    uint32_t bound = port->arena.used + port->arena.reserved;
    return bound >= port->arena.units ? 0 : port->arena.units - bound;
}

#endif
