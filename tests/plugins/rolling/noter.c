/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/plugins/rolling/noter.h"

#include "tests/plugins/rolling/book.h"

#include <ax/cluster.h>
#include <inttypes.h>
#include <string.h>

struct noter {
    char none;
};

static void add(struct ax_ctx *ctx, const char *what, uint64_t id)
{
    char name[AX_KEY_MAX + 1] = "";
    struct ax_span key = ax_key(ctx);
    memcpy(name, key.ptr, key.len);
    book_add(ctx, name, "%s %" PRIu64 " %" PRIu64 "\n", what, id, ax_lease_epoch(ctx));
}

void noter_on_note(struct ax_ctx *ctx, struct noter *self, const struct noter_note *msg,
                   struct noter_note_reply *reply)
{
    (void)self;
    add(ctx, "note", msg->id);
    reply->epoch = ax_lease_epoch(ctx);
}

static void on_start(struct ax_ctx *ctx, struct noter *self)
{
    (void)self;
    add(ctx, "begin", 0);
}

static void on_stop(struct ax_ctx *ctx, struct noter *self)
{
    (void)self;
    add(ctx, "end", 0);
}

AX_ACTOR(noter, .on_start = on_start, .on_stop = on_stop);
