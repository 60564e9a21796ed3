/* SPDX-License-Identifier: MIT */
/* Open addressing; what is taken away leaves no gap (Knuth, TAOCP 3, 6.4, algorithm R). */
#include "overlay/gateway/table.h"

#include <errno.h>
#include <stdlib.h>

#define LEAST 64u

static uint32_t home(const struct gw_table *table, uint64_t key)
{
    key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd); /* of MurmurHash3's finalizer */
    return (uint32_t)(key ^ key >> 33) & (table->room - 1);
}

static struct gw_pair *find(const struct gw_table *table, uint64_t key)
{
    uint32_t at = home(table, key);
    while (table->pairs[at].key != 0 && table->pairs[at].key != key)
        at = (at + 1) & (table->room - 1);
    return &table->pairs[at];
}

static int grow(struct gw_table *table)
{
    struct gw_table larger = {.room = table->room == 0 ? LEAST : 2 * table->room};
    larger.pairs = calloc(larger.room, sizeof *larger.pairs);
    if (larger.pairs == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < table->room; i++)
        if (table->pairs[i].key != 0)
            *find(&larger, table->pairs[i].key) = table->pairs[i];
    larger.used = table->used;
    free(table->pairs);
    *table = larger;
    return 0;
}

int gw_table_put(struct gw_table *table, uint64_t key, uint64_t value)
{
    if (2 * table->used >= table->room)
        AX_TRY(grow(table));
    struct gw_pair *pair = find(table, key);
    table->used += pair->key == 0;
    *pair = (struct gw_pair){key, value};
    return 0;
}

bool gw_table_get(const struct gw_table *table, uint64_t key, uint64_t *value)
{
    const struct gw_pair *pair = table->room == 0 || key == 0 ? NULL : find(table, key);
    if (pair == NULL || pair->key == 0)
        return false;
    if (value != NULL)
        *value = pair->value;
    return true;
}

bool gw_table_take(struct gw_table *table, uint64_t key, uint64_t *value)
{
    if (!gw_table_get(table, key, value))
        return false;
    uint32_t gap = (uint32_t)(find(table, key) - table->pairs), mask = table->room - 1;
    for (uint32_t at = (gap + 1) & mask; table->pairs[at].key != 0; at = (at + 1) & mask) {
        uint32_t own = home(table, table->pairs[at].key);
        if (((at - own) & mask) < ((at - gap) & mask))
            continue; /* its home is behind the gap */
        table->pairs[gap] = table->pairs[at];
        gap = at;
    }
    table->pairs[gap] = (struct gw_pair){0};
    table->used--;
    return true;
}

struct gw_pair *gw_table_next(const struct gw_table *table, uint32_t *at)
{
    while (*at < table->room) {
        struct gw_pair *pair = &table->pairs[(*at)++];
        if (pair->key != 0)
            return pair;
    }
    return NULL;
}
