/* SPDX-License-Identifier: MIT */
/* table.c - bench_drive's kept map: made once as large as it is asked for, then read and written at
 * places by chance. */
#define AX_IMPLEMENT
#include "drive.h"

#include "asking.h"

#include <ax/map.h>

#define A_TURN 64u
#define TABLE 0u /* the only map of bench_drive */

struct table_key {
    uint64_t number, spread;
};

struct table_value {
    uint64_t number, rest[7];
};

static struct table_key key_of(uint64_t number)
{
    return (struct table_key){number, number * 0x9e3779b97f4a7c15u};
}

static void put(struct ax_ctx *ctx, uint64_t number, uint64_t rest)
{
    struct table_key key = key_of(number);
    struct table_value value = {number, {rest}};
    AX_CHECK(ctx, ax_map_put(ctx, TABLE, (struct ax_span){&key, sizeof key},
                             (struct ax_span){&value, sizeof value}) == 0);
}

static void fill(struct ax_ctx *ctx, bench_echo_ref barrier, uint64_t keys)
{
    for (uint64_t i = ax_map_count(ctx, TABLE); i < keys; i++) {
        put(ctx, i, 0);
        if (i % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
}

static uint64_t next(uint64_t *random, uint64_t keys)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint64_t)(((unsigned __int128)*random * keys) >> 64);
}

void bench_drive_on_map_gets(struct ax_ctx *ctx, struct bench_drive *self,
                             const struct bench_drive_map_gets *msg,
                             struct bench_drive_map_gets_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    (void)self;
    fill(ctx, barrier, msg->keys);
    uint64_t start = bench_clock(), random = start;
    for (uint64_t i = 0; i < msg->count; i++) {
        struct table_key key = key_of(next(&random, msg->keys));
        struct ax_span value;
        AX_CHECK(ctx, ax_map_get(ctx, TABLE, (struct ax_span){&key, sizeof key}, &value) == 0);
        AX_CHECK(ctx, ((const struct table_value *)value.ptr)->number == key.number);
        if (i % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
    reply->ns = bench_clock() - start;
}

void bench_drive_on_map_puts(struct ax_ctx *ctx, struct bench_drive *self,
                             const struct bench_drive_map_puts *msg,
                             struct bench_drive_map_puts_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    (void)self;
    fill(ctx, barrier, msg->keys);
    uint64_t start = bench_clock(), random = start;
    for (uint64_t i = 0; i < msg->count; i++) {
        put(ctx, next(&random, msg->keys), i);
        if (i % A_TURN == A_TURN - 1)
            bench_ask(ctx, barrier, 0);
    }
    reply->ns = bench_clock() - start;
}
