/* SPDX-License-Identifier: MIT */
#include "seer.h"
#include "spark.h"

#define AX_IMPLEMENT
#include "driver.h"

#include <string.h>

#define MOST 64u

AX_STATE(driver, (u64, left), (u64, number), (u32, open));

/* That of the other worker: driver0 and seer0 are in one. */
static seer_ref other_seer(struct ax_ctx *ctx)
{
    const bool first = strcmp(ax_name(ctx, ax_self(ctx)), "driver0") == 0;
    seer_ref seer;
    AX_CHECK(ctx, seer_find(ctx, first ? "seer1" : "seer0", &seer) == 0);
    return seer;
}

static void more(struct ax_ctx *ctx, struct driver *self)
{
    spark_ref spark;
    if (self->open > MOST / 2)
        return;
    const seer_ref seer = other_seer(ctx);
    for (; self->open < MOST && self->left > 0; self->open++, self->left--, self->number++) {
        AX_CHECK(ctx, spark_spawn(ctx, NULL, &spark) == 0);
        AX_CHECK(ctx, ax_monitor_with(ctx, spark.ref, AX_MONITOR_FINAL, NULL) == 0);
        AX_CHECK(ctx, spark_burn(ctx, spark, self->number, seer.ref) == 0);
    }
}

void driver_on_go(struct ax_ctx *ctx, struct driver *self, const struct driver_go *msg)
{
    self->left += msg->count;
    more(ctx, self);
}

void driver_on_left(struct ax_ctx *ctx, struct driver *self, const struct driver_left *msg,
                    struct driver_left_reply *reply)
{
    (void)ctx;
    (void)msg;
    *reply = (struct driver_left_reply){self->left, self->open};
}

static void on_down(struct ax_ctx *ctx, struct driver *self, const struct ax_down *down)
{
    (void)down;
    self->open--;
    more(ctx, self);
}

AX_ACTOR(driver, .on_down = on_down);
