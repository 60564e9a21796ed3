/* SPDX-License-Identifier: MIT */
/* Uses some of what a contract makes, and not the rest. The names of variables here are names of
 * arguments there. */
#include "counter.h"

extern int by, value;
int by, value;
int use(struct ax_ctx *ctx);

int use(struct ax_ctx *ctx)
{
    counter_ref c;
    AX_TRY(counter_spawn(ctx, &(struct ax_spawn){.name = "counter", .capacity = 256}, &c));
    AX_TRY(counter_inc(ctx, c));
    struct counter_get_reply r;
    AX_TRY(counter_get(ctx, c, &r, AX_SECONDS(1)));
    return counter_add_wait(ctx, c, r.value);
}
