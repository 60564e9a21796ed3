/* SPDX-License-Identifier: MIT */
#include "drive.h"
#include "echo.h"

#define AX_IMPLEMENT
#include "durable.h"

#include "luggage.h"

struct bench_durable {
};

void bench_durable_on_trek(struct ax_ctx *ctx, struct bench_durable *self,
                           const struct bench_durable_trek *msg,
                           struct bench_durable_trek_reply *reply)
{
    (void)self;
    reply->failures = bench_walk(ctx, msg->to, msg->rounds);
}

AX_ACTOR(bench_durable, AX_DURABLE);
