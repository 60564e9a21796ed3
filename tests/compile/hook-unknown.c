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

void counter_on_add(struct ax_ctx *ctx, struct counter *self, const struct counter_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

static void crash(struct ax_ctx *ctx, struct counter *self)
{
    (void)ctx;
    (void)self;
}
AX_ACTOR(counter, .on_crash = crash);
