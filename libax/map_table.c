/* SPDX-License-Identifier: MIT */
/* libax/map_table.c - the buckets of a kept map; see shm/map.h for how they lie.
 *
 * What a turn writes into a bucket that is part of the map is logged. What it writes behind the
 * last one is not: that becomes part of the map by the logged word `buckets` alone. So a turn that
 * has joined two buckets, and could be undone to where the second was there, makes no new one.
 *
 * A split or a join that does not fit into the turn or the arena is left out: the next put or
 * delete tries again, and the bucket overflows meanwhile. */
#include "libax/map.h"

#include "libax/send.h"

#include <sodium.h>
#include <string.h>

#define GROW_AT 7u       /* half entries a bucket on average: above 3.5 one more */
#define SHRINK_AT 7u     /* eighths: below 0.875 one less */
#define CHAIN_MOST 63u   /* entries of a bucket that is split or joined; more there never are */
#define SPLIT_WORDS 128u /* that moving CHAIN_MOST entries may log */

uint64_t *map_overflow(struct worker *w, struct shm_map_bucket *last)
{
    uint32_t unit = shm_arena_take(&w->port, 0);
    if (unit == 0)
        return NULL;
    struct shm_map_bucket *bucket = shm_unit(&w->port, unit);
    memset(bucket, 0, sizeof *bucket);
    shm_set(&w->port, &last->more, unit);
    return &bucket->slot[0];
}

static bool holds_nothing(const struct shm_map_bucket *bucket)
{
    for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
        if (bucket->slot[i] != 0)
            return false;
    return true;
}

void map_remove(struct worker *w, struct shm_map *map, uint32_t hash, uint64_t *slot)
{
    struct shm_map_bucket *before =
        map_bucket(&w->port, map, shm_map_bucket_of(hash, map->buckets));
    shm_set(&w->port, slot, 0);
    for (struct shm_map_bucket *b; (b = map_more(&w->port, before)) != NULL; before = b) {
        if (slot < b->slot || slot >= b->slot + SHM_MAP_SLOTS)
            continue;
        if (holds_nothing(b)) {
            shm_arena_give(&w->port, before->more, 0);
            shm_set(&w->port, &before->more, b->more);
        }
        return;
    }
}

/* ---- all entries of a bucket ---- */

struct chain {
    uint64_t slot[CHAIN_MOST];
    uint32_t count;
};

/* False: there are too many. */
static bool gather(const struct shm_port *port, const struct shm_map_bucket *bucket,
                   struct chain *chain)
{
    for (; bucket != NULL; bucket = map_more(port, bucket))
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++) {
            if (bucket->slot[i] == 0)
                continue;
            if (chain->count == CHAIN_MOST)
                return false;
            chain->slot[chain->count++] = bucket->slot[i];
        }
    return true;
}

static void give_overflow(struct worker *w, const struct shm_map_bucket *bucket)
{
    for (; bucket->more != 0; bucket = map_more(&w->port, bucket))
        shm_arena_give(&w->port, bucket->more, 0);
}

/* Makes the bucket hold just these; it has the room. */
static void scatter(struct worker *w, struct shm_map_bucket *bucket, const struct chain *chain)
{
    uint32_t n = 0;
    for (struct shm_map_bucket *next; bucket != NULL; bucket = next) {
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++) {
            uint64_t slot = n < chain->count ? chain->slot[n++] : 0;
            if (bucket->slot[i] != slot)
                shm_set(&w->port, &bucket->slot[i], slot);
        }
        next = map_more(&w->port, bucket);
        if (n < chain->count || next == NULL)
            continue;
        give_overflow(w, bucket); /* nobody needs the rest */
        shm_set(&w->port, &bucket->more, 0);
        next = NULL;
    }
}

/* Gives the bucket room for `count` entries in all. False: no memory; it has more room than
 * before at most. */
static bool make_room(struct worker *w, struct shm_map_bucket *bucket, uint32_t count)
{
    for (uint32_t room = SHM_MAP_SLOTS; room < count; room += SHM_MAP_SLOTS) {
        if (bucket->more == 0 && map_overflow(w, bucket) == NULL)
            return false;
        bucket = map_more(&w->port, bucket);
    }
    return true;
}

/* ---- segments ---- */

static bool take_segment(struct worker *w, struct shm_map *map, uint32_t segment)
{
    uint32_t index, *where = &map->small[segment < SHM_MAP_SMALL ? segment : 0];
    if (segment >= SHM_MAP_SMALL) {
        uint32_t directory = shm_map_directory_of(segment, &index);
        if (index == 0 || segment == SHM_MAP_SMALL) { /* the first one in it */
            uint32_t unit = shm_arena_take(&w->port, SHM_MAP_DIRECTORY_ORDER);
            if (unit == 0)
                return false;
            map->directory[directory] = unit;
        }
        where = (uint32_t *)shm_unit(&w->port, map->directory[directory]) + index;
    }
    *where = shm_arena_take(&w->port, shm_map_segment_order(segment));
    return *where != 0;
}

/* The map ends before this segment. */
static void give_segment(struct worker *w, const struct shm_map *map, uint32_t segment)
{
    uint32_t index;
    shm_arena_give(&w->port, map_segment(&w->port, map, segment), shm_map_segment_order(segment));
    if (segment < SHM_MAP_SMALL)
        return;
    uint32_t directory = shm_map_directory_of(segment, &index);
    if (index == 0 || segment == SHM_MAP_SMALL)
        shm_arena_give(&w->port, map->directory[directory], SHM_MAP_DIRECTORY_ORDER);
}

