/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>

int use(struct ax_ctx *ctx, counter_ref c);
int use(struct ax_ctx *ctx, counter_ref c)
{
    counter_local_ref local = c;
    return counter_inc(ctx, counter_of_local(local));
}
