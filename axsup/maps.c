/* SPDX-License-Identifier: MIT */
/* maps.c - a walk through somebody else's map, see shm/map.h for how it lies.
 *
 * What is read may be a lie or change meanwhile. Each place is bounded before it is looked at, a
 * key must have the hash under which it was found, and a look counts where at most one turn was
 * committed during it and the words that lead to the entry are what they were: an entry that a turn
 * gives back is not written again before the turn after the next. */
#include "axsup/maps.h"

#include "shm/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS 1000u
#define BUCKETS_A_STEP 512u
#define CHAIN_MOST 1000u /* of overflow; no map has that many */
#define TIE_BITS 15u     /* a cursor is {hash read backwards << TIE_BITS | tie} */

struct look {
    const struct sup *sup;
    const struct sup_memory *memory;
    uint32_t slot;
    uint64_t committed;
    uint64_t map; /* where it is, 0: it is empty */
    uint64_t buckets;
};

static uint64_t at_unit(const struct look *look, uint32_t unit)
{
    return look->memory->geo.arena_off + (uint64_t)unit * SHM_UNIT;
}

/* As committed. */
static bool word(const struct look *look, uint64_t where, uint64_t *value)
{
    return sup_memory_word(look->sup, look->slot, where, value);
}

/* Half of a word. */
static bool half(const struct look *look, uint64_t where, uint32_t *value)
{
    uint64_t both;
    if (!word(look, where & ~7ull, &both))
        return false;
    *value = (uint32_t)(where & 4 ? both >> 32 : both);
    return true;
}

static bool unit_there(const struct look *look, uint32_t unit, uint64_t bytes)
{
    return unit != 0 && unit < look->memory->units &&
           bytes <= (uint64_t)(look->memory->units - unit) * SHM_UNIT;
}

/* ---- from the actor to a bucket ---- */

static bool map_of(struct look *look, uint32_t index, uint32_t number)
{
    const struct sup_memory *memory = look->memory;
    uint64_t cold = memory->geo.cold_off + index * sizeof(struct shm_actor_cold);
    uint32_t more, roots = 0, map = 0;
    look->committed = shm_load_acquire(&look->sup->hub.port.peers[look->slot]->committed);
    look->map = look->buckets = 0;
    if (!half(look, cold + offsetof(struct shm_actor_cold, more), &more))
        return false;
    if (!unit_there(look, more, SHM_UNIT))
        return more == 0;
    if (!half(look, at_unit(look, more) + offsetof(struct shm_more, maps), &roots))
        return false;
    if (!unit_there(look, roots, SHM_UNIT))
        return roots == 0;
    uint64_t where = offsetof(struct shm_map_roots, map) + number * sizeof(uint32_t);
    if (!half(look, at_unit(look, roots) + where, &map))
        return false;
    if (!unit_there(look, map, SHM_UNIT << SHM_MAP_ORDER))
        return map == 0;
    look->map = at_unit(look, map);
    return word(look, look->map + offsetof(struct shm_map, buckets), &look->buckets) &&
           look->buckets != 0 && look->buckets <= SHM_MAP_BUCKETS;
}

/* Where a bucket is; 0: what leads to it makes no sense now. */
static uint64_t bucket_at(const struct look *look, uint32_t bucket)
{
    uint32_t segment = shm_map_segment_of(bucket), index, unit;
    uint64_t where = look->map + offsetof(struct shm_map, small) + segment * sizeof(uint32_t);
    if (segment >= SHM_MAP_SMALL) {
        uint32_t number = shm_map_directory_of(segment, &index), directory;
        where = look->map + offsetof(struct shm_map, directory) + number * sizeof(uint32_t);
        if (!half(look, where, &directory) ||
            !unit_there(look, directory, (uint64_t)SHM_UNIT << SHM_MAP_DIRECTORY_ORDER))
            return 0;
        where = at_unit(look, directory) + index * sizeof(uint32_t);
    }
    uint64_t bytes = (uint64_t)SHM_UNIT << shm_map_segment_order(segment);
    if (!half(look, where, &unit) || !unit_there(look, unit, bytes))
        return 0;
    return at_unit(look, unit + bucket - shm_map_segment_first(segment));
}

/* ---- in a bucket ---- */

struct found {
    uint64_t cursor, slot, where; /* where the slot is */
};

static uint32_t load(const struct look *look, uint64_t where)
{
    const uint8_t *base = (const uint8_t *)look->memory->view;
    return shm_load((const uint32_t *)(const void *)(base + where));
}

/* The first entry of a bucket from `cursor` on; found->slot 0: none. */
static bool first_from(const struct look *look, uint64_t bucket, uint64_t cursor,
                       struct found *found)
{
    uint32_t more;
    found->slot = 0;
    for (uint32_t chain = 0; chain < CHAIN_MOST; chain++) {
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++) {
            uint64_t slot, where = bucket + i * sizeof slot;
            if (!word(look, where, &slot))
                return false;
            if (slot == 0)
                continue;
            if (!unit_there(look, (uint32_t)slot, sizeof(struct shm_map_entry)))
                return false;
            uint32_t key =
                load(look, at_unit(look, (uint32_t)slot) + offsetof(struct shm_map_entry, key));
            uint64_t at =
                (uint64_t)shm_reverse((uint32_t)(slot >> 32)) << TIE_BITS | key >> SHM_MAP_KEY_BITS;
            if (at >= cursor && (found->slot == 0 || at < found->cursor))
                *found = (struct found){at, slot, where};
        }
        if (!half(look, bucket + offsetof(struct shm_map_bucket, more), &more))
            return false;
        if (!unit_there(look, more, SHM_UNIT))
            return more == 0;
        bucket = at_unit(look, more);
    }
    return false;
}

