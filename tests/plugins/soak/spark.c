/* SPDX-License-Identifier: MIT */
#include "seer.h"

#define AX_IMPLEMENT
#include "spark.h"

#include <ax/io.h>
#include <ax/map.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

AX_STATE(spark, (u64, used));
AX_MAPS(spark, things);

static const char text[] = "something that takes more room than a line of the memory has, and then "
                           "some more, so that it takes two";

static seer_ref seer_of(const struct spark_burn *msg)
{
    return (seer_ref){.ref = msg->seer};
}

/* ---- what most leave behind ---- */

static void nothing(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)ctx;
    (void)msg;
}

static void a_map(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t number = msg->number + i;
        AX_CHECK(ctx, ax_map_put(ctx, spark_things, (struct ax_span){&number, sizeof number},
                                 (struct ax_span){text, sizeof text}) == 0);
    }
}

static void a_membership(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    AX_CHECK(ctx, ax_join(ctx, "sparks") == 0);
}

static void timers(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    AX_CHECK(ctx, spark_load_after(ctx, text, AX_SECONDS(3600), NULL) == 0);
    AX_CHECK(ctx, spark_load_every(ctx, "", AX_SECONDS(3600), NULL) == 0);
}

static void a_link(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    AX_CHECK(ctx, ax_link(ctx, ax_sender(ctx)) == 0);
}

static void monitors(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    AX_CHECK(ctx, ax_monitor(ctx, ax_sender(ctx), NULL) == 0);
    if (msg->number % 64 == 0)
        AX_CHECK(ctx, ax_monitor(ctx, msg->seer, NULL) == 0);
}

/* ---- what takes another process, or a log line, and so few do ---- */

static void a_watcher_far(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    AX_CHECK(ctx, seer_see(ctx, seer_of(msg), ax_self(ctx), false) == 0);
}

static void a_link_far(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    AX_CHECK(ctx, seer_see(ctx, seer_of(msg), ax_self(ctx), true) == 0);
}

static void a_question(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    AX_CHECK(ctx, seer_hello_async(ctx, seer_of(msg), AX_FOREVER, NULL) == 0);
}

static void an_answer(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    struct seer_hello_reply reply;
    (void)!seer_hello(ctx, seer_of(msg), &reply, AX_FOREVER); /* or the process dies */
}

static void a_life(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    ax_fail(ctx, "on purpose");
}

static void mail(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    for (int i = 0; i < 20; i++)
        AX_CHECK(ctx, spark_load(ctx, spark_ref_of(ax_self(ctx)), text) == 0);
}

static void a_name(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    const struct spark_burn own = *msg; /* gone after the spawn */
    char name[32];
    spark_ref child;
    snprintf(name, sizeof name, "spark-%08llx-%u", (unsigned long long)(own.seer.addr >> 32),
             (unsigned)(own.number / 256 % 8));
    const int error = spark_spawn(ctx, &(struct ax_spawn){.name = name}, &child);
    if (error == 0)
        AX_CHECK(ctx, spark_burn(ctx, child, 0, own.seer) == 0);
    else
        AX_CHECK(ctx, error == AX_E_NAME_TAKEN || error == AX_E_CANCELED);
}

static void a_file(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    uint64_t io;
    (void)msg;
    AX_CHECK(ctx, ax_io_open(ctx, "/dev/null", O_RDWR, 0, &io) == 0);
}

static void a_corpse(struct ax_ctx *ctx, const struct spark_burn *msg)
{
    (void)msg;
    AX_CHECK(ctx, ax_exit_actor(ctx, ax_self(ctx), AX_KILLED) == 0);
}

typedef void way(struct ax_ctx *ctx, const struct spark_burn *msg);
static way *const often[] = {nothing, a_map, a_membership, timers, a_link, monitors};
static way *const rarely[] = {a_watcher_far, a_link_far, a_question, an_answer, a_life,
                              mail,          a_name,     a_file,     a_corpse};
#define COUNT(array) (sizeof(array) / sizeof *(array))

void spark_on_burn(struct ax_ctx *ctx, struct spark *self, const struct spark_burn *msg)
{
    const uint64_t number = msg->number;
    (void)self;
    if (number % 256 != 0 && number % 256 <= COUNT(rarely))
        rarely[number % 256 - 1](ctx, msg);
    else
        often[number % COUNT(often)](ctx, msg);
    ax_stop(ctx);
}

void spark_on_use(struct ax_ctx *ctx, struct spark *self, const struct spark_use *msg,
                  struct spark_use_reply *reply)
{
    reply->count = ++self->used;
    if (msg->end)
        ax_stop(ctx);
    else
        ax_passivate(ctx);
}

void spark_on_load(struct ax_ctx *ctx, struct spark *self, const struct spark_load *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

/* After its failure, or its process: whatever it was to do, it goes. One with a key stays. */
static void on_restart(struct ax_ctx *ctx, struct spark *self)
{
    (void)self;
    if (ax_key(ctx).len == 0)
        ax_stop(ctx);
}

AX_ACTOR(spark, .on_restart = on_restart);
