/* SPDX-License-Identifier: MIT */
#include "door.h"

#define AX_IMPLEMENT
#include "line.h"

#include <ax/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    uint64_t io;
    size_t have;
    char text[256];
};

void line_on_serve(struct ax_ctx *ctx, struct line *self, const struct line_serve *msg)
{
    (void)ctx;
    self->io = msg->io;
}

static void say(struct ax_ctx *ctx, const struct line *self, const char *text)
{
    AX_CHECK(ctx, ax_io_write(ctx, self->io, text, (uint32_t)strlen(text)) == 0);
    AX_CHECK(ctx, ax_io_write(ctx, self->io, "\n", 1) == 0);
}

static void ask(struct ax_ctx *ctx, const struct line *self, const char *text)
{
    struct door_echo_reply reply;
    door_ref far;
    AX_CHECK(ctx, door_find(ctx, "far", &far) == 0);
    AX_CHECK(ctx, door_echo(ctx, far, text, &reply, AX_SECONDS(10)) == 0);
    say(ctx, self, ax_str(&reply.text));
}

static void obey(struct ax_ctx *ctx, struct line *self, const char *line)
{
    if (strncmp(line, "echo ", 5) == 0) {
        say(ctx, self, line + 5);
    } else if (strncmp(line, "ask ", 4) == 0) {
        ask(ctx, self, line + 4);
    } else if (strcmp(line, "fail") == 0) {
        say(ctx, self, "never seen");
        ax_fail(ctx, "told to");
    } else if (strcmp(line, "crash") == 0) {
        abort();
    } else if (strcmp(line, "quit") == 0) {
        say(ctx, self, "bye");
        AX_CHECK(ctx, ax_io_close(ctx, self->io) == 0);
        ax_stop(ctx);
    } else {
        say(ctx, self, "what?");
    }
}

static void take(struct ax_ctx *ctx, struct line *self, char c)
{
    AX_CHECK(ctx, self->have < sizeof self->text - 1);
    self->text[self->have++] = c == '\n' ? '\0' : c;
    if (c != '\n')
        return;
    self->have = 0;
    obey(ctx, self, self->text);
}

static void on_io(struct ax_ctx *ctx, struct line *self, const struct ax_io_event *event)
{
    const char *data = event->data;
    switch (event->what) {
    case AX_IO_DATA:
        for (uint32_t i = 0; i < event->size; i++)
            take(ctx, self, data[i]);
        break;
    case AX_IO_CLOSED:
        ax_stop(ctx);
        break;
    default:
        ax_fail(ctx, "an event that was not to come");
    }
}

AX_ACTOR(line, .on_io = on_io);
