/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "till.h"

#define CREDIT 50 /* for one order */

AX_STATE(till, (i64, sum), (u64, paid), (u64, refunded));

void till_on_pay(struct ax_ctx *ctx, struct till *self, const struct till_pay *msg,
                 struct till_pay_reply *reply)
{
    (void)ctx;
    if (msg->sum > CREDIT)
        return;
    self->sum += msg->sum;
    self->paid++;
    reply->done = true;
}

void till_on_refund(struct ax_ctx *ctx, struct till *self, const struct till_refund *msg,
                    struct till_refund_reply *reply)
{
    (void)ctx;
    self->sum -= msg->sum;
    self->refunded++;
    reply->done = true;
}

void till_on_total(struct ax_ctx *ctx, struct till *self, const struct till_total *msg,
                   struct till_total_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct till_total_reply){self->sum, self->paid, self->refunded};
}

AX_ACTOR(till);
