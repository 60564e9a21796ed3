/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/plugins/leased/crown.h"

#include "tests/plugins/leased/heir.h"

#include <ax/cluster.h>
#include <ax/registry.h>
#include <string.h>

AX_STATE(crown, (nested(ax_supervisor), supervisor));

char crowned[AX_KEY_MAX + 1];

static const struct ax_child heirs[] = {
    {.contract = &heir_contract, .spawn = {.name = ".one"}},
    {.contract = &heir_contract, .spawn = {.name = ".two"}},
};
static const struct ax_supervision reign = {
    .children = heirs, .count = 2, .wake = crown_supervise_after};

static const struct ax_supervision *table(struct ax_ctx *ctx)
{
    struct ax_span key = ax_key(ctx);
    memcpy(crowned, key.ptr, key.len);
    return &reign;
}

void crown_on_epoch(struct ax_ctx *ctx, struct crown *self, const struct crown_epoch *msg,
                    struct crown_epoch_reply *reply)
{
    (void)self, (void)msg;
    reply->epoch = ax_lease_epoch(ctx);
}

AX_SUPERVISOR(crown, *table(ctx));
