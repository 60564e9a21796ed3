/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "parting.h"

AX_STATE(parting, (u32, n));

static void on_stop(struct ax_ctx *ctx, struct parting *self)
{
    (void)self;
    ax_log(ctx, AX_INFO, "is stopping");
}

void parting_on_note(struct ax_ctx *ctx, struct parting *self, const struct parting_note *msg)
{
    (void)ctx;
    self->n += msg->n;
}

void parting_on_leave(struct ax_ctx *ctx, struct parting *self, const struct parting_leave *msg)
{
    (void)self, (void)msg;
    ax_stop(ctx);
}

/* One is born, told to leave, and sent notes behind that: it ends before it comes to read them. */
void parting_on_bury(struct ax_ctx *ctx, struct parting *self, const struct parting_bury *msg)
{
    const struct ax_spawn spawn = {.name = "late", .capacity = msg->count + 1};
    parting_ref late;

    (void)self;
    AX_CHECK(ctx, parting_spawn(ctx, &spawn, &late) == 0);
    AX_CHECK(ctx, parting_leave(ctx, late) == 0);
    for (uint32_t i = 0; i < msg->count; i++)
        AX_CHECK(ctx, parting_note(ctx, late, i) == 0);
}

void parting_on_get(struct ax_ctx *ctx, struct parting *self, const struct parting_get *msg,
                    struct parting_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->n;
}

AX_ACTOR(parting, .on_stop = on_stop);
AX_PLUGIN("parting", &parting_actor);
