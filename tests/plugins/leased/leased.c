/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/plugins/leased/leased.h"

#include "tests/plugins/leased/crown.h"
#include "tests/plugins/leased/heir.h"
#include "tests/plugins/leased/line.h"

#include <ax/cluster.h>
#include <ax/registry.h>
#include <string.h>

#define PERIOD AX_MILLISECONDS(5)

struct leased {
    char none;
};

void leased_on_note(struct ax_ctx *ctx, struct leased *self, const struct leased_note *msg)
{
    char path[AX_KEY_MAX + 1] = "";
    struct ax_span key = ax_key(ctx);
    (void)self, (void)msg;
    memcpy(path, key.ptr, key.len);
    add_line(ctx, path);
}

void leased_on_epoch(struct ax_ctx *ctx, struct leased *self, const struct leased_epoch *msg,
                     struct leased_epoch_reply *reply)
{
    (void)self, (void)msg;
    reply->epoch = ax_lease_epoch(ctx);
}

static void begin(struct ax_ctx *ctx, struct leased *self)
{
    uint64_t timer;
    (void)self;
    AX_CHECK(ctx, leased_note_every(ctx, PERIOD, &timer) == 0);
}

AX_ACTOR(leased, .on_start = begin);
AX_PLUGIN("leased", &leased_actor, &crown_actor, &heir_actor);
