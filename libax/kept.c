/* SPDX-License-Identifier: MIT */
/* libax/kept.c - an actor's state: a copy in this process that its handlers work on, at one address
 * for the life of the process. Kept state has two halves in a block of the arena besides; a commit
 * writes the half that is not current and makes it current by a logged flag. The copy of a durable
 * actor lies in that block too: there it has the same address in every process. */
#include "libax/life.h"

#include "libax/durable.h"
#include "libax/group.h"
#include "libax/io.h"
#include "libax/map.h"
#include "libax/more.h"
#include "libax/order.h"
#include "libax/registry.h"
#include "libax/snapshot.h"
#include "libax/timer.h"
#include "libax/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t stateless;

struct kept_block {
    uint32_t order, size;
    uint8_t halves[];
};

static uint8_t *kept_half(const struct kept_block *block, bool second)
{
    uint64_t step = shm_round(block->size, 8);
    return (uint8_t *)(uintptr_t)block->halves + (second ? step : 0);
}

bool is_kept(const struct ax_actor_type *type)
{
    return type->state != NULL && type->state->nfields != 0;
}

static uint64_t kept_bytes(const struct ax_actor_type *type)
{
    uint64_t parts = type->durable ? 3 : 2;
    return sizeof(struct kept_block) + parts * shm_round(type->state_size, 8);
}

uint32_t kept_units(const struct ax_actor_type *type)
{
    return is_kept(type) ? 1u << shm_order_of(kept_bytes(type)) : 0;
}

static struct kept_block *kept_of(const struct shm_port *port, uint32_t index)
{
    uint32_t unit = port->actors[index].kept;
    return unit == 0 ? NULL : shm_unit(port, unit);
}

int self_open(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    if (type->state_size == 0) {
        w->self[index] = &stateless;
        return 0;
    }
    struct kept_block *block = kept_of(&w->port, index);
    w->self[index] = block != NULL && type->durable
                         ? block->halves + 2 * shm_round(type->state_size, 8)
                         : calloc(1, type->state_size);
    if (w->self[index] == NULL)
        return -ENOMEM;
    if (block != NULL)
        memcpy(w->self[index], kept_half(block, actor->flags & SHM_HALF), block->size);
    return 0;
}

void self_close(struct worker *w, uint32_t index)
{
    const uint8_t *self = w->self[index], *units = w->port.units;
    bool arena = self >= units && self < units + (uint64_t)w->port.geo.units * SHM_UNIT;
    if (self != &stateless && !arena)
        free(w->self[index]);
    w->self[index] = NULL;
    io_end(w, index);
}

void kept_write(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct kept_block *block = kept_of(&w->port, index);
    bool half = actor->flags & SHM_HALF;
    if (memcmp(kept_half(block, half), w->self[index], block->size) == 0)
        return;
    memcpy(kept_half(block, !half), w->self[index], block->size);
    shm_log(&w->port, &actor->flags);
    actor->flags ^= SHM_HALF;
}

int kept_new(struct worker *w, struct shm_actor *actor, const struct ax_actor_type *type)
{
    uint32_t order = shm_order_of(kept_bytes(type)), size = type->state_size;
    uint32_t unit = shm_arena_take(&w->port, order);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct kept_block *block = shm_unit(&w->port, unit);
    block->order = order;
    block->size = size;
    memset(kept_half(block, false), 0, size);
    actor->kept = unit;
    return 0;
}

bool actor_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_actor *actor = &port->actors[index];
    if (actor->type >= ax_worker->plugin->nactors)
        return false;
    const struct ax_actor_type *type = ax_worker->plugin->actors[actor->type];
    if ((actor->kept != 0) != is_kept(type) || actor->kept >= port->arena.fresh)
        return false;
    const struct kept_block *block = kept_of(port, index);
    if (block != NULL &&
        (block->size != type->state_size || block->order != shm_order_of(kept_bytes(type)) ||
         !shm_mark(port, used, actor->kept, block->order)))
        return false;
    return more_mark(port, index, used) && registry_mark(port, index, used) &&
           groups_mark(port, index, used) && map_mark(port, index, used) &&
           durable_mark(port, index, used) && order_mark(port, index, used) &&
           snapshot_mark(port, index, used) && watch_mark(port, index, used) &&
           timer_mark(port, index, used);
}

void kept_give(struct worker *w, uint32_t index)
{
    const struct kept_block *block = kept_of(&w->port, index);
    if (block != NULL)
        shm_arena_give(&w->port, w->port.actors[index].kept, block->order);
}
