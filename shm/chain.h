/* SPDX-License-Identifier: MIT */
/* shm/chain.h - a queue of frames in the arena: an actor's mailbox, or what a full lane could not
 * take yet.
 *
 * `head` and `tail` are words {unit of the chunk << 32 | offset in it}; 0 and 0 when empty, so an
 * idle mailbox owns no memory. Frames are written behind the tail and accepted by moving it; both
 * ends are logged once a turn, so a queue is what it was if the turn is undone. `end` and `next`
 * of a chunk are written when the tail leaves it, before the tail says so. */
#ifndef SHM_CHAIN_H
#define SHM_CHAIN_H

#include "shm/arena.h"
#include "shm/journal.h"

#define SHM_CHAIN_WORDS 4u /* what logging a chain takes of the undo log */

static inline struct shm_chunk *shm_chunk_at(const struct shm_port *port, uint64_t word)
{
    return (struct shm_chunk *)shm_unit(port, (uint32_t)(word >> 32));
}

static inline uint64_t shm_chain_depth(const struct shm_chain *chain)
{
    return chain->accepted - chain->handled;
}

/* Logs all of the chain. */
static inline void shm_chain_log_again(struct shm_port *port, const struct shm_chain *chain)
{
    struct shm_journal *journal = &port->priv->journal;
    uint64_t where = (uint64_t)((const uint8_t *)chain - (const uint8_t *)port->priv);
    uint32_t n = journal->entries;
    struct shm_undo *undo = &journal->undo[n];
    undo[0] = (struct shm_undo){where, chain->head};
    undo[1] = (struct shm_undo){where + 8, chain->handled};
    undo[2] = (struct shm_undo){where + 16, chain->tail};
    undo[3] = (struct shm_undo){where + 24, chain->accepted};
    shm_order();
    shm_store(&journal->entries, n + SHM_CHAIN_WORDS);
    shm_order();
}

/* The same once a turn. `hint` is volatile: where in the log the chain may stand already. */
static inline void shm_chain_log(struct shm_port *port, const struct shm_chain *chain,
                                 uint32_t *hint)
{
    const struct shm_journal *journal = &port->priv->journal;
    uint64_t where = (uint64_t)((const uint8_t *)chain - (const uint8_t *)port->priv);
    if (*hint < journal->entries && journal->undo[*hint].where == where)
        return;
    *hint = journal->entries;
    shm_chain_log_again(port, chain);
}

/* Is there room for a frame of `size` bytes in the last chunk? */
static inline bool shm_chain_fits(const struct shm_port *port, const struct shm_chain *chain,
                                  uint32_t size)
{
    uint64_t tail = chain->tail;
    return shm_likely(tail != 0) && (uint32_t)tail + size <= SHM_UNIT
                                                                 << shm_chunk_at(port, tail)->order;
}

/* Reserves room for a frame of `size` bytes, at `size` before the word that it returns: the tail
 * once the frame is accepted. 0 when the arena has none. The chain has been logged in this turn. */
uint64_t shm_chain_grow(struct shm_port *port, const struct shm_chain *chain, uint32_t size);
static inline uint64_t shm_chain_reserve(struct shm_port *port, const struct shm_chain *chain,
                                         uint32_t size)
{
    return shm_likely(shm_chain_fits(port, chain, size)) ? chain->tail + size
                                                         : shm_chain_grow(port, chain, size);
}

/* Accepts the frame that was reserved up to `word`. */
static inline void shm_chain_append(struct shm_port *port, struct shm_chain *chain, uint64_t word)
{
    uint64_t tail = chain->tail;
    if ((tail ^ word) >> 32) {
        if (tail != 0) {
            struct shm_chunk *chunk = shm_chunk_at(port, tail);
            chunk->end = (uint32_t)tail;
            chunk->next = (uint32_t)(word >> 32);
        } else {
            chain->head = (word & ~0xffffffffull) | offsetof(struct shm_chunk, data);
        }
    }
    shm_order();
    shm_store(&chain->tail, word);
    shm_store(&chain->accepted, chain->accepted + 1);
    shm_order();
}

/* Where the next frame is; 0 when empty. Steps over the end of a chunk without changing it. */
static inline uint64_t shm_chain_first(const struct shm_port *port, const struct shm_chain *chain)
{
    uint64_t head = chain->head;
    if (head == chain->tail)
        return 0;
    if ((head ^ chain->tail) >> 32) {
        const struct shm_chunk *chunk = shm_chunk_at(port, head);
        if ((uint32_t)head == chunk->end)
            return (uint64_t)chunk->next << 32 | offsetof(struct shm_chunk, data);
    }
    return head;
}

static inline struct shm_frame *shm_chain_frame(const struct shm_port *port, uint64_t word)
{
    return (struct shm_frame *)((uint8_t *)shm_chunk_at(port, word) + (uint32_t)word);
}

/* The frame behind the one at `first`, NULL: it is in another chunk, or not there yet. */
static inline const struct shm_frame *
shm_chain_behind(const struct shm_port *port, const struct shm_chain *chain, uint64_t first)
{
    uint64_t next = first + shm_chain_frame(port, first)->size;
    bool last = (first ^ chain->tail) >> 32 == 0;
    if (next == chain->tail || (!last && (uint32_t)next == shm_chunk_at(port, first)->end))
        return NULL;
    return shm_chain_frame(port, next);
}

/* A long queue is in no cache: fetches what lies in the next chunk where the frame at `first` lies
 * in its own. */
static inline void shm_chain_look_ahead(const struct shm_port *port, const struct shm_chain *chain,
                                        uint64_t first)
{
    if ((first ^ chain->tail) >> 32 == 0)
        return;
    const uint8_t *next = shm_unit(port, shm_chunk_at(port, first)->next);
    shm_prefetch(next + (uint32_t)first);
    shm_prefetch(next + (uint32_t)first + SHM_LINE);
}

/* Consumes the frame at `first`, which shm_chain_first gave; frees what it leaves empty. The chain
 * has been logged in this turn. */
static inline void shm_chain_consume(struct shm_port *port, struct shm_chain *chain, uint64_t first)
{
    uint64_t head = chain->head, next = first + shm_chain_frame(port, first)->size;
    if ((head ^ first) >> 32)
        shm_arena_give(port, (uint32_t)(head >> 32), shm_chunk_at(port, head)->order);
    if (next == chain->tail) {
        shm_arena_give(port, (uint32_t)(next >> 32), shm_chunk_at(port, next)->order);
        shm_store(&chain->tail, 0);
        next = 0;
    }
    shm_store(&chain->head, next);
    shm_store(&chain->handled, chain->handled + 1);
    shm_order();
}

/* Checks a chain that a dead process left behind and sets a bit in `used` for each of its units.
 * False: it does not add up. */
bool shm_chain_mark(const struct shm_port *port, const struct shm_chain *chain, uint64_t *used);

/* Sets the bits of a block; false where it lies outside the used arena or a bit was set already. */
bool shm_mark(const struct shm_port *port, uint64_t *used, uint32_t unit, uint32_t order);

#endif
