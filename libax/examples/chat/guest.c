/* SPDX-License-Identifier: MIT */
/* guest.c - lives as long as its connection. Its first line is its name; after that each line is
 * said in the hall. */
#define AX_IMPLEMENT
#include "guest.h"

#include "hall.h"

#include <ax/io.h>
#include <stdio.h>
#include <string.h>

struct guest {
    uint64_t io;
    char name[GUEST_NAME];
    uint32_t have;
    char line[GUEST_LINE];
};

static void write_line(struct ax_ctx *ctx, const struct guest *self, const char *text)
{
    char line[GUEST_LINE + GUEST_NAME + 4];
    int size = snprintf(line, sizeof line, "%s\n", text);
    if (size <= 0 || (size_t)size >= sizeof line)
        return;
    int error = ax_io_write(ctx, self->io, line, (uint32_t)size);
    if (error != 0) /* who reads too slowly misses some */
        ax_log(ctx, AX_DEBUG, "%s misses a line: %s", self->name, ax_strerror(error));
}

void guest_on_serve(struct ax_ctx *ctx, struct guest *self, const struct guest_serve *msg)
{
    self->io = msg->io;
    write_line(ctx, self, "your name?");
}

void guest_on_hear(struct ax_ctx *ctx, struct guest *self, const struct guest_hear *msg)
{
    write_line(ctx, self, ax_str(&msg->text));
}

static void take_line(struct ax_ctx *ctx, struct guest *self)
{
    char text[GUEST_LINE + GUEST_NAME + 2];
    hall_ref hall;
    int error = hall_find(ctx, "hall", &hall);
    if (error == 0 && self->name[0] == '\0') {
        snprintf(self->name, sizeof self->name, "%.*s", GUEST_NAME - 1, self->line);
        error = hall_enter(ctx, hall, guest_self(ctx), self->name);
    } else if (error == 0) {
        snprintf(text, sizeof text, "%s: %s", self->name, self->line);
        error = hall_say(ctx, hall, text);
    }
    if (error != 0)
        write_line(ctx, self, ax_strerror(error));
}

static void take(struct ax_ctx *ctx, struct guest *self, char c)
{
    if (c == '\r')
        return;
    if (c != '\n' && self->have < sizeof self->line - 1) {
        self->line[self->have++] = c;
        return;
    }
    self->line[self->have] = '\0';
    if (self->have != 0)
        take_line(ctx, self);
    self->have = 0;
}

static void on_io(struct ax_ctx *ctx, struct guest *self, const struct ax_io_event *event)
{
    const char *data = event->data;
    for (uint32_t i = 0; event->what == AX_IO_DATA && i < event->size; i++)
        take(ctx, self, data[i]);
    if (event->what == AX_IO_CLOSED)
        ax_stop(ctx);
}

/* Its process has died, and the connection with it. */
static void leave(struct ax_ctx *ctx, struct guest *self)
{
    (void)self;
    ax_stop(ctx);
}

AX_ACTOR(guest, .on_restart = leave, .on_io = on_io);
