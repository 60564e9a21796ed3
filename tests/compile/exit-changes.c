/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>
AX_STATE(counter, (i64, n));

void counter_on_inc(struct ax_ctx *ctx, struct counter *self, const struct counter_inc *msg)
{
    (void)ctx, (void)self, (void)msg;
}

/* What it is told of is not its own to change. */
static void on_exit_of(struct ax_ctx *ctx, struct counter *self, const struct ax_exit *exit)
{
    (void)ctx, (void)self;
    exit->reason = AX_NORMAL;
}
AX_ACTOR(counter, .on_exit = on_exit_of);
