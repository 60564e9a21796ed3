/* SPDX-License-Identifier: MIT */
/* gateway.c - the actor of the process that speaks with other nodes: it knows of none yet. */
#define AX_IMPLEMENT
#include "libax/gateway.h"

struct gateway {
    char none;
};

void gateway_on_post(struct ax_ctx *ctx, struct gateway *self, const struct gateway_post *msg)
{
    (void)ctx, (void)self, (void)msg;
}

void gateway_on_call(struct ax_ctx *ctx, struct gateway *self, const struct gateway_call *msg,
                     struct gateway_call_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_key(struct ax_ctx *ctx, struct gateway *self, const struct gateway_key *msg,
                    struct gateway_key_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_endpoint(struct ax_ctx *ctx, struct gateway *self,
                         const struct gateway_endpoint *msg, struct gateway_endpoint_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_stand_in(struct ax_ctx *ctx, struct gateway *self,
                         const struct gateway_stand_in *msg, struct gateway_stand_in_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_inspect(struct ax_ctx *ctx, struct gateway *self, const struct gateway_inspect *msg,
                        struct gateway_inspect_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_drain(struct ax_ctx *ctx, struct gateway *self, const struct gateway_drain *msg,
                      struct gateway_drain_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

void gateway_on_tick(struct ax_ctx *ctx, struct gateway *self, const struct gateway_tick *msg)
{
    (void)ctx, (void)self, (void)msg;
}

void gateway_on_found(struct ax_ctx *ctx, struct gateway *self, const struct gateway_found *msg)
{
    (void)ctx, (void)self, (void)msg;
}

AX_ACTOR(gateway);
AX_PLUGIN("gateway", &gateway_actor);
