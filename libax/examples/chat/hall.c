/* SPDX-License-Identifier: MIT */
/* hall.c - the hall watches its guests: one that ends, by itself or with its process, has left. */
#include "guest.h"

#define AX_IMPLEMENT
#include "hall.h"

#include <stdio.h>
#include <string.h>

#define SEATS 64

AX_STRUCT(seat, (u64, monitor), (ref_to(guest), who), (text(GUEST_NAME), name));
AX_STATE(hall, (u32, count), (array(nested(seat), SEATS), seats));

static void tell(struct ax_ctx *ctx, guest_ref who, const char *text)
{
    int error = guest_hear(ctx, who, text);
    if (error != 0)
        ax_log(ctx, AX_DEBUG, "a guest misses a line: %s", ax_strerror(error));
}

static void tell_all(struct ax_ctx *ctx, const struct hall *self, const char *text)
{
    for (uint32_t i = 0; i < self->count; i++)
        tell(ctx, self->seats[i].who, text);
}

void hall_on_enter(struct ax_ctx *ctx, struct hall *self, const struct hall_enter *msg)
{
    char text[GUEST_NAME + 16];
    struct seat *seat = &self->seats[self->count];
    if (self->count == SEATS) {
        tell(ctx, msg->who, "* the hall is full");
        return;
    }
    AX_CHECK(ctx, ax_monitor(ctx, msg->who.ref, &seat->monitor) == 0);
    seat->who = msg->who;
    memcpy(seat->name, msg->name, sizeof seat->name);
    self->count++;
    snprintf(text, sizeof text, "* %s is here", msg->name);
    tell_all(ctx, self, text);
}

void hall_on_say(struct ax_ctx *ctx, struct hall *self, const struct hall_say *msg)
{
    tell_all(ctx, self, ax_str(&msg->text));
}

void hall_on_guests(struct ax_ctx *ctx, struct hall *self, const struct hall_guests *msg,
                    struct hall_guests_reply *reply)
{
    (void)ctx, (void)msg;
    reply->count = self->count;
}

static void on_down(struct ax_ctx *ctx, struct hall *self, const struct ax_down *down)
{
    char text[GUEST_NAME + 16];
    uint32_t i = 0;
    while (i < self->count && self->seats[i].monitor != down->monitor)
        i++;
    if (i == self->count)
        return;
    if (down->will_restart) /* but its connection is gone */
        (void)ax_demonitor(ctx, down->monitor);
    snprintf(text, sizeof text, "* %s has left", self->seats[i].name);
    self->seats[i] = self->seats[--self->count];
    tell_all(ctx, self, text);
}

AX_ACTOR(hall, .on_down = on_down);
