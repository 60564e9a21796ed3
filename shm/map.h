/* SPDX-License-Identifier: MIT */
/* shm/map.h - how a kept map lies in the arena: linear hashing (Litwin, VLDB 1980; Larson, CACM
 * 31(4), 1988) with a line for each bucket.
 *
 *   more.maps -> roots -> map -> segments of buckets -> entries
 *                              \_ directories of segments
 *
 * An entry never changes: a put makes a new one and swings the slot that points to it, a word of
 * the undo log; so whoever looks from outside sees an old entry or a new one. A slot has 32 bits of
 * the key's hash beside the entry's place, so that a lookup touches one line of buckets and one
 * entry.
 *
 * There are `buckets` buckets, 1 at least. Of a hash the low bits name the bucket: as many as
 * number the next power of two, or one less where that names a bucket that is not there. The table
 * grows by splitting one bucket and shrinks by joining two, so no turn changes more than a few
 * words; what lies behind the last bucket, pointers to segments included, means nothing.
 *
 * Segments double in size up to SHM_MAP_SEGMENT buckets, from there on they are of that size and
 * their places are in directories: a map of three keys needs three units and a large one no block
 * above 64 KiB.
 *
 * The order of a walk is that of the hash read backwards, from the lowest bit. A bucket is a
 * stretch of that order, and its two halves are the buckets that a split makes of it, so the order
 * stays whatever the size. Keys of one hash differ in `tie`. */
#ifndef SHM_MAP_H
#define SHM_MAP_H

#include "shm/arena.h"
#include "shm/cmac.h"
#include "shm/siphash.h"

#define SHM_MAP_SLOTS 7u
#define SHM_MAP_ORDER 3u         /* of a map's block */
#define SHM_MAP_SMALL 11u        /* segments of 1, 1, 2, 4 ... 512 buckets */
#define SHM_MAP_SEGMENT_BITS 10u /* a full segment has 1024 buckets */
#define SHM_MAP_SEGMENT (1u << SHM_MAP_SEGMENT_BITS)
#define SHM_MAP_DIRECTORY_BITS 12u /* a directory has 4096 segments */
#define SHM_MAP_DIRECTORY (1u << SHM_MAP_DIRECTORY_BITS)
#define SHM_MAP_DIRECTORY_ORDER 8u
#define SHM_MAP_DIRECTORIES 32u
#define SHM_MAP_BUCKETS                                                                            \
    (SHM_MAP_DIRECTORIES << (SHM_MAP_DIRECTORY_BITS + SHM_MAP_SEGMENT_BITS)) /* at most */
#define SHM_MAP_KEY_BITS 17u
#define SHM_MAP_KEY_MAX 65536u

struct shm_map_bucket {           /* a unit; also what a bucket overflows into */
    uint64_t slot[SHM_MAP_SLOTS]; /* hash << 32 | unit of the entry; 0: free */
    uint32_t more;                /* unit of the next, 0: none */
    uint32_t spare;
};
_Static_assert(sizeof(struct shm_map_bucket) == SHM_UNIT, "a bucket is a unit");

struct shm_map_entry {
    uint32_t value_len;
    uint32_t key;   /* bytes of the key, and from SHM_MAP_KEY_BITS on the tie */
    uint8_t data[]; /* the key; the value at the next multiple of 8 */
};

struct shm_map {
    uint64_t count, buckets;
    uint32_t next; /* unit of the next map that is being given back */
    uint32_t small[SHM_MAP_SMALL];
    uint32_t directory[SHM_MAP_DIRECTORIES];
    struct shm_cmac secret; /* of the hash; for SipHash the first key alone */
};
_Static_assert(sizeof(struct shm_map) <= SHM_UNIT << SHM_MAP_ORDER, "a map's block");

struct shm_map_roots { /* a unit; each field is logged before it changes */
    uint32_t dead;     /* unit of the first map that is being given back */
    uint32_t count;    /* of `map`, never changed */
    uint32_t map[14];  /* units, 0: empty */
};
_Static_assert(sizeof(struct shm_map_roots) == SHM_UNIT, "the roots are a unit");

