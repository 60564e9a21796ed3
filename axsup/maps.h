/* SPDX-License-Identifier: MIT */
/* maps.h - looking into the kept maps of an actor, whose worker may be busy, hung or dead. */
#ifndef SUP_MAPS_H
#define SUP_MAPS_H

#include "axsup/sup.h"

struct sup_map_entry { /* copies; the buffers are used again by the next one */
    uint8_t *key, *value;
    uint32_t key_len, value_len;
    uint64_t room; /* of both */
};

/* Entries of map `number`, as of a committed turn. 0; AX_E_NO_ACTOR; AX_E_TIMEOUT: it changes too
 * fast now. */
int sup_map_count(struct sup *sup, const struct sup_actor *actor, uint32_t number, uint64_t *count);

/* The next entry from *cursor on, which is 0 at first and below 2^48; its value only where its key
 * begins with `prefix`: *match. Each entry is that of a committed turn, and one that is there all
 * the time comes once. AX_E_NO_KEY: there is none among the next buckets; the walk goes on from
 * *cursor, or has ended where that is SUP_MAP_END. Also -ENOMEM, and as above. */
#define SUP_MAP_END (UINT64_C(1) << 48)
int sup_map_next(struct sup *sup, const struct sup_actor *actor, uint32_t number, uint64_t *cursor,
                 const char *prefix, struct sup_map_entry *entry, bool *match);
void sup_map_entry_deinit(struct sup_map_entry *entry);

#endif
