/* SPDX-License-Identifier: MIT */
/* libax/snapshot.c - bytes that an actor has put aside for its next life. A block of the arena in
 * `snapshot` of its struct shm_more; a new one replaces it by one logged word, so a snapshot
 * commits with the turn that took it, and the last committed one is what a successor finds.
 *
 * restore is given it in the turn of the start, before on_start or on_restart. To an actor with
 * kept state that is done before its first start alone: after that its state is newer than any
 * snapshot.
 */
#include "libax/snapshot.h"

#include "libax/life.h"
#include "libax/memory.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <string.h>

#define RESTORE_MOST AX_SECONDS(3)

struct snapshot_block {
    uint32_t order, size;
    uint8_t data[];
};

static struct snapshot_block *block_of(const struct shm_port *port, uint32_t index)
{
    const struct shm_more *more = more_of(port, index);
    return more == NULL || more->snapshot == 0 ? NULL : shm_unit(port, more->snapshot);
}

static int keep(struct worker *w, uint32_t index, const void *data, uint32_t size)
{
    uint32_t order = shm_order_of(sizeof(struct snapshot_block) + (uint64_t)size);
    struct shm_more *more = more_get(w, index);
    uint32_t unit = more == NULL ? 0 : shm_arena_take(&w->port, order);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct snapshot_block *block = shm_unit(&w->port, unit);
    block->order = order;
    block->size = size;
    if (size != 0)
        memcpy(block->data, data, size);
    snapshot_give(w, index);
    shm_set(&w->port, &more->snapshot, unit);
    return 0;
}

int snapshot_keep(struct worker *w, uint32_t index, const void *data, uint32_t size)
{
    uint32_t order = shm_order_of(sizeof(struct snapshot_block) + (uint64_t)size);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    return memory_room(w, (1u << order) + 16) ? keep(w, index, data, size) : AX_E_NO_MEMORY;
}

int snapshot_initial(struct worker *w, uint32_t index, struct ax_span span)
{
    if (span.len == 0)
        return 0;
    int error = keep(w, index, span.ptr, span.len);
    actor_at(w, index)->flags &= (uint8_t)~SHM_STARTED; /* logged with its state */
    runq_push(w, index);
    if (error != 0)
        end_failed(w, index, SHM_FAILED);
    return error;
}

struct ax_span snapshot_of(const struct shm_port *port, uint32_t index)
{
    const struct snapshot_block *block = block_of(port, index);
    struct ax_span span = {0};
    if (block != NULL)
        span = (struct ax_span){block->data, block->size};
    return span;
}

bool snapshot_due(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    return type->restore != NULL && block_of(&w->port, index) != NULL &&
           !(actor->flags & SHM_STARTED && is_kept(type));
}

void snapshot_restore(struct ax_ctx *ctx)
{
    struct worker *w = ctx->worker;
    struct ax_span span = snapshot_of(&w->port, ctx->actor);
    clock_read(w);
    uint64_t began = w->now;
    ctx->restoring = 1;
    ctx->type->restore(ctx, ctx->self, span.ptr, span.len);
    clock_read(w);
    if (w->now - began > RESTORE_MOST)
        ax_fail(ctx, "restore took more than 3 s");
    ctx->restoring = 0;
}

void snapshot_give(struct worker *w, uint32_t index)
{
    const struct snapshot_block *block = block_of(&w->port, index);
    if (block != NULL)
        shm_arena_give(&w->port, more_of(&w->port, index)->snapshot, block->order);
}

bool snapshot_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_more *more = more_of(port, index);
    if (more == NULL || more->snapshot == 0)
        return true;
    if (more->snapshot >= port->arena.fresh)
        return false;
    const struct snapshot_block *block = block_of(port, index);
    return shm_mark(port, used, more->snapshot, block->order) &&
           sizeof *block + (uint64_t)block->size <= (uint64_t)SHM_UNIT << block->order;
}

int ax_keep_snapshot(struct ax_ctx *ctx, const void *data, uint32_t size)
{
    if (size > ctx->worker->port.geo.max_message)
        return AX_E_TOO_BIG;
    int error = snapshot_keep(ctx->worker, ctx->actor, data, size);
    ctx->kept |= error == 0;
    return error;
}
