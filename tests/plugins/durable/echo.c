/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "echo.h"

AX_STATE(echo, (u64, noted));

void echo_on_say(struct ax_ctx *ctx, struct echo *self, const struct echo_say *msg,
                 struct echo_say_reply *reply)
{
    (void)self;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->text, ax_str(&msg->text)) == 0);
}

void echo_on_twice(struct ax_ctx *ctx, struct echo *self, const struct echo_twice *msg,
                   struct echo_twice_reply *reply)
{
    (void)ctx, (void)self;
    reply->n = 2 * msg->n;
}

void echo_on_note(struct ax_ctx *ctx, struct echo *self, const struct echo_note *msg)
{
    (void)ctx;
    self->noted = self->noted * 31 + msg->n; /* the order makes a difference */
}

void echo_on_noted(struct ax_ctx *ctx, struct echo *self, const struct echo_noted *msg,
                   struct echo_noted_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->noted;
}

AX_ACTOR(echo);
