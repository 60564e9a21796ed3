/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "idle.h"

struct bench_idle {
};

uint64_t bench_idle_handled;

void bench_idle_on_data(struct ax_ctx *ctx, struct bench_idle *self,
                        const struct bench_idle_data *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
    bench_idle_handled++;
}

AX_ACTOR(bench_idle);
