/* SPDX-License-Identifier: MIT */
#include "line.h"

#define AX_IMPLEMENT
#include "door.h"

#include <ax/io.h>
#include <string.h>

struct door {
    uint64_t listener, accepted;
};

static void start(struct ax_ctx *ctx, struct door *self)
{
    AX_CHECK(ctx, ax_io_listen(ctx, "nothing", &self->listener) == AX_E_INVALID);
    if (strstr(ax_args(ctx), "\"\"") == NULL)
        AX_CHECK(ctx, ax_io_listen(ctx, strstr(ax_args(ctx), "near") ? "near" : "door",
                                   &self->listener) == 0);
}

static void on_io(struct ax_ctx *ctx, struct door *self, const struct ax_io_event *event)
{
    line_ref line;
    AX_CHECK(ctx, event->what == AX_IO_ACCEPTED && event->io == self->listener);
    AX_CHECK(ctx, line_spawn(ctx, &(struct ax_spawn){.restart = AX_RESTART_NEVER}, &line) == 0);
    AX_CHECK(ctx, line_serve(ctx, line, event->accepted) == 0);
    AX_CHECK(ctx, ax_io_give(ctx, event->accepted, line.ref) == 0);
    AX_CHECK(ctx, ax_io_write(ctx, event->accepted, "", 0) == AX_E_NOT_ALLOWED);
    self->accepted++;
}

void door_on_shut(struct ax_ctx *ctx, struct door *self, const struct door_shut *msg)
{
    (void)msg;
    AX_CHECK(ctx, ax_io_close(ctx, self->listener) == 0);
    AX_CHECK(ctx, ax_io_close(ctx, self->listener) == AX_E_CLOSED);
}

void door_on_echo(struct ax_ctx *ctx, struct door *self, const struct door_echo *msg,
                  struct door_echo_reply *reply)
{
    (void)self;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->text, ax_str(&msg->text)) == 0);
}

void door_on_count(struct ax_ctx *ctx, struct door *self, const struct door_count *msg,
                   struct door_count_reply *reply)
{
    (void)ctx, (void)msg;
    reply->accepted = self->accepted;
}

AX_ACTOR(door, .on_start = start, .on_io = on_io);
