/* SPDX-License-Identifier: MIT */
/* overlay/core/place.h - which node should own a shard, and which shard a key is of: the same
 * answers as axactor gives, so that both can share a cluster's store.
 *
 * Placement is rendezvous hashing (Thaler and Ravishankar, IEEE/ACM ToN 6(1), 1998): each node
 * scores each shard, and the highest score should have it. Where a node comes or goes, only its own
 * shards move. It proposes and no more: who owns a shard, the lease store decides. */
#ifndef OV_PLACE_H
#define OV_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "overlay/core/ident.h"

/* See libax/shard.h. */
uint64_t ov_hash(const struct ax_span *parts, size_t n);

/* The shard, below `shards` > 0, that a key is of. */
uint32_t ov_shard_of(struct ax_span key, uint32_t shards);

/* What a node is called there: by the id that the first session of its boot has, so that nothing
 * moves where a process takes the place of another. */
struct ax_span ov_place_name(const struct ov_ident *node, char text[OV_ID_TEXT]);

/* The score of a node for a shard. */
uint64_t ov_place_score(struct ax_span node, struct ax_span registry, uint64_t shard);

/* Whether a node with that score should own a shard rather than another one. */
bool ov_place_before(uint64_t score, struct ax_span node, uint64_t other_score,
                     struct ax_span other);

/* The index of the node that should own the shard: the highest score, and among equal ones the name
 * that is greater bytewise. The order of `nodes` does not matter. `n` where there are none. */
size_t ov_place(const struct ax_span *nodes, size_t n, struct ax_span registry, uint64_t shard);

#endif
