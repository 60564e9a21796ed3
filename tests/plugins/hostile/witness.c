/* SPDX-License-Identifier: MIT */
#include "wrecker.h"

#define AX_IMPLEMENT
#include "witness.h"

AX_STATE(witness, (i64, sum));

/* Counts what axsup's command line tells it: in nobody else's messages the sender is empty. */
void witness_on_add(struct ax_ctx *ctx, struct witness *self, const struct witness_add *msg)
{
    if (ax_sender(ctx).addr == 0)
        self->sum += msg->by;
}

/* Something on every lane: to the wrecker, who may not be what it was, and to the others. */
void witness_on_talk(struct ax_ctx *ctx, struct witness *self, const struct witness_talk *msg)
{
    static const char *const names[] = {"witness-0", "witness-1"};
    wrecker_ref wrecker;
    (void)self;
    (void)msg;
    for (unsigned i = 0; i < 2; i++) {
        witness_ref other;
        if (witness_find(ctx, names[i], &other) == 0)
            AX_CHECK(ctx, witness_noise(ctx, other, "are you well?") == 0);
    }
    if (wrecker_find(ctx, "wrecker", &wrecker) == 0 && wrecker_noise(ctx, wrecker, "and you?") != 0)
        return;
}

void witness_on_noise(struct ax_ctx *ctx, struct witness *self, const struct witness_noise *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void witness_on_get(struct ax_ctx *ctx, struct witness *self, const struct witness_get *msg,
                    struct witness_get_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->sum = self->sum;
}

AX_ACTOR(witness);
