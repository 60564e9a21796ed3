/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "keyed.h"

AX_STATE(keyed, (i64, n), (u32, toiled));

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

void keyed_on_mind(struct ax_ctx *ctx, struct keyed *self, const struct keyed_mind *msg)
{
    (void)self;
    (void)msg;
    AX_CHECK(ctx, ax_monitor(ctx, ax_self(ctx), NULL) == 0);
}

void keyed_on_end(struct ax_ctx *ctx, struct keyed *self, const struct keyed_end *msg)
{
    (void)self;
    (void)msg;
    ax_stop(ctx);
}

/* Asks somebody who waits an hour for its restart. */
void keyed_on_toil(struct ax_ctx *ctx, struct keyed *self, const struct keyed_toil *msg)
{
    const uint64_t hour = AX_SECONDS(3600);
    const struct ax_spawn spawn = {.backoff_min_ns = hour, .backoff_max_ns = hour};
    struct keyed_get_reply got;
    keyed_ref mute;
    self->toiled = ax_incarnation(ctx);
    AX_CHECK(ctx, keyed_spawn(ctx, &spawn, &mute) == 0);
    AX_CHECK(ctx, keyed_fail(ctx, mute) == 0);
    AX_CHECK(ctx, keyed_get(ctx, mute, &got, AX_MILLISECONDS(msg->ms)) == AX_E_TIMEOUT);
    AX_CHECK(ctx, keyed_stop(ctx, mute) == 0);
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
    reply->toiled = self->toiled;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->key, key) == 0);
}

static void start(struct ax_ctx *ctx, struct keyed *self)
{
    struct ax_span key = ax_key(ctx);
    (void)self;
    if (key.len >= 5 && __builtin_memcmp(key.ptr, "frail", 5) == 0)
        ax_fail(ctx, "it is frail");
}

static void snapshot(struct ax_ctx *ctx, struct keyed *self)
{
    AX_CHECK(ctx, ax_keep_snapshot(ctx, &self->n, sizeof self->n) == 0);
}

static void down(struct ax_ctx *ctx, struct keyed *self, const struct ax_down *down)
{
    (void)ctx;
    self->n += down->reason == AX_NORMAL ? 1000 : 100;
}

AX_ACTOR(keyed, .on_start = start, .snapshot = snapshot, .on_down = down);
