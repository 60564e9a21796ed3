/* SPDX-License-Identifier: MIT */
#include "spark.h"

#define AX_IMPLEMENT
#include "seer.h"

#define LARGEST 65536u /* bytes of a block that a timer of the largest message takes */
#define HEAD 256u      /* more than what it has beside the message */

struct seer {
    int nothing;
};

static uint32_t crowd; /* outlives the failure, as no state of an actor would */

static void on_start(struct ax_ctx *ctx, struct seer *self)
{
    (void)self;
    AX_CHECK(ctx, ax_trap_exit(ctx, true) == 0);
}

void seer_on_see(struct ax_ctx *ctx, struct seer *self, const struct seer_see *msg)
{
    (void)self;
    AX_CHECK(ctx, (msg->tie ? ax_link(ctx, msg->who) : ax_monitor(ctx, msg->who, NULL)) == 0);
}

void seer_on_hello(struct ax_ctx *ctx, struct seer *self, const struct seer_hello *msg,
                   struct seer_hello_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->seen = true;
}

/* Timers of a message each, from the largest to the smallest, until there is no room for another;
 * all are taken back in the same turn. */
void seer_on_room(struct ax_ctx *ctx, struct seer *self, const struct seer_room *msg,
                  struct seer_room_reply *reply)
{
    static const uint8_t data[LARGEST];
    uint64_t timer[512];
    uint32_t n = 0;
    (void)self;
    (void)msg;
    for (uint32_t size = LARGEST; size >= HEAD; size /= 2) {
        const struct ax_span span = {data, size - HEAD};
        int error;
        while (n < 512 && (error = seer_lie_after(ctx, span, AX_SECONDS(3600), &timer[n])) == 0) {
            reply->bytes += size;
            n++;
        }
        AX_CHECK(ctx, n < 512 && error == AX_E_NO_MEMORY);
    }
    while (n > 0)
        AX_CHECK(ctx, ax_timer_cancel(ctx, timer[--n]) == 0);
}

void seer_on_crowd(struct ax_ctx *ctx, struct seer *self, const struct seer_crowd *msg)
{
    spark_ref ref;
    (void)self;
    (void)msg;
    for (crowd = 0; spark_spawn(ctx, NULL, &ref) == 0;)
        crowd++;
    ax_fail(ctx, "they are counted");
}

void seer_on_counted(struct ax_ctx *ctx, struct seer *self, const struct seer_counted *msg,
                     struct seer_counted_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->actors = crowd;
}

void seer_on_lie(struct ax_ctx *ctx, struct seer *self, const struct seer_lie *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

static void on_down(struct ax_ctx *ctx, struct seer *self, const struct ax_down *down)
{
    (void)ctx;
    (void)self;
    (void)down;
}

static void on_exit_of(struct ax_ctx *ctx, struct seer *self, const struct ax_exit *exit)
{
    (void)ctx;
    (void)self;
    (void)exit;
}

AX_ACTOR(seer, .on_start = on_start, .on_down = on_down, .on_exit = on_exit_of);
