/* SPDX-License-Identifier: MIT */
#include "drive.h"
#include "echo.h"

#define AX_IMPLEMENT
#include "trek.h"

#include "luggage.h"

struct bench_trek {
};

void bench_trek_on_trek(struct ax_ctx *ctx, struct bench_trek *self,
                        const struct bench_trek_trek *msg, struct bench_trek_trek_reply *reply)
{
    (void)self;
    reply->failures = bench_walk(ctx, msg->to, msg->rounds);
}

AX_ACTOR(bench_trek);
