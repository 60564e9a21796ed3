/* SPDX-License-Identifier: MIT */
/* order.c - a workflow in straight C: reserve, pay, ship; and back again where a step is refused.
 *
 * The actor is AX_DURABLE. At each await everything so far is binding, and so is the place in the
 * code: when the process dies while it waits, or at any other moment, the next one goes on from
 * there, with `count`, `label` and who called whom as they were. There is no table of steps and
 * nothing to look up after a crash. What each of the others does, it does once, because an ask is
 * part of the turn that sends it.
 *
 * So the only errors left to deal with are answers. */
#include "carrier.h"
#include "stock.h"
#include "till.h"

#define AX_IMPLEMENT
#include "order.h"

#include <stdio.h>

AX_STATE(order, (u64, shipped), (u64, sold_out), (u64, unpaid), (u64, unshipped));

struct others {
    stock_ref stock;
    till_ref till;
    carrier_ref carrier;
};

static struct others find_others(struct ax_ctx *ctx)
{
    struct others others;
    AX_CHECK(ctx, stock_find(ctx, "stock", &others.stock) == 0);
    AX_CHECK(ctx, till_find(ctx, "till", &others.till) == 0);
    AX_CHECK(ctx, carrier_find(ctx, "carrier", &others.carrier) == 0);
    return others;
}

static void release(struct ax_ctx *ctx, const struct others *others, uint32_t count)
{
    struct stock_release_reply answer;
    AX_CHECK(ctx, stock_release_wait(ctx, others->stock, count, &answer, AX_FOREVER) == 0);
}

static void refund(struct ax_ctx *ctx, const struct others *others, int64_t sum)
{
    struct till_refund_reply answer;
    AX_CHECK(ctx, till_refund_wait(ctx, others->till, sum, &answer, AX_FOREVER) == 0);
}

static bool ship(struct ax_ctx *ctx, const struct others *others, const struct order_place *msg)
{
    struct carrier_ship_reply answer;
    char label[32];
    snprintf(label, sizeof label, "order %llu", (unsigned long long)msg->number);
    AX_CHECK(ctx,
             carrier_ship_wait(ctx, others->carrier, label, msg->count, &answer, AX_FOREVER) == 0);
    return answer.done;
}

void order_on_place(struct ax_ctx *ctx, struct order *self, const struct order_place *msg,
                    struct order_place_reply *reply)
{
    const struct others others = find_others(ctx);
    struct stock_reserve_reply reserved;
    struct till_pay_reply paid;
    int64_t sum = msg->price * msg->count;

    AX_CHECK(ctx, stock_reserve_wait(ctx, others.stock, msg->count, &reserved, AX_FOREVER) == 0);
    if (!reserved.done) {
        self->sold_out++;
        (void)ax_text_set(reply->why, sizeof reply->why, "sold out");
        return;
    }
    AX_CHECK(ctx, till_pay_wait(ctx, others.till, sum, &paid, AX_FOREVER) == 0);
    if (!paid.done) {
        release(ctx, &others, msg->count);
        self->unpaid++;
        (void)ax_text_set(reply->why, sizeof reply->why, "not paid");
        return;
    }
    if (!ship(ctx, &others, msg)) {
        refund(ctx, &others, sum);
        release(ctx, &others, msg->count);
        self->unshipped++;
        (void)ax_text_set(reply->why, sizeof reply->why, "too heavy");
        return;
    }
    self->shipped++;
    reply->done = true;
}

void order_on_total(struct ax_ctx *ctx, struct order *self, const struct order_total *msg,
                    struct order_total_reply *reply)
{
    (void)ctx, (void)msg;
    *reply =
        (struct order_total_reply){self->shipped, self->sold_out, self->unpaid, self->unshipped};
}

AX_ACTOR(order, AX_DURABLE);

AX_PLUGIN("order", &order_actor, &stock_actor, &till_actor, &carrier_actor);
