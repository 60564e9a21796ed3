/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "flood.h"

AX_STATE(chick, (u64, pecks));

void chick_on_peck(struct ax_ctx *ctx, struct chick *self, const struct chick_peck *msg)
{
    flood_ref parent = {.ref = msg->parent};
    self->pecks++;
    if (flood_hatch(ctx, parent) != 0)
        AX_CHECK(ctx, chick_peck_after(ctx, msg->parent, AX_MILLISECONDS(1), NULL) == 0);
}

void chick_on_leave(struct ax_ctx *ctx, struct chick *self, const struct chick_leave *msg)
{
    (void)self, (void)msg;
    ax_stop(ctx);
}

AX_ACTOR(chick);
