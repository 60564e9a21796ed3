/* SPDX-License-Identifier: MIT */
#include "shm/chain.h"

#define DATA ((uint32_t)offsetof(struct shm_chunk, data))
#define CHUNK_IDLE 2u /* 256 B: two small messages, for a mailbox that was empty */
#define CHUNK_BUSY 4u /* 1 KiB: for one that is not */

/* A chunk with a frame of `size` bytes at its beginning. */
static inline uint64_t chunk_new(struct shm_port *port, uint32_t order, uint32_t size)
{
    uint32_t unit = shm_arena_take(port, order);
    if (shm_unlikely(unit == 0))
        return 0;
    struct shm_chunk *chunk = shm_unit(port, unit);
    chunk->order = (uint8_t)order;
    return (uint64_t)unit << 32 | (DATA + size);
}

static __attribute__((noinline)) uint64_t grow(struct shm_port *port, uint32_t order, uint32_t size)
{
    if (DATA + size > SHM_UNIT << order)
        order = shm_order_of(DATA + size);
    uint64_t word = chunk_new(port, order, size);
    if (word == 0 && order == CHUNK_BUSY && DATA + size <= SHM_UNIT << CHUNK_IDLE)
        word = chunk_new(port, CHUNK_IDLE, size);
    return word;
}

uint64_t shm_chain_grow(struct shm_port *port, const struct shm_chain *chain, uint32_t size)
{
    if (chain->tail != 0)
        return grow(port, CHUNK_BUSY, size);
    if (shm_unlikely(DATA + size > SHM_UNIT << CHUNK_IDLE))
        return grow(port, CHUNK_IDLE, size);
    return chunk_new(port, CHUNK_IDLE, size);
}

bool shm_mark(const struct shm_port *port, uint64_t *used, uint32_t unit, uint32_t order)
{
    if (unit == 0 || order >= SHM_ORDERS || unit & ((1u << order) - 1) ||
        (uint64_t)unit + (1u << order) > port->arena.fresh)
        return false;
    for (uint32_t k = unit; k < unit + (1u << order); k++) {
        if (used[k / 64] >> (k % 64) & 1)
            return false;
        used[k / 64] |= 1ull << (k % 64);
    }
    return true;
}

static bool mark_chunk(const struct shm_port *port, uint64_t *used, uint64_t word)
{
    uint32_t unit = (uint32_t)(word >> 32);
    if (unit == 0 || unit >= port->arena.fresh)
        return false;
    return shm_mark(port, used, unit, shm_chunk_at(port, word)->order);
}

/* One frame at `at`; its size, or 0 when it cannot be one. */
static uint32_t check_frame(const struct shm_port *port, uint64_t at)
{
    uint32_t room = (SHM_UNIT << shm_chunk_at(port, at)->order), offset = (uint32_t)at;
    if (offset < DATA || offset & 7 || offset + sizeof(struct shm_frame) > room)
        return 0;
    uint32_t size = shm_chain_frame(port, at)->size;
    return size < sizeof(struct shm_frame) || size & 7 || size > room - offset ? 0 : size;
}

bool shm_chain_mark(const struct shm_port *port, const struct shm_chain *chain, uint64_t *used)
{
    uint64_t at = chain->head, left = shm_chain_depth(chain);
    if (at == 0 || at == chain->tail) /* an empty chain owns nothing */
        return at == 0 && chain->tail == 0 && left == 0;
    if (!mark_chunk(port, used, at))
        return false;
    for (; at != chain->tail; left--) {
        const struct shm_chunk *chunk = shm_chunk_at(port, at);
        if ((at ^ chain->tail) >> 32 && (uint32_t)at == chunk->end) {
            at = (uint64_t)chunk->next << 32 | DATA;
            if (!mark_chunk(port, used, at))
                return false;
        }
        uint32_t size = left == 0 ? 0 : check_frame(port, at);
        if (size == 0)
            return false;
        at += size;
    }
    return left == 0;
}
