/* SPDX-License-Identifier: MIT */
#include "driver.h"
#include "seer.h"
#include "spark.h"

#define AX_IMPLEMENT
#include "walker.h"

#include <ax/registry.h>
#include <stdio.h>
#include <string.h>

#define AT_A_TIME 32u

AX_STATE(walker, (u64, at), (u64, until), (u64, wrong), (u32, chain));

static void step(struct ax_ctx *ctx, struct walker *self)
{
    const uint64_t round = self->at / WALKER_KEYS;
    struct spark_use_reply reply = {0};
    char key[96];
    spark_ref ref;
    snprintf(key, sizeof key, "%s/%u", ax_name(ctx, ax_self(ctx)),
             (unsigned)(self->at % WALKER_KEYS));
    const struct ax_span span = {key, (uint32_t)strlen(key)};
    int error = spark_get_or_spawn(ctx, "sparks", span, AX_FOREVER, &ref);
    if (error == 0)
        error = spark_use_wait(ctx, ref, round % 4 == 3, &reply, AX_FOREVER);
    self->wrong += error != 0 || reply.count != round % 4 + 1;
    self->at++;
}

void walker_on_walk(struct ax_ctx *ctx, struct walker *self, const struct walker_walk *msg)
{
    if (msg->until > self->until)
        self->until = msg->until;
    else if (msg->chain != self->chain)
        return;
    for (uint32_t i = 0; i < AT_A_TIME && self->at < self->until; i++)
        step(ctx, self);
    if (self->at < self->until)
        AX_CHECK(ctx, walker_walk(ctx, walker_ref_of(ax_self(ctx)), self->until, self->chain) == 0);
}

void walker_on_at(struct ax_ctx *ctx, struct walker *self, const struct walker_at *msg,
                  struct walker_at_reply *reply)
{
    (void)ctx;
    (void)msg;
    *reply = (struct walker_at_reply){self->at, self->wrong};
}

/* What it was told may have gone with an await, or be in the mailbox still: now it is void. */
static void on_restart(struct ax_ctx *ctx, struct walker *self)
{
    self->chain++;
    AX_CHECK(ctx, walker_walk(ctx, walker_ref_of(ax_self(ctx)), self->until, self->chain) == 0);
}

extern const union spark_actor_type spark_actor;
extern const union seer_actor_type seer_actor;
extern const union driver_actor_type driver_actor;

AX_ACTOR(walker, .on_restart = on_restart);
AX_PLUGIN("soak", &spark_actor, &seer_actor, &driver_actor, &walker_actor);
