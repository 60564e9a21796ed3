/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ()) TELL(add, (i64, by))
#include <ax/contract.h>

struct counter {
    int64_t n;
};

void counter_on_inc(struct ax_ctx *ctx, struct counter *self, const struct counter_inc *msg)
{
    (void)ctx;
    (void)msg;
    self->n++;
}

void counter_on_add(struct ax_ctx *ctx, struct counter *self, int64_t by)
{
    (void)ctx;
    self->n += by;
}
AX_ACTOR(counter);
