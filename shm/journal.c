/* SPDX-License-Identifier: MIT */
#include "shm/journal.h"

#include "shm/arena.h"

void shm_turn_settle(struct shm_port *port)
{
    struct shm_arena *arena = &port->arena;
    const struct shm_block *given = arena->given, *end = given + arena->ngiven;
    do
        shm_arena_free(port, given->unit, given->order);
    while (++given < end);
    arena->ngiven = 0;
}

static bool undo_staged(struct shm_port *port, uint64_t where, uint64_t old)
{
    uint32_t lane = (uint32_t)(where & 1), peer = (uint32_t)(where & ~SHM_UNDO_STAGED) >> 1;
    if (peer >= SHM_SLOTS || port->out[peer].stage == NULL)
        return false;
    shm_store(&port->out[peer].stage->end[lane], old);
    port->out[peer].staged[lane] = old;
    return true;
}

bool shm_undo_words(struct shm_port *port)
{
    struct shm_journal *journal = &port->priv->journal;
    uint64_t limit = shm_private_there(&port->geo, port->arena.units) - sizeof(uint64_t);
    if (journal->entries > SHM_UNDO)
        return false;
    for (uint32_t n = journal->entries; n > 0; n--) {
        uint64_t where = journal->undo[n - 1].where, old = journal->undo[n - 1].old;
        if (where & SHM_UNDO_STAGED) {
            if (!undo_staged(port, where, old))
                return false;
        } else if (where & 7 || where > limit || where < offsetof(struct shm_private, read_data)) {
            return false;
        } else {
            shm_store((uint64_t *)((uint8_t *)port->priv + where), old);
        }
        shm_order();
        shm_store(&journal->entries, n - 1);
        shm_order();
    }
    return true;
}

void shm_turn_undo(struct shm_port *port)
{
    struct shm_arena *arena = &port->arena;
    shm_undo_words(port);
    shm_store(&port->priv->journal.actor, 0);
    shm_order();
    shm_store_release(&port->pub->committed, port->turn);
    shm_order();
    for (uint32_t i = 0; i < arena->ntaken; i++)
        shm_arena_free(port, arena->taken[i].unit, arena->taken[i].order);
    arena->ngiven = arena->ntaken = 0;
}
