/* SPDX-License-Identifier: MIT */
/* edges.c - calls with what is too much: parts of 4 GiB, more timers than a turn can log, asks
 * until there is no more room, waits for room that does not come. Each says what it was told. */
#include "sink.h"

#define AX_IMPLEMENT
#include "edges.h"

#include <unistd.h>

#define MS UINT64_C(1000000)

struct edges {
    uint32_t replies, timeouts, ticks, pings;
};

/* The child goes on as if it were the worker. */
void edges_on_child(struct ax_ctx *ctx, struct edges *self, const struct edges_child *msg)
{
    (void)self, (void)msg;
    AX_CHECK(ctx, fork() >= 0);
}

void edges_on_quit(struct ax_ctx *ctx, struct edges *self, const struct edges_quit *msg)
{
    (void)self, (void)msg;
    ax_stop(ctx);
}

void edges_on_bear(struct ax_ctx *ctx, struct edges *self, const struct edges_bear *msg,
                   struct edges_bear_reply *reply)
{
    edges_ref born;

    (void)self;
    reply->error = edges_spawn(ctx, &(struct ax_spawn){.name = msg->name}, &born);
}

/* Never out of work. */
void edges_on_spin(struct ax_ctx *ctx, struct edges *self, const struct edges_spin *msg)
{
    (void)self, (void)msg;
    AX_CHECK(ctx, edges_spin(ctx, edges_self(ctx)) == 0);
}

void edges_on_tick(struct ax_ctx *ctx, struct edges *self, const struct edges_tick *msg)
{
    (void)ctx, (void)msg;
    self->ticks++;
}

void edges_on_part_of_4g(struct ax_ctx *ctx, struct edges *self, const struct edges_part_of_4g *msg,
                         struct edges_part_of_4g_reply *reply)
{
    static const char byte;

    (void)self, (void)msg;
    reply->error =
        sink_note(ctx, (sink_ref){.ref = edges_self(ctx).ref}, (struct ax_span){&byte, UINT32_MAX});
}

void edges_on_timers(struct ax_ctx *ctx, struct edges *self, const struct edges_timers *msg,
                     struct edges_timers_reply *reply)
{
    uint64_t last = 0;

    (void)self, (void)msg;
    while ((reply->error = edges_tick_after(ctx, 1, &last)) == 0)
        reply->set++;
    reply->cancel = ax_timer_cancel(ctx, last);
}

void edges_on_asks(struct ax_ctx *ctx, struct edges *self, const struct edges_asks *msg,
                   struct edges_asks_reply *reply)
{
    uint64_t ask;

    (void)self;
    while ((reply->error = sink_echo_async(ctx, msg->to, 1, 100 * MS, &ask)) == 0)
        reply->sent++;
}

static void on_reply(struct ax_ctx *ctx, struct edges *self, const struct ax_reply *reply)
{
    (void)ctx;
    if (reply->error == 0)
        self->replies++;
    else
        self->timeouts++;
}

void edges_on_answers(struct ax_ctx *ctx, struct edges *self, const struct edges_answers *msg,
                      struct edges_answers_reply *reply)
{
    (void)ctx, (void)msg;
    reply->replies = self->replies;
    reply->timeouts = self->timeouts;
    reply->ticks = self->ticks;
}

void edges_on_fill(struct ax_ctx *ctx, struct edges *self, const struct edges_fill *msg,
                   struct edges_fill_reply *reply)
{
    (void)self;
    while ((reply->error = sink_note(ctx, msg->to, (struct ax_span){"x", 1})) == 0)
        reply->sent++;
}

void edges_on_wait_for(struct ax_ctx *ctx, struct edges *self, const struct edges_wait_for *msg,
                       struct edges_wait_for_reply *reply)
{
    struct sink_echo_reply echo;

    (void)self;
    reply->error = sink_echo_wait(ctx, msg->to, 1, &echo, msg->ms * MS);
}

void edges_on_wait_own(struct ax_ctx *ctx, struct edges *self, const struct edges_wait_own *msg,
                       struct edges_wait_own_reply *reply)
{
    (void)self, (void)msg;
    do
        reply->error = edges_tick_wait(ctx, edges_self(ctx));
    while (reply->error == 0);
}

void edges_on_ask_large(struct ax_ctx *ctx, struct edges *self, const struct edges_ask_large *msg,
                        struct edges_ask_large_reply *reply)
{
    struct sink_large_reply large;

    (void)self;
    reply->error = sink_large(ctx, msg->to, msg->size, &large, 2000 * MS);
    reply->got = reply->error == 0 ? large.data.len : 0;
}

/* How many of these are taken that should not be. */
void edges_on_spawn_wrong(struct ax_ctx *ctx, struct edges *self,
                          const struct edges_spawn_wrong *msg,
                          struct edges_spawn_wrong_reply *reply)
{
    static const struct ax_spawn wrong[] = {
        {.restart = (enum ax_restart)77},
        {.capacity = UINT32_MAX},
        {.capacity = 1000001},
        {.max_restarts = UINT32_MAX},
        {.retries = 101},
        {.high = UINT32_MAX},
        {.name = "1.1.1"},
        {.name = "1.1.1@1"},
    };
    edges_ref born;

    (void)self, (void)msg;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        reply->taken += edges_spawn(ctx, &wrong[i], &born) != AX_E_INVALID;
}

void edges_on_ping(struct ax_ctx *ctx, struct edges *self, const struct edges_ping *msg,
                   struct edges_ping_reply *reply)
{
    (void)ctx, (void)msg;
    reply->pings = ++self->pings;
}

AX_ACTOR(edges, .on_reply = on_reply);
AX_PLUGIN("edges", &edges_actor, &sink_actor);