/* ---- entries ---- */

static inline uint32_t shm_map_key_len(const struct shm_map_entry *entry)
{
    return entry->key & ((1u << SHM_MAP_KEY_BITS) - 1);
}

static inline uint32_t shm_map_tie(const struct shm_map_entry *entry)
{
    return entry->key >> SHM_MAP_KEY_BITS;
}

static inline uint64_t shm_map_entry_size(uint32_t key_len, uint32_t value_len)
{
    return sizeof(struct shm_map_entry) + ((key_len + 7ull) & ~7ull) + value_len;
}

static inline const uint8_t *shm_map_value(const struct shm_map_entry *entry)
{
    return entry->data + ((shm_map_key_len(entry) + 7u) & ~7u);
}

static inline struct shm_map_entry *shm_map_entry_at(const struct shm_port *port, uint64_t slot)
{
    return (struct shm_map_entry *)shm_unit(port, (uint32_t)slot);
}

/* Secret, so that nobody can make keys that fall into one bucket, also who sees in which order a
 * walk gives them. */
static inline uint32_t shm_map_hash(const struct shm_map *map, const void *key, uint32_t len)
{
    if (shm_likely(shm_cmac_there()))
        return (uint32_t)shm_cmac(&map->secret, key, len);
    return (uint32_t)shm_sip_hash(map->secret.key[0], key, len, 1, 3);
}

/* ---- buckets ---- */

static inline uint32_t shm_log2(uint64_t n)
{
    return 63u - (uint32_t)__builtin_clzll(n);
}

static inline uint32_t shm_map_bucket_of(uint32_t hash, uint64_t buckets)
{
    uint32_t low = UINT32_MAX >> __builtin_clz((uint32_t)buckets), number = hash & low;
    return number < buckets ? number : number & (low >> 1);
}

/* How many bits of the hash name this bucket. */
static inline uint32_t shm_map_depth(uint32_t bucket, uint64_t buckets)
{
    uint32_t level = shm_log2(buckets);
    uint64_t half = 1ull << level;
    return level + (bucket >= half || bucket < buckets - half);
}

/* The segment of a bucket: of the small ones its number, else that minus SHM_MAP_SMALL is its place
 * in the directories. */
static inline uint32_t shm_map_segment_of(uint32_t bucket)
{
    if (bucket >= SHM_MAP_SEGMENT)
        return SHM_MAP_SMALL - 1 + (bucket >> SHM_MAP_SEGMENT_BITS);
    return bucket == 0 ? 0 : shm_log2(bucket) + 1;
}

static inline uint32_t shm_map_segment_first(uint32_t segment)
{
    if (segment >= SHM_MAP_SMALL)
        return (segment - SHM_MAP_SMALL + 1) << SHM_MAP_SEGMENT_BITS;
    return segment == 0 ? 0 : 1u << (segment - 1);
}

static inline uint32_t shm_map_segment_order(uint32_t segment)
{
    if (segment >= SHM_MAP_SMALL)
        return SHM_MAP_SEGMENT_BITS;
    return segment == 0 ? 0 : segment - 1;
}

/* Where a large segment's place is written: the directory, and the index in it. */
static inline uint32_t shm_map_directory_of(uint32_t segment, uint32_t *index)
{
    uint32_t number = segment - SHM_MAP_SMALL + 1;
    *index = number & (SHM_MAP_DIRECTORY - 1);
    return number >> SHM_MAP_DIRECTORY_BITS;
}

/* ---- the order of a walk ---- */

static inline uint32_t shm_reverse(uint32_t x)
{
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(x);
}

/* Behind the last place of a bucket in which `place` (a hash read backwards) lies; 2^32 at most. */
static inline uint64_t shm_map_behind(uint32_t place, uint64_t buckets)
{
    uint32_t bucket = shm_map_bucket_of(shm_reverse(place), buckets);
    uint32_t shift = 32 - shm_map_depth(bucket, buckets);
    return (((uint64_t)place >> shift) + 1) << shift;
}

#endif
