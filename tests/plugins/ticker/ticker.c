/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "ticker.h"

#include <time.h>

AX_STATE(ticker, (u64, timer), (u64, period), (u64, started), (u64, ticks), (u64, missed),
         (u64, early), (bool, on_time));

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void ticker_on_begin(struct ax_ctx *ctx, struct ticker *self, const struct ticker_begin *msg,
                     struct ticker_begin_reply *reply)
{
    self->period = msg->period_ns;
    self->started = now();
    reply->error = ticker_tick_every(ctx, 7, msg->period_ns, &self->timer);
}

/* The moment of a message is the last of those that are told by now. */
void ticker_on_tick(struct ax_ctx *ctx, struct ticker *self, const struct ticker_tick *msg)
{
    AX_CHECK(ctx, msg->number == 7);
    self->ticks++;
    self->missed += ax_timer_missed(ctx, self->timer);
    uint64_t moment = self->started + (self->ticks + self->missed) * self->period, at = now();
    self->early += at < moment;
    self->on_time = at >= moment && at - moment < self->period;
}

void ticker_on_look(struct ax_ctx *ctx, struct ticker *self, const struct ticker_look *msg,
                    struct ticker_look_reply *reply)
{
    (void)ctx, (void)msg;
    reply->early = self->early;
    reply->on_time = self->on_time;
    reply->missed = self->missed != 0;
    reply->moments = self->ticks + self->missed;
}

void ticker_on_end(struct ax_ctx *ctx, struct ticker *self, const struct ticker_end *msg,
                   struct ticker_end_reply *reply)
{
    (void)msg;
    reply->error = ax_timer_cancel(ctx, self->timer);
    reply->again = ax_timer_cancel(ctx, self->timer);
}

AX_ACTOR(ticker);
AX_PLUGIN("ticker", &ticker_actor);
