/* SPDX-License-Identifier: MIT */
/* overlay/gateway/table.h - a table of numbers by numbers: what the gateway knows by a handle of
 * the core, of its actors, of its sockets. Volatile; grows as it must. */
#ifndef GW_TABLE_H
#define GW_TABLE_H

#include <ax/actor.h>
#include <stdbool.h>
#include <stdint.h>

struct gw_pair {
    uint64_t key, value; /* key 0: free */
};

struct gw_table {
    struct gw_pair *pairs;
    uint32_t room, used; /* room: a power of two, or 0 */
};

/* `key` is not 0. 0 or -ENOMEM, with nothing changed. */
AX_MUST_USE int gw_table_put(struct gw_table *table, uint64_t key, uint64_t value);
/* False: it is not there. `value` may be NULL. */
bool gw_table_get(const struct gw_table *table, uint64_t key, uint64_t *value);
/* The same, and removes it. */
bool gw_table_take(struct gw_table *table, uint64_t key, uint64_t *value);
/* The next pair from *at on, which is 0 at first; NULL: there are no more. The table must not be
 * changed meanwhile, but for the value. */
struct gw_pair *gw_table_next(const struct gw_table *table, uint32_t *at);

#endif
