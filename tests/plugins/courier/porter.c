/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "porter.h"

#include "shelf.h"

#include <string.h>

AX_STATE(porter, (u32, carried));

static uint8_t shared[8192];

/* Fills the place; whoever waits for room meanwhile has been given other bytes. */
static struct ax_span load(struct ax_ctx *ctx, uint32_t i, uint32_t size, uint8_t *fill)
{
    AX_CHECK(ctx, size <= sizeof shared);
    *fill = (uint8_t)(i * 7 + (ax_self(ctx).addr & 31) * 13);
    memset(shared, *fill, size);
    return (struct ax_span){shared, size};
}

void porter_on_carry(struct ax_ctx *ctx, struct porter *self, const struct porter_carry *msg)
{
    shelf_ref to;
    AX_CHECK(ctx, shelf_find(ctx, "to", &to) == 0);
    for (uint32_t i = 0; i < msg->count; i++) {
        uint8_t fill;
        const struct ax_span span = load(ctx, i, msg->size, &fill);
        AX_CHECK(ctx, shelf_put_wait(ctx, to, fill, span) == 0);
        self->carried++;
    }
}

/* The same with an ask, whose answer says whether the bytes were those. */
void porter_on_check(struct ax_ctx *ctx, struct porter *self, const struct porter_check *msg)
{
    shelf_ref to;
    AX_CHECK(ctx, shelf_find(ctx, "to", &to) == 0);
    for (uint32_t i = 0; i < msg->count; i++) {
        struct shelf_compare_reply reply;
        uint8_t fill;
        const struct ax_span span = load(ctx, i, msg->size, &fill);
        AX_CHECK(ctx, shelf_compare_wait(ctx, to, fill, span, &reply, AX_FOREVER) == 0);
        self->carried += reply.same;
    }
}

void porter_on_done(struct ax_ctx *ctx, struct porter *self, const struct porter_done *msg,
                    struct porter_done_reply *reply)
{
    (void)ctx, (void)msg;
    reply->carried = self->carried;
}

AX_ACTOR(porter);
