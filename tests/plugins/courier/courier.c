/* SPDX-License-Identifier: MIT */
/* courier.c - a durable actor that fetches bytes from one shelf and puts what it got on another, or
 * only fetches. */
#include "porter.h"
#include "shelf.h"

#define AX_IMPLEMENT
#define AX_CONTRACT courier
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(carry, (u32, count, u32, size))                                                           \
    TELL(fetch, (u32, count))                                                                      \
    ASK(done, (), (u32, fetched))
#include <ax/contract.h>

AX_STATE(courier, (u32, fetched));

void courier_on_carry(struct ax_ctx *ctx, struct courier *self, const struct courier_carry *msg)
{
    uint32_t count = msg->count, size = msg->size;
    struct shelf_get_reply got;
    shelf_ref from, to;
    AX_CHECK(ctx, shelf_find(ctx, "from", &from) == 0);
    AX_CHECK(ctx, shelf_find(ctx, "to", &to) == 0);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t fill = (uint8_t)(i * 7 + (ax_self(ctx).addr & 31) * 13);
        AX_CHECK(ctx, shelf_get_wait(ctx, from, fill, size, &got, AX_FOREVER) == 0);
        const struct ax_span span = {ax_bytes(&got.data), got.data.len};
        AX_CHECK(ctx, shelf_put_wait(ctx, to, fill, span) == 0);
        self->fetched++;
    }
}

void courier_on_fetch(struct ax_ctx *ctx, struct courier *self, const struct courier_fetch *msg)
{
    uint32_t count = msg->count;
    struct shelf_get_reply got;
    shelf_ref from;
    AX_CHECK(ctx, shelf_find(ctx, "from", &from) == 0);
    for (uint32_t i = 0; i < count; i++) {
        AX_CHECK(ctx, shelf_get(ctx, from, (uint8_t)i, 8, &got, AX_FOREVER) == 0);
        self->fetched++;
    }
}

void courier_on_done(struct ax_ctx *ctx, struct courier *self, const struct courier_done *msg,
                     struct courier_done_reply *reply)
{
    (void)ctx, (void)msg;
    reply->fetched = self->fetched;
}

AX_ACTOR(courier, AX_DURABLE);
extern const union shelf_actor_type shelf_actor;
extern const union porter_actor_type porter_actor;
AX_PLUGIN("courier", &courier_actor, &shelf_actor, &porter_actor);
