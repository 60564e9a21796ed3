/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "shelf.h"

#include <string.h>

AX_STATE(shelf, (u64, puts), (u64, wrong));

void shelf_on_put(struct ax_ctx *ctx, struct shelf *self, const struct shelf_put *msg)
{
    const uint8_t *bytes = ax_bytes(&msg->data);
    uint32_t i = 0;
    (void)ctx;
    while (i < msg->data.len && bytes[i] == msg->fill)
        i++;
    self->puts++;
    self->wrong += i < msg->data.len;
}

void shelf_on_get(struct ax_ctx *ctx, struct shelf *self, const struct shelf_get *msg,
                  struct shelf_get_reply *reply)
{
    static uint8_t bytes[8192];
    (void)self;
    AX_CHECK(ctx, msg->size <= sizeof bytes);
    memset(bytes, msg->fill, msg->size);
    AX_CHECK(ctx, ax_reply_bytes(ctx, &reply->data, bytes, msg->size) == 0);
}

void shelf_on_seen(struct ax_ctx *ctx, struct shelf *self, const struct shelf_seen *msg,
                   struct shelf_seen_reply *reply)
{
    (void)ctx, (void)msg;
    reply->puts = self->puts;
    reply->wrong = self->wrong;
}

AX_ACTOR(shelf);
