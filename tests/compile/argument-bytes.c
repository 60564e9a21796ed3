/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(put, (bytes, data))
#include <ax/contract.h>

int send(struct ax_ctx *ctx, counter_ref to);
int send(struct ax_ctx *ctx, counter_ref to)
{
    return counter_put(ctx, to, "data");
}
