/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "fall.h"

#include "drive.h"

struct bench_fall {
};

static uint64_t fell_at; /* it has nothing that would outlive its failure, but the process does */

void bench_fall_on_fall(struct ax_ctx *ctx, struct bench_fall *self,
                        const struct bench_fall_fall *msg)
{
    (void)self;
    (void)msg;
    fell_at = bench_clock();
    ax_fail(ctx, "on purpose");
}

void bench_fall_on_rise(struct ax_ctx *ctx, struct bench_fall *self,
                        const struct bench_fall_rise *msg, struct bench_fall_rise_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->ns = bench_clock() - fell_at;
}

AX_ACTOR(bench_fall);
