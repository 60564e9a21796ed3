/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "stock.h"

AX_STATE(stock, (i64, left), (u64, reserved), (u64, released));

static void on_start(struct ax_ctx *ctx, struct stock *self)
{
    (void)ctx;
    self->left = 100;
}

void stock_on_reserve(struct ax_ctx *ctx, struct stock *self, const struct stock_reserve *msg,
                      struct stock_reserve_reply *reply)
{
    (void)ctx;
    if (self->left < msg->count)
        return;
    self->left -= msg->count;
    self->reserved++;
    reply->done = true;
}

void stock_on_release(struct ax_ctx *ctx, struct stock *self, const struct stock_release *msg,
                      struct stock_release_reply *reply)
{
    (void)ctx;
    self->left += msg->count;
    self->released++;
    reply->done = true;
}

void stock_on_total(struct ax_ctx *ctx, struct stock *self, const struct stock_total *msg,
                    struct stock_total_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct stock_total_reply){self->left, self->reserved, self->released};
}

AX_ACTOR(stock, .on_start = on_start);
