/* SPDX-License-Identifier: MIT */
/* shm/geometry.h - sizes and offsets, at the head of each private and public segment. A process
 * takes its own from its boot record, never from memory that a peer could have changed. */
#ifndef SHM_GEOMETRY_H
#define SHM_GEOMETRY_H

#include "shm/atomic.h"

#define SHM_SLOTS 64u
#define SHM_MAGIC 0x316d68732d7861ull /* "ax-shm1" */
#define SHM_ABI 1u
#define SHM_UNIT 64u /* the arena's grain, bytes */

struct shm_geometry { /* written once, by axsup */
    uint64_t magic;
    uint32_t abi, slot, slots;
    uint32_t leases; /* of shards; of the gateway, and where actors of their keys are */
    uint64_t private_bytes, public_bytes, edge_bytes;
    uint32_t actors; /* records, index 0 unused */
    uint32_t units;  /* of the arena when it has grown to its limit; unit 0 unused */
    uint32_t events, letters;
    uint32_t data_ring, control_ring; /* bytes, powers of two */
    uint32_t max_message;
    uint32_t names;      /* entries in axsup's names table */
    uint32_t members;    /* entries of the table of memberships */
    uint32_t histograms; /* of the first records, from 1 */
    uint64_t actor_off, cold_off, event_off, letter_off, tells_off, arena_off; /* private */
    uint64_t directory_off, depth_off, meter_off, histogram_off, name_off, member_off,
        lease_off; /* public */
};

/* Bytes of the private segment that have memory when so many units of the arena do. */
static inline uint64_t shm_private_there(const struct shm_geometry *geo, uint32_t units)
{
    return units >= geo->units ? geo->private_bytes : geo->arena_off + (uint64_t)units * SHM_UNIT;
}

#endif