/* Nothing of what was read can have been written meanwhile. */
static bool stood(const struct look *look, uint64_t where, uint64_t value)
{
    uint64_t again, buckets;
    atomic_thread_fence(memory_order_acquire);
    if (!word(look, where, &again) || again != value ||
        !word(look, look->map + offsetof(struct shm_map, buckets), &buckets) ||
        buckets != look->buckets)
        return false;
    return shm_load(&look->sup->hub.port.peers[look->slot]->committed) - look->committed <= 1;
}

/* ---- an entry ---- */

static int make_room(struct sup_map_entry *entry, uint64_t room)
{
    if (entry->room >= room)
        return 0;
    sup_map_entry_deinit(entry);
    entry->key = malloc(SHM_MAP_KEY_MAX);
    entry->value = malloc(room);
    entry->room = room;
    if (entry->key != NULL && entry->value != NULL)
        return 0;
    sup_map_entry_deinit(entry);
    return -ENOMEM;
}

void sup_map_entry_deinit(struct sup_map_entry *entry)
{
    free(entry->key);
    free(entry->value);
    *entry = (struct sup_map_entry){0};
}

/* False: it makes no sense, now or at all. */
static bool copy(const struct look *look, const struct found *found, const char *prefix,
                 struct sup_map_entry *entry, bool *match)
{
    uint64_t where = at_unit(look, (uint32_t)found->slot);
    const uint8_t *base = (const uint8_t *)look->memory->view;
    const uint8_t *data = base + where + sizeof(struct shm_map_entry);
    size_t wanted = strlen(prefix);
    entry->value_len = load(look, where + offsetof(struct shm_map_entry, value_len));
    entry->key_len =
        load(look, where + offsetof(struct shm_map_entry, key)) & ((1u << SHM_MAP_KEY_BITS) - 1);
    if (entry->key_len > SHM_MAP_KEY_MAX || entry->value_len > look->memory->geo.max_message ||
        !unit_there(look, (uint32_t)found->slot,
                    shm_map_entry_size(entry->key_len, entry->value_len)))
        return false;
    memcpy(entry->key, data, entry->key_len);
    *match = entry->key_len >= wanted && memcmp(entry->key, prefix, wanted) == 0;
    if (*match)
        memcpy(entry->value, data + ((entry->key_len + 7u) & ~7u), entry->value_len);
    const struct shm_map *map = (const struct shm_map *)(const void *)(base + look->map);
    return shm_map_hash(map, entry->key, entry->key_len) == found->slot >> 32;
}

/* Looks through some buckets. */
static int look_on(struct look *look, uint32_t index, uint32_t number, uint64_t *cursor,
                   const char *prefix, struct sup_map_entry *entry, bool *match)
{
    struct found found = {0};
    for (uint32_t step = 0; step < BUCKETS_A_STEP; step++) {
        if (*cursor >= SUP_MAP_END)
            return AX_E_NO_KEY;
        if (!map_of(look, index, number))
            return AX_E_TIMEOUT;
        uint32_t place = (uint32_t)(*cursor >> TIE_BITS);
        if (look->map == 0 || *cursor >> TIE_BITS > UINT32_MAX) {
            *cursor = SUP_MAP_END;
            return AX_E_NO_KEY;
        }
        uint32_t bucket = shm_map_bucket_of(shm_reverse(place), look->buckets);
        uint64_t where = bucket_at(look, bucket);
        if (where == 0 || !first_from(look, where, *cursor, &found))
            return AX_E_TIMEOUT;
        if (found.slot != 0) {
            if (!copy(look, &found, prefix, entry, match) || !stood(look, found.where, found.slot))
                return AX_E_TIMEOUT;
            *cursor = found.cursor + 1;
            return 0;
        }
        uint64_t buckets_at = look->map + offsetof(struct shm_map, buckets);
        if (!stood(look, buckets_at, look->buckets))
            return AX_E_TIMEOUT;
        uint64_t behind = shm_map_behind(place, look->buckets);
        *cursor = behind >> 32 ? SUP_MAP_END : behind << TIE_BITS;
    }
    return AX_E_NO_KEY;
}

static struct look look_at(const struct sup *sup, const struct sup_actor *actor)
{
    return (struct look){
        .sup = sup, .memory = &sup->slots[actor->slot].memory, .slot = actor->slot};
}

int sup_map_next(struct sup *sup, const struct sup_actor *actor, uint32_t number, uint64_t *cursor,
                 const char *prefix, struct sup_map_entry *entry, bool *match)
{
    struct look look = look_at(sup, actor);
    uint32_t index = SHM_REF_INDEX(actor->ref);
    int error = make_room(entry, look.memory->geo.max_message + 1);
    if (error != 0)
        return error;
    if (index >= look.memory->geo.actors)
        return AX_E_NO_ACTOR;
    error = AX_E_TIMEOUT;
    for (unsigned tries = 0; tries < LOOKS && error == AX_E_TIMEOUT; tries++) {
        error = look_on(&look, index, number, cursor, prefix, entry, match);
        if (error == AX_E_TIMEOUT)
            shm_relax();
    }
    return error;
}

int sup_map_count(struct sup *sup, const struct sup_actor *actor, uint32_t number, uint64_t *count)
{
    struct look look = look_at(sup, actor);
    uint32_t index = SHM_REF_INDEX(actor->ref);
    *count = 0;
    if (index >= look.memory->geo.actors)
        return AX_E_NO_ACTOR;
    for (unsigned tries = 0; tries < LOOKS; tries++) {
        if (!map_of(&look, index, number))
            continue;
        if (look.map == 0 || (word(&look, look.map + offsetof(struct shm_map, count), count) &&
                              stood(&look, look.map + offsetof(struct shm_map, count), *count)))
            return 0;
    }
    return AX_E_TIMEOUT;
}
