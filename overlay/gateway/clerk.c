/* SPDX-License-Identifier: MIT */
/* clerk.c - actors that look for keys in registries of this node, which may take time, so that the
 * gateway's own actor never waits.
 *
 * Each process that is a home of keys has some, so that one which does not answer keeps nobody
 * waiting for another. For how long is counted from when the key was wanted, also of those that no
 * clerk has come to yet. */
#define AX_IMPLEMENT
#include "overlay/gateway/clerk.h"

#include "libax/far_serve.h"
#include "libax/gateway.h"

#include <ax/registry.h>

struct clerk {
    char none;
};

void clerk_on_find_key(struct ax_ctx *ctx, struct clerk *self, const struct clerk_find_key *msg)
{
    const struct ax_contract *contract = far_contract(ctx, msg->contract);
    const struct ax_span key = {ax_bytes(&msg->key), msg->key.len};
    gateway_ref gateway = gateway_ref_of(ax_sender(ctx));
    struct ax_ref who = {0};
    uint64_t now = ax_now(ctx);
    (void)self;
    int error = AX_E_TIMEOUT;
    if (msg->until > now)
        error = ax_registry_get_(ctx, contract, ax_str(&msg->registry), key, msg->until - now, true,
                                 &who);
    if (gateway_found_wait(ctx, gateway, msg->handle, error, who) != 0)
        ax_fail(ctx, "the gateway cannot be told");
}

AX_ACTOR(clerk);
