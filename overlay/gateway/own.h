/* SPDX-License-Identifier: MIT */
/* overlay/gateway/own.h - what nodes say to each other of their own accord: the contracts, the
 * endpoints, which no actor can have as their names begin with a slash, and images of messages. */
#ifndef GW_OWN_H
#define GW_OWN_H

#include "overlay/core/cluster.h"

/* Of the lease store that one node keeps for all; see leases.c. */
#define GW_LEASES "/leases"
#define AX_LOCAL
#define AX_CONTRACT lease_store
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(change, (u8, op, u32, shard, u64, epoch, u64, ttl_ns, str, registry, str, asker),          \
        (u8, outcome, u64, epoch, u64, left_ns, str, owner))
#include <ax/contract.h>

/* Of what the config of all nodes must say alike; see alike.c. */
#define GW_CONFIG "/config"
#define AX_LOCAL
#define AX_CONTRACT node_config
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(registry, (u32, shards, str, name))                                                       \
    TELL(store, (str, leases))
#include <ax/contract.h>

#define GW_IMAGE 512u /* bytes: more than any of these messages takes */

struct gw_image {
    uint8_t bytes[GW_IMAGE] __attribute__((aligned(8)));
};

void gw_set_text(struct ax_str *field, const char *text);
/* The image of a message, which is in *image. */
struct ax_span gw_flatten(const struct ax_layout *layout, const void *fixed,
                          struct gw_image *image);
/* A copy that is aligned, of what another node has said. False: it is no image of that layout. */
bool gw_take_image(const struct ax_layout *layout, struct ax_span body, struct gw_image *image);
/* Whether the frame is for that endpoint. */
bool gw_is_for(const struct ov_frame *frame, const char *endpoint);
/* That endpoint of a node with which there is a session, at its index. False: there is none. */
bool gw_own_target(uint32_t node, const char *endpoint, struct ov_target *target);

#endif
