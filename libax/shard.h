/* SPDX-License-Identifier: MIT */
/* libax/shard.h - the hash by which all nodes of a cluster come to the same shard of a key, and the
 * same node for a shard: axactor's, to the bit. Not for keys that an enemy chooses so that they
 * fall into one shard: there is no secret in it. */
#ifndef LIBAX_SHARD_H
#define LIBAX_SHARD_H

#include <ax/types.h>

#define SHARD_SEED 0x51f715a3d9eac3b1ull
#define SHARD_FNV_OFFSET 0xcbf29ce484222325ull
#define SHARD_PRIME 0x1000000001b3ull /* axactor's: not FNV's own, 0x100000001b3 */

/* The 64-bit finalizer of MurmurHash3 (Appleby). */
static inline uint64_t shard_mix(uint64_t h)
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
    return h ^ h >> 33;
}

/* Parts, each with its length, so that ("ab", "c") is not ("a", "bc"). The bytes are spread as FNV
 * does, with the finalizer between the parts. */
static inline uint64_t shard_hash(const struct ax_span *parts, size_t n)
{
    uint64_t h = SHARD_SEED ^ SHARD_FNV_OFFSET;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bytes = (const uint8_t *)parts[i].ptr;
        h = shard_mix(h ^ parts[i].len);
        for (uint32_t k = 0; k < parts[i].len; k++)
            h = (h ^ bytes[k]) * SHARD_PRIME;
        h = shard_mix(h ^ 0xff);
    }
    return shard_mix(h);
}

/* Below `shards` > 0. */
static inline uint32_t shard_of(struct ax_span key, uint32_t shards)
{
    return (uint32_t)(shard_hash(&key, 1) % shards);
}

#endif
