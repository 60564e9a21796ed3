/* SPDX-License-Identifier: MIT */
#include "overlay/core/pool.h"

#include <string.h>

/* life 40 bits, of which 16 are the process's, what 3, index + 1 in 21 */
#define PROCESS_BIT 24u
#define INDEX_BITS 21u
#define LIFE_BIT 24u
#define GROUP 64u /* entries */

static struct ov_slot *at(const struct ov_pool *pool, uint32_t index)
{
    return ov_pool_at(pool, index);
}

static uint64_t *group_of(const struct ov_pool *pool, uint32_t index)
{
    return &at(pool, index - index % GROUP)->group;
}

unsigned ov_pool_what(uint64_t id)
{
    return id >> INDEX_BITS & 7;
}

void ov_pool_init(struct ov_pool *pool, void *memory, size_t stride, uint32_t n, unsigned what)
{
    *pool =
        (struct ov_pool){.slots = memory, .stride = stride, .n = n, .last = n - 1, .what = what};
    for (uint32_t i = 0; i < n; i++)
        at(pool, i)->next = i + 1;
}

void ov_pool_begin(struct ov_pool *pool, uint32_t process)
{
    for (uint32_t i = 0; i < pool->n; i++)
        at(pool, i)->life = (uint64_t)(process % OV_POOL_PROCESSES) << PROCESS_BIT;
}

void ov_pool_renew(struct ov_pool *pool, void *entry)
{
    struct ov_slot *slot = entry;
    slot->id = ++slot->life << LIFE_BIT | (uint64_t)pool->what << INDEX_BITS |
               (ov_pool_index(pool, entry) + 1);
}

void *ov_pool_take(struct ov_pool *pool)
{
    struct ov_slot *slot;
    if (pool->used == pool->n)
        return NULL;
    slot = at(pool, pool->first);
    pool->used++;
    *group_of(pool, pool->first) |= UINT64_C(1) << pool->first % GROUP;
    pool->first = slot->next;
    ov_pool_renew(pool, slot);
    return slot;
}

void ov_pool_give(struct ov_pool *pool, void *entry)
{
    struct ov_slot *slot = entry;
    uint32_t index = ov_pool_index(pool, entry);
    uint64_t life = slot->life, group = slot->group;

    memset(entry, 0, pool->stride);
    slot->life = life;
    slot->group = group;
    *group_of(pool, index) &= ~(UINT64_C(1) << index % GROUP);
    if (pool->used-- == pool->n)
        pool->first = index;
    else
        at(pool, pool->last)->next = index;
    pool->last = index;
}

void *ov_pool_find(const struct ov_pool *pool, uint64_t id)
{
    uint32_t index = (uint32_t)(id & ((1u << INDEX_BITS) - 1)) - 1; /* of 0: too high */
    return index < pool->n && at(pool, index)->id == id ? at(pool, index) : NULL;
}

void *ov_pool_next(const struct ov_pool *pool, uint32_t *cursor)
{
    while (*cursor < pool->n) {
        uint64_t rest = *group_of(pool, *cursor) >> *cursor % GROUP;
        if (rest != 0) {
            *cursor += (uint32_t)__builtin_ctzll(rest) + 1;
            return at(pool, *cursor - 1);
        }
        *cursor += GROUP - *cursor % GROUP;
    }
    return NULL;
}
