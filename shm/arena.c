/* SPDX-License-Identifier: MIT */
#include "shm/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int shm_arena_open(struct shm_port *port)
{
    struct shm_arena *arena = &port->arena;
    memset(arena, 0, sizeof *arena);
    arena->fresh = 1;
    arena->units = port->slot_info == NULL ? port->geo.units : 0;
    (void)shm_arena_look(port);
    arena->taken = malloc(SHM_PENDING * sizeof *arena->taken);
    arena->given = malloc(SHM_PENDING * sizeof *arena->given);
    if (arena->taken == NULL || arena->given == NULL) {
        shm_arena_close(port);
        return -ENOMEM;
    }
    return 0;
}

bool shm_arena_look(struct shm_port *port)
{
    struct shm_arena *arena = &port->arena;
    if (port->slot_info == NULL) /* axsup's own, or a test's */
        return false;
    /* pairs with the release in grow() of axsup/memory.c */
    uint32_t units = shm_load_acquire(&port->slot_info[port->slot].units);
    units = units < port->geo.units ? units : port->geo.units;
    if (units <= arena->units)
        return false;
    arena->units = units;
    return true;
}

void shm_arena_close(struct shm_port *port)
{
    free(port->arena.taken);
    free(port->arena.given);
    port->arena.taken = port->arena.given = NULL;
}

/* Puts the units from..to on the free lists as the largest aligned blocks that fit. */
static void carve_run(struct shm_port *port, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint32_t order = from == 0 ? 0 : (uint32_t)__builtin_ctz(from);
        if (order >= SHM_ORDERS)
            order = SHM_ORDERS - 1;
        while ((1u << order) > to - from)
            order--;
        shm_arena_push(port, from, order);
        from += 1u << order;
    }
}

void shm_arena_carve(struct shm_port *port, const uint64_t *used)
{
    struct shm_arena *arena = &port->arena;
    uint32_t run = 0, taken = 1; /* unit 0 is never used */
    memset(arena->free, 0, sizeof arena->free);
    for (uint32_t unit = 1; unit <= arena->fresh; unit++) {
        if (unit < arena->fresh && unit % 64 == 0 && used[unit / 64] == 0 &&
            arena->fresh - unit > 64) {
            run = run == 0 ? unit : run;
            unit += 63;
            continue;
        }
        bool in_use = unit == arena->fresh || (used[unit / 64] >> (unit % 64) & 1);
        if (in_use && run != 0) {
            carve_run(port, run, unit);
            run = 0;
        }
        if (!in_use && run == 0)
            run = unit;
        taken += in_use && unit < arena->fresh;
    }
    arena->used = taken;
}

/* Merges all free blocks; the units of each are marked in a map of what is free, then inverted. */
static bool merge(struct shm_port *port)
{
    struct shm_arena *arena = &port->arena;
    size_t words = arena->fresh / 64 + 1;
    uint64_t *used = malloc(words * sizeof *used);
    if (used == NULL)
        return false;
    memset(used, 0xff, words * sizeof *used);
    for (uint32_t order = 0; order < SHM_ORDERS; order++)
        for (uint32_t unit; (unit = shm_arena_pop(port, order)) != 0;)
            for (uint32_t k = unit; k < unit + (1u << order); k++)
                used[k / 64] &= ~(1ull << (k % 64));
    shm_arena_carve(port, used);
    free(used);
    return true;
}

static uint32_t split(struct shm_port *port, uint32_t order)
{
    for (uint32_t larger = order + 1; larger < SHM_ORDERS; larger++) {
        uint32_t unit = shm_arena_pop(port, larger);
        if (unit == 0)
            continue;
        while (larger-- > order)
            shm_arena_push(port, unit + (1u << larger), larger);
        return unit;
    }
    return 0;
}

/* From above the high-water mark; the units skipped for alignment become free. */
static uint32_t extend(struct shm_port *port, uint32_t order)
{
    struct shm_arena *arena = &port->arena;
    uint64_t unit = shm_round(arena->fresh, 1ull << order);
    if (unit + (1ull << order) > arena->units)
        return 0;
    carve_run(port, arena->fresh, (uint32_t)unit);
    arena->fresh = (uint32_t)unit + (1u << order);
    shm_store(&port->priv->fresh_unit, arena->fresh);
    return (uint32_t)unit;
}

static uint32_t find(struct shm_port *port, uint32_t order)
{
    uint32_t unit = split(port, order);
    return unit != 0 ? unit : extend(port, order);
}

uint32_t shm_arena_make(struct shm_port *port, uint32_t order)
{
    uint32_t unit = find(port, order);
    if (unit != 0 || !merge(port))
        return unit;
    unit = shm_arena_pop(port, order);
    return unit != 0 ? unit : find(port, order);
}
