/* SPDX-License-Identifier: MIT */
/* asking.h - what those that measure ask of a bench_echo. */
#ifndef BENCH_ASKING_H
#define BENCH_ASKING_H

#include "echo.h"

#include <ax/actor.h>

#define PATIENCE AX_SECONDS(20)

static inline bench_echo_ref bench_named(struct ax_ctx *ctx, const char *name)
{
    bench_echo_ref echo;
    AX_CHECK(ctx, bench_echo_find(ctx, name, &echo) == 0);
    return echo;
}

/* Suspends, so the turn ends here. */
static inline void bench_ask(struct ax_ctx *ctx, bench_echo_ref to, uint64_t value)
{
    struct bench_echo_echo_reply reply;
    AX_CHECK(ctx, bench_echo_echo(ctx, to, value, &reply, PATIENCE) == 0);
    AX_CHECK(ctx, reply.value == value);
}

#endif
