/* SPDX-License-Identifier: MIT */
/* overlay/core/shards.h - one node's part in all shards of a registry: which it asks for, keeps and
 * gives away.
 *
 * Placement proposes and the store decides. A shard that should be this node's is asked for when it
 * is free; one that should be another's is drained, so that its actors end, and then given back to
 * the store, where the other one finds it. So that a node that comes does not stop the whole
 * cluster, no more than a tenth of the registry's shards is given away in a round, those still in
 * hand-off included, and never one that is in hand-off already. A node that leaves gives away all.
 *
 * A shard is in hand-off from when it drains until the store has answered that it is given back. */
#ifndef OV_SHARDS_H
#define OV_SHARDS_H

#include "overlay/core/lease.h"

#define OV_SHARDS_MOST (1u << 20) /* of a registry */
#define OV_SHARDS_ROUND 10u       /* of so many, one may move in a round; one at least */

struct ov_shard {
    struct ov_lease lease;
    uint64_t score;     /* of this node for it */
    bool ours;          /* should be, by placement */
    bool held;          /* counts as such */
    uint64_t stopping;  /* the epoch under which it has been told to stop and has not answered; 0:
                           it has not */
    uint64_t due;       /* when there is something to do for it */
    uint64_t sooner[2]; /* nodes of a tree over all of the registry, of no meaning for this one */
};

struct ov_shards {
    struct ov_lease_config lease;
    uint64_t round_ns; /* not 0 */
    char registry[OV_REGISTRY_MAX + 1];
    struct ov_shard *shards; /* the caller's */
    uint32_t n;              /* 1 to OV_SHARDS_MOST */
    bool leaving;

    uint32_t leaves;    /* of the tree: a power of two */
    uint32_t cursor;    /* of the sweep that is under way */
    uint32_t held;      /* that this node has, or may have, something running in */
    uint64_t numbers;   /* requests so far */
    uint64_t round_end; /* of the round in which shards were last given away */
    uint32_t moved;     /* given away in it */
};

enum ov_shards_kind {
    OV_SHARDS_ASK,    /* `request` is for the store */
    OV_SHARDS_GAINED, /* the shard is this node's, under `epoch` */
    OV_SHARDS_DRAIN,  /* its actors take no new work and are to end: then ov_shards_stopped */
    OV_SHARDS_LOST,   /* its actors are to end at once, whatever they do: then ov_shards_stopped */
    OV_SHARDS_RELEASED, /* the store has it back: who should have it next may be told */
};

struct ov_shards_effect {
    enum ov_shards_kind kind;
    uint32_t shard;
    uint64_t epoch; /* the fencing token; RELEASED: what it was */
    struct ov_store_request request;
};

/* Begins with no shard. `registry` has at most OV_REGISTRY_MAX bytes. */
void ov_shards_init(struct ov_shards *shards, const struct ov_lease_config *lease,
                    const char *registry, uint64_t round_ns, struct ov_shard *table, uint32_t n);

/* The nodes that are there, this one included unless it is leaving. What should be this node's is
 * asked for at once, for who had it may not have known this node when giving it back. */
void ov_shards_members(struct ov_shards *shards, const struct ov_ident *members, uint32_t n);

/* Asks for no shard and for no more time, or does so again. */
void ov_shards_pause(struct ov_shards *shards, bool paused);

/* The node is about to end: gives all away, and asks for none. */
void ov_shards_leave(struct ov_shards *shards);

/* What is to be done at `now`, one thing at a time: to be called until it returns false, after each
 * event and when ov_shards_next says. */
bool ov_shards_step(struct ov_shards *shards, uint64_t now, struct ov_shards_effect *effect);

/* When there is something to do at the latest; UINT64_MAX: never, as things are. Neither this nor
 * ov_shards_step looks at shards for which nothing is due. */
uint64_t ov_shards_next(const struct ov_shards *shards);

/* An answer of the store. True: *effect is to be done, before ov_shards_step is called again. */
bool ov_shards_answer(struct ov_shards *shards, uint64_t now, const struct ov_store_answer *answer,
                      struct ov_shards_effect *effect);

/* Nothing runs in the shard any more, as a DRAIN or a LOST of that epoch has asked for. True: as
 * above. */
bool ov_shards_stopped(struct ov_shards *shards, uint64_t now, uint32_t shard, uint64_t epoch,
                       struct ov_shards_effect *effect);

/* Whether that is awaited. */
bool ov_shards_stopping(const struct ov_shards *shards, uint32_t shard, uint64_t epoch);

/* A peer has shown an epoch of the shard. True: as above. */
bool ov_shards_saw(struct ov_shards *shards, uint32_t shard, uint64_t epoch,
                   struct ov_shards_effect *effect);

/* A peer has given the shard back, under that epoch. Where it should be this node's it is asked for
 * at once, and not only when the lease would have run out. */
void ov_shards_released(struct ov_shards *shards, uint32_t shard, uint64_t epoch);

/* The epoch under which new work of the shard may begin at `now`; 0: none may. */
uint64_t ov_shards_epoch(const struct ov_shards *shards, uint32_t shard, uint64_t now);

/* Shards that this node has, or may have, something running in. */
uint32_t ov_shards_held(const struct ov_shards *shards);

#endif
