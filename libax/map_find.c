/* SPDX-License-Identifier: MIT */
/* libax/map_find.c - where a key of a kept map is.
 *
 * In a large map a lookup waits twice for memory, for the bucket and for the entry. Nothing can be
 * done about one lookup, but a processor has several of a handler's lookups under way at a time, as
 * many as fit among the some hundred instructions that it looks ahead, provided that it need not
 * guess at which one comes next. So what counts here is few instructions, and no branch on what is
 * not known before memory has answered, but for those that always go the same way. */
#include "libax/map.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

uint32_t map_segment(const struct shm_port *port, const struct shm_map *map, uint32_t segment)
{
    uint32_t index;
    if (segment < SHM_MAP_SMALL)
        return map->small[segment];
    uint32_t directory = shm_map_directory_of(segment, &index);
    return ((const uint32_t *)shm_unit(port, map->directory[directory]))[index];
}

static inline struct shm_map_bucket *bucket_of(const struct shm_port *port,
                                               const struct shm_map *map, uint32_t number)
{
    uint32_t segment = shm_map_segment_of(number);
    uint32_t unit = map_segment(port, map, segment) + number - shm_map_segment_first(segment);
    return (struct shm_map_bucket *)shm_unit(port, unit);
}

struct shm_map_bucket *map_bucket(const struct shm_port *port, const struct shm_map *map,
                                  uint32_t number)
{
    return bucket_of(port, map, number);
}

/* ---- a key ---- */

static inline uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline bool same_key(const struct shm_map_entry *entry, struct ax_span key)
{
    const uint8_t *mine = entry->data, *other = key.ptr;
    if (shm_map_key_len(entry) != key.len)
        return false;
    if (shm_unlikely(key.len < 8 || key.len > 16))
        return key.len == 0 || memcmp(mine, other, key.len) == 0;
    uint32_t last = key.len - 8; /* the two words overlap where it has less than 16 bytes */
    return ((word_at(mine) ^ word_at(other)) | (word_at(mine + last) ^ word_at(other + last))) == 0;
}

/* A bit for each slot with this hash. Without a branch, see above. */
static inline uint32_t slots_with(const struct shm_map_bucket *bucket, uint32_t hash)
{
#ifdef __SSE2__
    const float *at = (const float *)(const void *)bucket;
    const __m128i want = _mm_set1_epi32((int)hash);
    __m128i same[2];
    for (uint32_t i = 0; i < 2; i++, at += 8) /* the upper halves of four slots each */
        same[i] = _mm_cmpeq_epi32(
            want, _mm_castps_si128(_mm_shuffle_ps(_mm_load_ps(at), _mm_load_ps(at + 4), 0xdd)));
    __m128i both = _mm_packs_epi32(same[0], same[1]);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(both, both)) & ((1u << SHM_MAP_SLOTS) - 1);
#else
    uint32_t set = 0;
    for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
        set |= (uint32_t)(bucket->slot[i] >> 32 == hash) << i;
    return set;
#endif
}

/* The slot of a key in a bucket and what it overflows into; NULL: it is not there. *alike says
 * whether another key has the same hash. */
static inline uint64_t *slot_of(const struct shm_port *port, struct shm_map_bucket *first,
                                uint32_t hash, struct ax_span key, bool *alike)
{
    struct shm_map_bucket *b = first;
    do {
        for (uint32_t set = slots_with(b, hash); set != 0; set &= set - 1) {
            uint64_t *slot = &b->slot[__builtin_ctz(set)];
            if (shm_unlikely(*slot == 0)) /* the hash is 0 */
                continue;
            if (shm_likely(same_key(shm_map_entry_at(port, *slot), key)))
                return slot;
            *alike = true;
        }
        b = map_more(port, b);
    } while (shm_unlikely(b != NULL));
    return NULL;
}

const struct shm_map_entry *map_look(const struct shm_port *port, const struct shm_map *map,
                                     struct ax_span key)
{
    uint32_t hash = shm_map_hash(map, key.ptr, key.len);
    bool alike = false;
    const uint64_t *slot = slot_of(
        port, bucket_of(port, map, shm_map_bucket_of(hash, map->buckets)), hash, key, &alike);
    return slot == NULL ? NULL : shm_map_entry_at(port, *slot);
}

/* The least tie that no entry with this hash has. */
static uint32_t free_tie(const struct shm_port *port, const struct shm_map_bucket *first,
                         uint32_t hash)
{
    for (uint32_t tie = 0;; tie++) {
        bool taken = false;
        for (const struct shm_map_bucket *b = first; b != NULL && !taken; b = map_more(port, b))
            for (uint32_t i = 0; i < SHM_MAP_SLOTS && !taken; i++)
                taken = b->slot[i] != 0 && b->slot[i] >> 32 == hash &&
                        shm_map_tie(shm_map_entry_at(port, b->slot[i])) == tie;
        if (!taken)
            return tie;
    }
}

/* The first free slot in a bucket and what it overflows into. */
static void find_free(const struct shm_port *port, struct shm_map_bucket *bucket,
                      struct map_place *place)
{
    for (; bucket != NULL; bucket = map_more(port, bucket)) {
        place->bucket = bucket;
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
            if (bucket->slot[i] == 0) {
                place->slot = &bucket->slot[i];
                return;
            }
    }
}

void map_find(const struct shm_port *port, const struct shm_map *map, uint32_t hash,
              struct ax_span key, struct map_place *place)
{
    struct shm_map_bucket *first = bucket_of(port, map, shm_map_bucket_of(hash, map->buckets));
    bool alike = false;
    *place = (struct map_place){.slot = slot_of(port, first, hash, key, &alike)};
    if (place->slot != NULL) {
        place->entry = shm_map_entry_at(port, *place->slot);
        place->tie = shm_map_tie(place->entry);
        return;
    }
    find_free(port, first, place);
    if (shm_unlikely(alike))
        place->tie = free_tie(port, first, hash);
}
