/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "shelf.h"

#include <string.h>

AX_STATE(shelf, (u64, puts), (u64, wrong));

static bool is_all(const struct ax_bytes *data, uint8_t fill)
{
    const uint8_t *bytes = ax_bytes(data);
    uint32_t i = 0;
    while (i < data->len && bytes[i] == fill)
        i++;
    return i == data->len;
}

void shelf_on_put(struct ax_ctx *ctx, struct shelf *self, const struct shelf_put *msg)
{
    (void)ctx;
    self->puts++;
    self->wrong += !is_all(&msg->data, msg->fill);
}

void shelf_on_compare(struct ax_ctx *ctx, struct shelf *self, const struct shelf_compare *msg,
                      struct shelf_compare_reply *reply)
{
    (void)ctx, (void)self;
    reply->same = is_all(&msg->data, msg->fill);
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
