/* SPDX-License-Identifier: MIT */
/* overlay/core/lease_store.h - what keeps leases: who owns a shard, and at which epoch.
 *
 * A store is asynchronous and elsewhere: a request goes out, and later an answer comes in, with the
 * number of the request; or none does. The outcome is then unknown, which is neither yes nor no:
 * what was asked may have been done, and is read back.
 *
 * A store changes a lease in one step, by comparing first. Its epoch rises with each change of
 * owner and never falls, also when the record has been lost: who acquires says the highest epoch
 * that it has seen of the shard, its floor, and gets a higher one. */
#ifndef OV_LEASE_STORE_H
#define OV_LEASE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "overlay/core/ident.h"

#define OV_REGISTRY_MAX 63u

enum ov_store_op {
    OV_STORE_READ,    /* done in any case, and changes nothing */
    OV_STORE_ACQUIRE, /* done where nobody has the shard, or the asker does already: then at a
                         higher epoch, unless the asker does not know the one it has. What an
                         earlier session of its boot has is its as well, and that one's no more */
    OV_STORE_RENEW,   /* done where the asker has it at this epoch, and it has not run out */
    OV_STORE_RELEASE, /* the same; the epoch stays, and the next owner's is higher */
};

enum ov_store_outcome {
    OV_STORE_DONE,
    OV_STORE_REFUSED, /* was not done; the answer says who has it, if anybody does */
    OV_STORE_UNKNOWN, /* may have been done, or not */
};

struct ov_store_request {
    uint64_t number;
    enum ov_store_op op;
    char registry[OV_REGISTRY_MAX + 1];
    uint32_t shard;
    struct ov_ident asker;
    uint64_t epoch;  /* RENEW, RELEASE: the asker's. ACQUIRE: its floor */
    uint64_t ttl_ns; /* ACQUIRE, RENEW: not 0 */
};

struct ov_store_answer {
    uint64_t number;
    enum ov_store_outcome outcome;
    struct ov_ident owner; /* boot 0: nobody */
    uint64_t epoch;        /* the last; 0: there has been none */
    uint64_t left_ns;      /* of the lease, when it was looked at: no more is left */
};

/* ---- the memory store: a table, for one process, for tests and for a cluster of one ---- */

struct ov_store_record {
    char registry[OV_REGISTRY_MAX + 1];
    uint32_t shard;
    struct ov_ident owner;
    uint64_t epoch;
    uint64_t until;      /* on the store's clock, ns */
    uint32_t head, next; /* the store's, to find records by: 0, or 1 and which */
};

struct ov_store_memory {
    struct ov_store_record *records; /* the caller's, so many, of which n are in use */
    uint32_t room, n;
};

/* Begins empty, with room for so many shards. */
void ov_store_memory_init(struct ov_store_memory *store, struct ov_store_record *records,
                          uint32_t room);

/* NULL: there is none. */
const struct ov_store_record *ov_store_memory_find(const struct ov_store_memory *store,
                                                   const char *registry, uint32_t shard);

/* One that was kept, of a shard that has none. False: there is no room. */
bool ov_store_memory_add(struct ov_store_memory *store, const struct ov_store_record *record);

/* Does at `now` what is asked. Refused as well: a shard more than there is room for, an epoch that
 * can rise no more, a ttl that does not fit behind `now`. */
void ov_store_memory_handle(struct ov_store_memory *store, uint64_t now,
                            const struct ov_store_request *request, struct ov_store_answer *answer);

/* Loses the record of a shard, as a store does whose failover comes before its replication. */
void ov_store_memory_lose(struct ov_store_memory *store, const char *registry, uint32_t shard);

#endif
