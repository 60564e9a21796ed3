/* SPDX-License-Identifier: MIT */
/* libax/map.c - the calls of <ax/map.h>. An actor's maps are made when something is first put into
 * them, and are no more when they are cleared. Puts leave the arena what mail needs, twice: an
 * actor whose maps are full can still be told to delete. */
#include <ax/map.h>

#include "libax/map.h"
#include "libax/memory.h"
#include "libax/more.h"
#include "libax/send.h"

#include <string.h>

#define PUT_WORDS 8u /* that a put logs, beside what map_grow asks for itself */
#define COPY_MOST 128u
#define PUT_UNITS 16u /* of the arena, beside the entry */

static bool named(const struct ax_ctx *ctx, unsigned number)
{
    return ctx->type->maps != NULL && number < ctx->type->maps->count;
}

/* NULL: it is empty, or there is no such map. */
static inline __attribute__((always_inline)) struct shm_map *map_of(const struct ax_ctx *ctx,
                                                                    unsigned number)
{
    const struct shm_port *port = &ctx->worker->port;
    const struct shm_map_roots *roots = map_roots(port, ctx->actor);
    if (roots == NULL || number >= roots->count || roots->map[number] == 0)
        return NULL;
    return shm_unit(port, roots->map[number]);
}

static void show(const struct shm_map_entry *entry, struct ax_span *key, struct ax_span *value)
{
    if (key != NULL)
        *key = (struct ax_span){entry->data, shm_map_key_len(entry)};
    if (value != NULL)
        *value = (struct ax_span){shm_map_value(entry), entry->value_len};
}

/* ---- put ---- */

static struct shm_map_roots *make_roots(struct ax_ctx *ctx)
{
    struct worker *w = ctx->worker;
    struct shm_more *more = more_get(w, ctx->actor);
    if (more == NULL)
        return NULL;
    if (more->maps == 0) {
        uint32_t unit = shm_arena_take(&w->port, 0);
        if (unit == 0)
            return NULL;
        struct shm_map_roots *roots = shm_unit(&w->port, unit);
        memset(roots, 0, sizeof *roots);
        roots->count = ctx->type->maps->count;
        shm_set(&w->port, &more->maps, unit);
    }
    return map_roots(&w->port, ctx->actor);
}

static struct shm_map *make_map(struct ax_ctx *ctx, unsigned number)
{
    struct worker *w = ctx->worker;
    struct shm_map *map = map_of(ctx, number);
    if (shm_likely(map != NULL))
        return map;
    struct shm_map_roots *roots = make_roots(ctx);
    uint32_t unit = roots == NULL ? 0 : map_new(w);
    if (unit == 0)
        return NULL;
    shm_set(&w->port, &roots->map[number], unit);
    return map_of(ctx, number);
}

/* A few bytes by words: who calls has often just written them so, and a processor that is to load
 * more at a time than was stored waits for the end of all that it has under way. */
static inline void copy(uint8_t *to, struct ax_span span)
{
    const uint8_t *from = span.ptr;
    uint32_t left = span.len;
    if (shm_unlikely(left % 8 != 0 || left > COPY_MOST)) {
        memcpy(to, from, left);
        return;
    }
    for (; left != 0; left -= 8, to += 8, from += 8) {
        uint64_t word;
        memcpy(&word, from, sizeof word);
        __asm__("" : "+r"(word)); /* else a compiler makes it one call */
        memcpy(to, &word, sizeof word);
    }
}

static void fill(struct shm_map_entry *entry, struct ax_span key, struct ax_span value,
                 uint32_t tie)
{
    entry->value_len = value.len;
    entry->key = key.len | tie << SHM_MAP_KEY_BITS;
    copy(entry->data, key);
    copy((uint8_t *)(uintptr_t)shm_map_value(entry), value);
}

static void give_entry(struct worker *w, uint64_t slot, const struct shm_map_entry *entry)
{
    uint64_t size = shm_map_entry_size(shm_map_key_len(entry), entry->value_len);
    shm_arena_give(&w->port, (uint32_t)slot, shm_order_of(size));
}

/* The entry that it replaces goes, or there is one more. */
static int put(struct worker *w, struct shm_map *map, struct ax_span key, struct ax_span value,
               uint32_t order)
{
    struct map_place place;
    uint32_t hash = shm_map_hash(map, key.ptr, key.len);
    map_find(&w->port, map, hash, key, &place);
    uint32_t unit;
    while ((unit = shm_arena_take(&w->port, order)) == 0)
        if (!memory_more(w))
            return AX_E_NO_MEMORY;
    uint64_t *slot = place.slot != NULL ? place.slot : map_overflow(w, place.bucket);
    if (slot == NULL) {
        shm_arena_give(&w->port, unit, order);
        return AX_E_NO_MEMORY;
    }
    fill(shm_unit(&w->port, unit), key, value, place.tie);
    if (place.entry != NULL)
        give_entry(w, *slot, place.entry);
    shm_set(&w->port, slot, (uint64_t)hash << 32 | unit);
    if (place.entry == NULL) {
        shm_set(&w->port, &map->count, map->count + 1);
        map_grow(w, map);
    }
    return 0;
}

