/* SPDX-License-Identifier: MIT */
/* overlay/core/pool.h - a table of a fixed size whose entries have ids. An id is never given twice,
 * so what comes late, with the id of what has ended, finds nothing. An entry that was given back is
 * taken again after all that were free before it. */
#ifndef OV_POOL_H
#define OV_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OV_POOL_MOST (1u << 20) /* entries */

struct ov_slot { /* the first member of an entry */
    uint64_t id; /* 0: free */
    uint64_t life;
    uint64_t group; /* of each 64th entry: a bit for each of 64 from it on that is used */
    uint32_t next;  /* that is free */
};

struct ov_pool {
    char *slots;
    size_t stride;
    uint32_t n, used, first, last;
    unsigned what;
};

/* Over zeroed memory of n entries, 1 to OV_POOL_MOST. `what`, below 8, is in all its ids: they are
 * those of no other pool. */
void ov_pool_init(struct ov_pool *pool, void *memory, size_t stride, uint32_t n, unsigned what);

/* Before the first is taken: gives no id that the pool of an earlier process gave, whose number,
 * below OV_POOL_PROCESSES, was another. */
#define OV_POOL_PROCESSES (1u << 16)
void ov_pool_begin(struct ov_pool *pool, uint32_t process);

/* An entry, zeroed but for its slot; NULL: all are used. */
void *ov_pool_take(struct ov_pool *pool);
void ov_pool_give(struct ov_pool *pool, void *entry);
/* Gives a used entry a new id, and ends the old one. */
void ov_pool_renew(struct ov_pool *pool, void *entry);

/* NULL: it has ended, or never was. */
void *ov_pool_find(const struct ov_pool *pool, uint64_t id);

/* Which pool an id is of, if of any. */
unsigned ov_pool_what(uint64_t id);

/* The entry at an index, and the index of an entry. */
static inline void *ov_pool_at(const struct ov_pool *pool, uint32_t index)
{
    return pool->slots + pool->stride * index;
}

static inline uint32_t ov_pool_index(const struct ov_pool *pool, const void *entry)
{
    return (uint32_t)((size_t)((const char *)entry - pool->slots) / pool->stride);
}

/* Goes on from *cursor, which begins at 0, to the next entry that is used; NULL: no more. */
void *ov_pool_next(const struct ov_pool *pool, uint32_t *cursor);

#endif
