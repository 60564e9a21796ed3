/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "keyed.h"

AX_STATE(keyed, (i64, n));

void keyed_on_add(struct ax_ctx *ctx, struct keyed *self, const struct keyed_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void keyed_on_fail(struct ax_ctx *ctx, struct keyed *self, const struct keyed_fail *msg)
{
    (void)self;
    (void)msg;
    ax_fail(ctx, "on purpose");
}

void keyed_on_end(struct ax_ctx *ctx, struct keyed *self, const struct keyed_end *msg)
{
    (void)self;
    (void)msg;
    ax_stop(ctx);
}

void keyed_on_get(struct ax_ctx *ctx, struct keyed *self, const struct keyed_get *msg,
                  struct keyed_get_reply *reply)
{
    char key[AX_KEY_MAX + 1] = "";
    struct ax_span own = ax_key(ctx);
    (void)msg;
    if (own.len != 0)
        __builtin_memcpy(key, own.ptr, own.len);
    reply->value = self->n;
    reply->incarnation = ax_incarnation(ctx);
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->key, key) == 0);
}

AX_ACTOR(keyed);