int ax_map_put(struct ax_ctx *ctx, unsigned number, struct ax_span key, struct ax_span value)
{
    struct worker *w = ctx->worker;
    if (!named(ctx, number))
        return AX_E_INVALID;
    if (key.len > AX_MAP_KEY_MAX || value.len > w->port.geo.max_message)
        return AX_E_TOO_BIG;
    if (!shm_log_room(&w->port, LOG_MARGIN + PUT_WORDS))
        return AX_E_LIMIT;
    uint32_t order = shm_order_of(shm_map_entry_size(key.len, value.len));
    if (!memory_room(w, (1u << order) + PUT_UNITS + 2 * memory_least(w)))
        return AX_E_NO_MEMORY;
    struct shm_map *map = make_map(ctx, number);
    return map == NULL ? AX_E_NO_MEMORY : put(w, map, key, value, order);
}

/* ---- the others ---- */

int ax_map_get(struct ax_ctx *ctx, unsigned number, struct ax_span key, struct ax_span *value)
{
    const struct shm_map *map = map_of(ctx, number);
    if (shm_unlikely(map == NULL || key.len > AX_MAP_KEY_MAX))
        return named(ctx, number) ? AX_E_NO_KEY : AX_E_INVALID;
    const struct shm_map_entry *entry = map_look(&ctx->worker->port, map, key);
    if (entry == NULL)
        return AX_E_NO_KEY;
    show(entry, NULL, value);
    return 0;
}

int ax_map_delete(struct ax_ctx *ctx, unsigned number, struct ax_span key)
{
    struct worker *w = ctx->worker;
    struct map_place place;
    if (!named(ctx, number))
        return AX_E_INVALID;
    struct shm_map *map = map_of(ctx, number);
    if (map == NULL || key.len > AX_MAP_KEY_MAX)
        return AX_E_NO_KEY;
    if (!shm_log_room(&w->port, LOG_MARGIN + PUT_WORDS))
        return AX_E_LIMIT;
    uint32_t hash = shm_map_hash(map, key.ptr, key.len);
    map_find(&w->port, map, hash, key, &place);
    if (place.entry == NULL)
        return AX_E_NO_KEY;
    give_entry(w, *place.slot, place.entry);
    map_remove(w, map, hash, place.slot);
    shm_set(&w->port, &map->count, map->count - 1);
    map_shrink(w, map);
    map_shrink(w, map); /* faster than deletes make it too large */
    return 0;
}

uint64_t ax_map_count(struct ax_ctx *ctx, unsigned number)
{
    const struct shm_map *map = map_of(ctx, number);
    return map == NULL ? 0 : map->count;
}

int ax_map_clear(struct ax_ctx *ctx, unsigned number)
{
    struct worker *w = ctx->worker;
    if (!named(ctx, number))
        return AX_E_INVALID;
    if (map_of(ctx, number) == NULL)
        return 0;
    if (!shm_log_room(&w->port, LOG_MARGIN + PUT_WORDS))
        return AX_E_LIMIT;
    map_detach(w, map_roots(&w->port, ctx->actor), number);
    return 0;
}

/* ---- walk ---- */

/* The first entry of a bucket from `cursor` on, which is {hash read backwards << 32 | tie}. */
static const struct shm_map_entry *first_from(const struct shm_port *port,
                                              const struct shm_map_bucket *bucket, uint64_t cursor,
                                              uint64_t *at)
{
    const struct shm_map_entry *best = NULL;
    for (; bucket != NULL; bucket = map_more(port, bucket))
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++) {
            uint64_t slot = bucket->slot[i], place = shm_reverse((uint32_t)(slot >> 32));
            if (slot == 0 || place < cursor >> 32 || (best != NULL && place > *at >> 32))
                continue;
            const struct shm_map_entry *entry = shm_map_entry_at(port, slot);
            place = place << 32 | shm_map_tie(entry);
            if (place < cursor || (best != NULL && place >= *at))
                continue;
            best = entry;
            *at = place;
        }
    return best;
}

int ax_map_next(struct ax_ctx *ctx, unsigned number, uint64_t *cursor, struct ax_span *key,
                struct ax_span *value)
{
    const struct shm_port *port = &ctx->worker->port;
    if (!named(ctx, number))
        return AX_E_INVALID;
    const struct shm_map *map = map_of(ctx, number);
    for (uint64_t from = *cursor, at = 0; map != NULL && from != UINT64_MAX;) {
        uint32_t place = (uint32_t)(from >> 32);
        uint32_t bucket = shm_map_bucket_of(shm_reverse(place), map->buckets);
        const struct shm_map_entry *entry =
            first_from(port, map_bucket(port, map, bucket), from, &at);
        if (entry != NULL) {
            *cursor = at + 1;
            show(entry, key, value);
            return 0;
        }
        uint64_t behind = shm_map_behind(place, map->buckets);
        from = behind >> 32 ? UINT64_MAX : behind << 32;
    }
    *cursor = UINT64_MAX;
    return AX_E_NO_KEY;
}
