/* SPDX-License-Identifier: MIT */
/* The smallest plugin. */
#define AX_IMPLEMENT
#include "counter.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

AX_STATE(counter, (i64, n));

void counter_on_inc(struct ax_ctx *ctx, struct counter *self, const struct counter_inc *msg)
{
    self->n += 1;
}

void counter_on_add(struct ax_ctx *ctx, struct counter *self, const struct counter_add *msg)
{
    self->n += msg->by;
}

void counter_on_get(struct ax_ctx *ctx, struct counter *self, const struct counter_get *msg,
                    struct counter_get_reply *reply)
{
    reply->value = self->n;
}
AX_ACTOR(counter, AX_DURABLE);
AX_PLUGIN("counter", &counter_actor);
