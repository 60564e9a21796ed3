/* SPDX-License-Identifier: MIT */
/* counter.c - the smallest actor that keeps something. Its state outlives the process: whatever
 * kills it, the next incarnation goes on from the last message that was handled to its end. */
#define AX_IMPLEMENT
#include "counter.h"

AX_STATE(counter, (i64, n));

void counter_on_inc(struct ax_ctx *ctx, struct counter *self, const struct counter_inc *msg)
{
    (void)ctx, (void)msg;
    self->n += 1;
}

void counter_on_add(struct ax_ctx *ctx, struct counter *self, const struct counter_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void counter_on_get(struct ax_ctx *ctx, struct counter *self, const struct counter_get *msg,
                    struct counter_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->value = self->n;
}

AX_ACTOR(counter);
AX_PLUGIN("counter", &counter_actor);
