/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "carrier.h"

#define HEAVY 5 /* goods that nobody carries at once */

AX_STATE(carrier, (u64, parcels), (u64, goods));

void carrier_on_ship(struct ax_ctx *ctx, struct carrier *self, const struct carrier_ship *msg,
                     struct carrier_ship_reply *reply)
{
    if (msg->count >= HEAVY)
        return;
    ax_log(ctx, AX_DEBUG, "%u of %s", msg->count, msg->label);
    self->parcels++;
    self->goods += msg->count;
    reply->done = true;
}

void carrier_on_total(struct ax_ctx *ctx, struct carrier *self, const struct carrier_total *msg,
                      struct carrier_total_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct carrier_total_reply){self->parcels, self->goods};
}

AX_ACTOR(carrier);
