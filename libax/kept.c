/* SPDX-License-Identifier: MIT */
/* libax/kept.c - an actor's state: a copy in this process that its handlers work on, at one address
 * for the life of the process. Kept state has two halves in a block of the arena besides; a commit
 * writes the half that is not current and makes it current by a logged flag. */
#include "libax/life.h"

#include "libax/more.h"
#include "libax/order.h"
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
    w->self[index] = calloc(1, type->state_size);
    if (w->self[index] == NULL)
        return -ENOMEM;
    const struct kept_block *block = kept_of(&w->port, index);
    if (block != NULL)
        memcpy(w->self[index], kept_half(block, actor->flags & SHM_HALF), block->size);
    return 0;
}

void self_close(struct worker *w, uint32_t index)
{
    if (w->self[index] != &stateless)
        free(w->self[index]);
    w->self[index] = NULL;
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

int kept_new(struct worker *w, struct shm_actor *actor, uint32_t size)
{
    uint32_t order = shm_order_of(sizeof(struct kept_block) + 2 * shm_round(size, 8));
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
        (block->size != type->state_size ||
         block->order != shm_order_of(sizeof *block + 2 * shm_round(block->size, 8)) ||
         !shm_mark(port, used, actor->kept, block->order)))
        return false;
    return more_mark(port, index, used) && order_mark(port, index, used) &&
           snapshot_mark(port, index, used) && watch_mark(port, index, used) &&
           timer_mark(port, index, used);
}

void kept_give(struct worker *w, uint32_t index)
{
    const struct kept_block *block = kept_of(&w->port, index);
    if (block != NULL)
        shm_arena_give(&w->port, w->port.actors[index].kept, block->order);
}
