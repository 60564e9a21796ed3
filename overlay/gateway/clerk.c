/* SPDX-License-Identifier: MIT */
/* clerk.c - actors that look for keys in registries of this node, which may take time, so that the
 * gateway's own actor never waits. */
#define AX_IMPLEMENT
#include "overlay/gateway/clerk.h"

#include "libax/far_serve.h"
#include "libax/gateway.h"

#include <ax/registry.h>

#define FIND_NS AX_SECONDS(5)

struct clerk {
    char none;
};

void clerk_on_find_key(struct ax_ctx *ctx, struct clerk *self, const struct clerk_find_key *msg)
{
    const struct ax_contract *contract = far_contract(ctx, msg->contract);
    const struct ax_span key = {ax_bytes(&msg->key), msg->key.len};
    gateway_ref gateway = gateway_ref_of(ax_sender(ctx));
    struct ax_ref who = {0};
    (void)self;
    int error = ax_registry_get_(ctx, contract, ax_str(&msg->registry), key, FIND_NS, true, &who);
    if (gateway_found_wait(ctx, gateway, msg->handle, error, who) != 0)
        ax_fail(ctx, "the gateway cannot be told");
}

AX_ACTOR(clerk);
