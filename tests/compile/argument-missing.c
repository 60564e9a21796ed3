/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ()) TELL(add, (i64, by))
#include <ax/contract.h>
#define AX_CONTRACT other
#define AX_MESSAGES(TELL, ASK) TELL(go, ())
#include <ax/contract.h>

int send(struct ax_ctx *ctx, counter_ref to);
int send(struct ax_ctx *ctx, counter_ref to)
{
    return counter_add(ctx, to);
}
