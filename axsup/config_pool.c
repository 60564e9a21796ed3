/* SPDX-License-Identifier: MIT */
#include "axsup/config_pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sup_pool_block {
    struct sup_pool_block *before;
    _Alignas(max_align_t) unsigned char bytes[];
};

__attribute__((weak)) void *sup_pool_source(size_t size)
{
    return calloc(1, size);
}

void *sup_pool_alloc(struct sup_pool *pool, size_t size)
{
    struct sup_pool_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    block = sup_pool_source(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->before = pool->last;
    pool->last = block;
    return block->bytes;
}

char *sup_pool_text(struct sup_pool *pool, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? sup_pool_alloc(pool, length + 1) : NULL;

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void sup_pool_empty(struct sup_pool *pool)
{
    while (pool->last) {
        struct sup_pool_block *block = pool->last;

        pool->last = block->before;
        free(block);
    }
}
