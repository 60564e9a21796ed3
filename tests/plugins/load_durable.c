/* SPDX-License-Identifier: MIT */
/* A durable actor whose state would be gone. */
#define AX_CONTRACT forgetful
#define AX_MESSAGES(TELL, ASK) TELL(think, ())
#define AX_IMPLEMENT
#include <ax/contract.h>

struct forgetful {
    int thoughts;
};

void forgetful_on_think(struct ax_ctx *ctx, struct forgetful *self,
                        const struct forgetful_think *msg)
{
    (void)ctx, (void)msg;
    self->thoughts++;
}

AX_ACTOR(forgetful, AX_DURABLE);
AX_PLUGIN("load_durable", &forgetful_actor);
