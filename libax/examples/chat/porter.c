/* SPDX-License-Identifier: MIT */
/* porter.c - spawns a guest for each connection and hands it over, all in one turn. A guest does
 * not come back when it fails: its connection is gone. */
#include "guest.h"

#define AX_IMPLEMENT
#include "porter.h"

#include <ax/io.h>

AX_STATE(porter, (u64, let_in));

static void start(struct ax_ctx *ctx, struct porter *self)
{
    uint64_t listener;
    (void)self;
    AX_CHECK(ctx, ax_io_listen(ctx, "chat", &listener) == 0);
}

static void on_io(struct ax_ctx *ctx, struct porter *self, const struct ax_io_event *event)
{
    const struct ax_spawn once = {.restart = AX_RESTART_NEVER};
    guest_ref guest;
    if (event->what != AX_IO_ACCEPTED)
        return;
    if (guest_spawn(ctx, &once, &guest) != 0) {
        (void)ax_io_close(ctx, event->accepted);
        return;
    }
    AX_CHECK(ctx, guest_serve(ctx, guest, event->accepted) == 0);
    AX_CHECK(ctx, ax_io_give(ctx, event->accepted, guest.ref) == 0);
    self->let_in++;
}

void porter_on_doors(struct ax_ctx *ctx, struct porter *self, const struct porter_doors *msg,
                     struct porter_doors_reply *reply)
{
    (void)ctx, (void)msg;
    reply->let_in = self->let_in;
}

AX_ACTOR(porter, .on_start = start, .on_restart = start, .on_io = on_io);