static bool first_of_segment(uint32_t number)
{
    return number == shm_map_segment_first(shm_map_segment_of(number));
}

static void make_secret(struct shm_map *map)
{
    uint8_t key[sizeof map->secret.key[0]];
    randombytes_buf(key, sizeof key);
    memcpy(map->secret.key[0], key, sizeof key);
    if (shm_cmac_there())
        shm_cmac_key(&map->secret, key);
}

uint32_t map_new(struct worker *w)
{
    uint32_t unit = shm_arena_take(&w->port, SHM_MAP_ORDER);
    if (unit == 0)
        return 0;
    struct shm_map *map = shm_unit(&w->port, unit);
    memset(map, 0, sizeof *map);
    make_secret(map);
    if (!take_segment(w, map, 0)) {
        shm_arena_give(&w->port, unit, SHM_MAP_ORDER);
        return 0;
    }
    memset(map_bucket(&w->port, map, 0), 0, sizeof(struct shm_map_bucket));
    map->buckets = 1;
    return unit;
}

/* ---- one more bucket, one less ---- */

static bool room_to_move(const struct worker *w)
{
    return shm_log_room(&w->port, LOG_MARGIN + SPLIT_WORDS);
}

/* The bucket `number` to be, which holds these. False: no memory, nothing is taken. */
static bool make_bucket(struct worker *w, struct shm_map *map, uint32_t number,
                        const struct chain *chain)
{
    uint32_t segment = shm_map_segment_of(number);
    bool first = first_of_segment(number);
    if (first && !take_segment(w, map, segment))
        return false;
    struct shm_map_bucket *bucket = map_bucket(&w->port, map, number);
    memset(bucket, 0, sizeof *bucket);
    if (!make_room(w, bucket, chain->count)) {
        give_overflow(w, bucket);
        if (first)
            give_segment(w, map, segment);
        return false;
    }
    for (uint32_t n = 0; n < chain->count; n++) {
        if (n != 0 && n % SHM_MAP_SLOTS == 0)
            bucket = map_more(&w->port, bucket);
        bucket->slot[n % SHM_MAP_SLOTS] = chain->slot[n];
    }
    return true;
}

static bool grow_now(const struct worker *w, const struct shm_map *map)
{
    return map->buckets < SHM_MAP_BUCKETS && w->map_joined != w->port.turn && room_to_move(w) &&
           shm_arena_left(&w->port) >= SHM_MAP_SEGMENT + (1u << SHM_MAP_DIRECTORY_ORDER);
}

void map_grow(struct worker *w, struct shm_map *map)
{
    struct chain all = {.count = 0}, stay = {.count = 0}, move = {.count = 0};
    uint64_t number = map->buckets;
    if (shm_likely(2 * map->count <= GROW_AT * number) || !grow_now(w, map))
        return;
    uint32_t level = shm_log2(number);
    struct shm_map_bucket *old = map_bucket(&w->port, map, (uint32_t)(number - (1ull << level)));
    if (!gather(&w->port, old, &all))
        return;
    for (uint32_t i = 0; i < all.count; i++) {
        struct chain *to = all.slot[i] >> (32 + level) & 1 ? &move : &stay;
        to->slot[to->count++] = all.slot[i];
    }
    if (!make_bucket(w, map, (uint32_t)number, &move))
        return;
    shm_set(&w->port, &map->buckets, number + 1);
    scatter(w, old, &stay);
}

void map_shrink(struct worker *w, struct shm_map *map)
{
    uint64_t last = map->buckets - 1;
    if (shm_likely(8 * map->count >= SHRINK_AT * map->buckets) || last == 0 || !room_to_move(w))
        return;
    struct shm_map_bucket *gone = map_bucket(&w->port, map, (uint32_t)last);
    struct shm_map_bucket *into =
        map_bucket(&w->port, map, (uint32_t)(last - (1ull << shm_log2(last))));
    struct chain both = {.count = 0};
    if (!gather(&w->port, into, &both) || !gather(&w->port, gone, &both) ||
        !make_room(w, into, both.count))
        return;
    scatter(w, into, &both);
    give_overflow(w, gone);
    shm_set(&w->port, &map->buckets, last);
    w->map_joined = w->port.turn;
    if (first_of_segment((uint32_t)last))
        give_segment(w, map, shm_map_segment_of((uint32_t)last));
}

/* ---- the end of a map ---- */

static void give_entry(struct worker *w, uint64_t slot)
{
    const struct shm_map_entry *entry = shm_map_entry_at(&w->port, slot);
    uint64_t size = shm_map_entry_size(shm_map_key_len(entry), entry->value_len);
    shm_arena_give(&w->port, (uint32_t)slot, shm_order_of(size));
}

bool map_give_bucket(struct worker *w, uint32_t unit, uint32_t *blocks)
{
    struct shm_map *map = shm_unit(&w->port, unit);
    uint32_t last = (uint32_t)map->buckets - 1;
    const struct shm_map_bucket *bucket = map_bucket(&w->port, map, last);
    for (const struct shm_map_bucket *b = bucket; b != NULL; b = map_more(&w->port, b)) {
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
            if (b->slot[i] != 0) {
                give_entry(w, b->slot[i]);
                ++*blocks;
            }
        if (b->more != 0)
            shm_arena_give(&w->port, b->more, 0);
    }
    *blocks += 1;
    if (first_of_segment(last))
        give_segment(w, map, shm_map_segment_of(last));
    if (last == 0)
        shm_arena_give(&w->port, unit, SHM_MAP_ORDER);
    else
        shm_set(&w->port, &map->buckets, last);
    return last == 0;
}
