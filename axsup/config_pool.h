/* SPDX-License-Identifier: MIT */
/* config_pool.h - memory that is freed together.
 *
 * A config, its tree of JSON nodes and the list of its mistakes are made of many small pieces that
 * all end at once. Each is a block of its own in a pool's list, so that a checker sees an overrun
 * of any of them and a test can fail every single one. Reading a config is no hot path. */
#ifndef SUP_CONFIG_POOL_H
#define SUP_CONFIG_POOL_H

#include <stddef.h>

struct sup_pool_block;

struct sup_pool {
    struct sup_pool_block *last; /* newest block; a zeroed pool is an empty one */
};

/* Returns `size` zeroed bytes, aligned for any type, that live until the pool is emptied; NULL
 * where there is no memory. */
void *sup_pool_alloc(struct sup_pool *pool, size_t size);

/* Returns a copy of `length` bytes of `text` with a terminating NUL; NULL where there is no
 * memory. */
char *sup_pool_text(struct sup_pool *pool, const char *text, size_t length);

/* Frees all that was allocated from the pool; it can be used again. */
void sup_pool_empty(struct sup_pool *pool);

/* Where every block comes from: calloc(1, size). Weak, so that a test can put an allocator in its
 * place that fails at the Nth block. Freed with free(). */
void *sup_pool_source(size_t size);

#endif
