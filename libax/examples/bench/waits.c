/* SPDX-License-Identifier: MIT */
/* waits.c - what bench_drive measures of timers, of actors found by a key, of an actor's failure,
 * and of a process whose actors do nothing. */
#define AX_IMPLEMENT
#include "drive.h"

#include "asking.h"
#include "fall.h"
#include "idle.h"

#define A_TURN 64u

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 32;
}

/* ---- timers ---- */

static void stand(struct ax_ctx *ctx, bench_echo_ref barrier, uint32_t standing)
{
    static uint32_t set;
    uint64_t random = 1;
    for (; set < standing; set++) {
        uint64_t seconds = 3600 + next(&random) % 3600;
        AX_CHECK(ctx, bench_drive_load_after(ctx, 0, AX_SECONDS(seconds), NULL) == 0);
        if (set % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
}

void bench_drive_on_timers(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_timers *msg,
                           struct bench_drive_timers_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    uint64_t timers[A_TURN];
    (void)self;
    stand(ctx, barrier, msg->standing);
    bench_ask(ctx, barrier, 0);
    uint64_t start = bench_clock();
    for (uint64_t i = 0; i < msg->count; i++) {
        uint64_t *timer = &timers[i % A_TURN];
        if (i >= A_TURN)
            AX_CHECK(ctx, ax_timer_cancel(ctx, *timer) == 0);
        AX_CHECK(ctx, bench_drive_load_after(ctx, 0, AX_SECONDS(30), timer) == 0);
        if (i % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
    reply->ns = bench_clock() - start;
    for (uint64_t i = 0; i < A_TURN && i < msg->count; i++)
        AX_CHECK(ctx, ax_timer_cancel(ctx, timers[i]) == 0);
}

/* ---- keys ---- */

struct key {
    uint64_t number, spread;
};

static bench_idle_ref of_key(struct ax_ctx *ctx, uint64_t number)
{
    const struct key key = {number, number * 0x9e3779b97f4a7c15u};
    bench_idle_ref actor;
    AX_CHECK(ctx, bench_idle_get_or_spawn(ctx, "keys", (struct ax_span){&key, sizeof key}, PATIENCE,
                                          &actor) == 0);
    return actor;
}

void bench_drive_on_lookups(struct ax_ctx *ctx, struct bench_drive *self,
                            const struct bench_drive_lookups *msg,
                            struct bench_drive_lookups_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    uint64_t all = 0, random = 1;
    (void)self;
    AX_CHECK(ctx, msg->keys > 0);
    for (uint32_t number = 0; number < msg->keys; number++) {
        all += of_key(ctx, number).ref.addr == 0;
        if (number % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
    bench_ask(ctx, barrier, 0);
    uint64_t start = bench_clock();
    for (uint64_t i = 0; i < msg->count; i++) {
        all += of_key(ctx, next(&random) % msg->keys).ref.addr == 0;
        if (i % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
    reply->ns = bench_clock() - start;
    AX_CHECK(ctx, all == 0);
}

/* ---- failures ---- */

void bench_drive_on_falls(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_falls *msg,
                          struct bench_drive_falls_reply *reply)
{
    const struct ax_spawn spawn = {.restart = AX_RESTART_ON_FAILURE, .max_restarts = msg->count};
    struct bench_fall_rise_reply rise;
    bench_fall_ref actor;
    (void)self;
    AX_CHECK(ctx, bench_fall_spawn(ctx, &spawn, &actor) == 0);
    for (uint32_t i = 0; i < msg->count; i++) {
        AX_CHECK(ctx, bench_fall_fall(ctx, actor) == 0);
        AX_CHECK(ctx, bench_fall_rise(ctx, actor, &rise, PATIENCE) == 0);
        reply->ns += rise.ns;
    }
    AX_CHECK(ctx, ax_stop_actor(ctx, actor.ref) == 0);
}

/* ---- rest ---- */

void bench_drive_on_cpu(struct ax_ctx *ctx, struct bench_drive *self,
                        const struct bench_drive_cpu *msg, struct bench_drive_cpu_reply *reply)
{
    struct timespec time;
    (void)ctx;
    (void)self;
    (void)msg;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    reply->ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
