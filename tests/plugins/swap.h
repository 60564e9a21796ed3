/* SPDX-License-Identifier: MIT */
/* swap.h - an actor that adds, says which version of its code it is, and waits for others. Each of
 * its plugins is this with something else defined. */
#ifndef TESTS_PLUGINS_SWAP_H
#define TESTS_PLUGINS_SWAP_H

#ifndef SWAP_ADD
#define SWAP_ADD (i64, by)
#endif
#ifndef SWAP_STATE
#define SWAP_STATE (i64, n)
#endif
#ifndef SWAP_HOOKS
#define SWAP_HOOKS
#endif

#define AX_CONTRACT swap
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, SWAP_ADD)                                                                            \
    ASK(get, (), (i64, value, i64, version))                                                       \
    ASK(other, (), (i64, value))
#define AX_IMPLEMENT
#include <ax/contract.h>

AX_STATE(swap, SWAP_STATE);

void swap_on_add(struct ax_ctx *ctx, struct swap *self, const struct swap_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void swap_on_get(struct ax_ctx *ctx, struct swap *self, const struct swap_get *msg,
                 struct swap_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->value = self->n;
    reply->version = SWAP_VERSION;
}

/* Waits for "other", as long as that takes. */
void swap_on_other(struct ax_ctx *ctx, struct swap *self, const struct swap_other *msg,
                   struct swap_other_reply *reply)
{
    struct swap_get_reply got = {0};
    swap_ref other;

    (void)self, (void)msg;
    AX_CHECK(ctx, swap_find(ctx, "other", &other) == 0);
    AX_CHECK(ctx, swap_get(ctx, other, &got, AX_FOREVER) == 0);
    reply->value = got.value;
}

AX_ACTOR(swap, AX_DURABLE SWAP_HOOKS);
AX_PLUGIN("swap", &swap_actor);

#endif
