/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "maps.h"

#include <ax/map.h>
#include <stdio.h>

#define A_TURN 100u

AX_STATE(maps, (u64, filled));
AX_MAPS(maps, data, other);

void maps_on_put(struct ax_ctx *ctx, struct maps *self, const struct maps_put *msg,
                 struct maps_put_reply *reply)
{
    struct ax_span key = {ax_bytes(&msg->key), msg->key.len};
    struct ax_span value = {ax_bytes(&msg->value), msg->value.len};
    (void)self;
    reply->error = ax_map_put(ctx, maps_data, key, value);
}

void maps_on_drop(struct ax_ctx *ctx, struct maps *self, const struct maps_drop *msg,
                  struct maps_drop_reply *reply)
{
    (void)self;
    reply->error =
        ax_map_delete(ctx, maps_data, (struct ax_span){ax_bytes(&msg->key), msg->key.len});
}

/* How far it came. */
static uint64_t fill(struct ax_ctx *ctx, uint64_t from, uint64_t to, uint32_t size, int *error)
{
    static uint8_t value[1 << 16];
    char key[32];
    *error = 0;
    for (; from < to && *error == 0; from += *error == 0) {
        uint32_t len = (uint32_t)snprintf(key, sizeof key, "k%llu", (unsigned long long)from);
        *error = ax_map_put(ctx, maps_data, (struct ax_span){key, len},
                            (struct ax_span){value, size < sizeof value ? size : sizeof value});
    }
    return from;
}

/* A message to itself for each turn, so that it can be killed in between. */
void maps_on_more(struct ax_ctx *ctx, struct maps *self, const struct maps_more *msg)
{
    int error;
    uint64_t to = msg->to - msg->from > A_TURN ? msg->from + A_TURN : msg->to;
    self->filled = fill(ctx, msg->from, to, msg->size, &error);
    if (self->filled < msg->to)
        AX_CHECK(ctx, maps_more(ctx, maps_self(ctx), self->filled, msg->to, msg->size) == 0);
}

void maps_on_fill(struct ax_ctx *ctx, struct maps *self, const struct maps_fill *msg,
                  struct maps_fill_reply *reply)
{
    (void)self;
    reply->to = fill(ctx, msg->from, msg->to, msg->size, &reply->error);
}

void maps_on_count(struct ax_ctx *ctx, struct maps *self, const struct maps_count *msg,
                   struct maps_count_reply *reply)
{
    struct ax_span key, value;
    uint64_t walked = 0;
    (void)msg;
    for (uint64_t cursor = 0; ax_map_next(ctx, maps_data, &cursor, &key, &value) == 0; walked++)
        reply->bytes += key.len + value.len;
    reply->entries = ax_map_count(ctx, maps_data);
    reply->filled = self->filled;
    AX_CHECK(ctx, walked == reply->entries);
}

void maps_on_clear(struct ax_ctx *ctx, struct maps *self, const struct maps_clear *msg)
{
    (void)msg;
    self->filled = 0;
    AX_CHECK(ctx, ax_map_clear(ctx, maps_data) == 0);
}

void maps_on_hang(struct ax_ctx *ctx, struct maps *self, const struct maps_hang *msg)
{
    struct ax_span key = {ax_bytes(&msg->key), msg->key.len};
    (void)self;
    AX_CHECK(ctx, ax_map_put(ctx, maps_data, key, key) == 0);
    for (;;)
        __asm__ volatile("");
}

AX_ACTOR(maps);
AX_PLUGIN("maps", &maps_actor);
