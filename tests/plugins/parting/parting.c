/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "parting.h"

#include <ax/io.h>

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

void parting_on_toil(struct ax_ctx *ctx, struct parting *self, const struct parting_toil *msg)
{
    int error = parting_toil(ctx, parting_ref_of(ax_self(ctx)));

    (void)self, (void)msg;
    AX_CHECK(ctx, error == 0 || error == AX_E_CLOSED); /* told to end */
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

/* One is killed while it waits for a name: in the same round, before axsup has even been asked. */
void parting_on_rob(struct ax_ctx *ctx, struct parting *self, const struct parting_rob *msg)
{
    parting_ref victim, killer;

    (void)self;
    if (msg->times == 0) {
        ax_log(ctx, AX_INFO, "has robbed");
        return;
    }
    AX_CHECK(ctx, parting_spawn(ctx, NULL, &victim) == 0);
    AX_CHECK(ctx, parting_spawn(ctx, NULL, &killer) == 0);
    AX_CHECK(ctx, parting_name_one(ctx, victim) == 0);
    AX_CHECK(ctx, parting_slay(ctx, killer, victim.ref, ax_self(ctx), msg->times) == 0);
}

void parting_on_name_one(struct ax_ctx *ctx, struct parting *self,
                         const struct parting_name_one *msg)
{
    const struct ax_spawn spawn = {.name = "named"};
    parting_ref one;

    (void)self, (void)msg;
    ax_log(ctx, AX_ERROR, "has lived on: %s", ax_error_name(parting_spawn(ctx, &spawn, &one)));
}

void parting_on_slay(struct ax_ctx *ctx, struct parting *self, const struct parting_slay *msg)
{
    const parting_ref back = {.ref = msg->back};

    (void)self;
    AX_CHECK(ctx, ax_exit_actor(ctx, msg->whom, AX_KILLED) == 0);
    AX_CHECK(ctx, parting_rob(ctx, back, msg->times - 1) == 0);
    ax_stop(ctx);
}

/* To a child that says nothing for as long as it lives. */
static void listen_to(struct ax_ctx *ctx, const char *const child[])
{
    char word[8];
    uint64_t from;
    uint32_t got;

    AX_CHECK(ctx, ax_io_spawn(ctx, child, &from) == 0);
    ax_log(ctx, AX_INFO, "waits");
    int error = ax_io_recv(ctx, from, word, sizeof word, AX_FOREVER, &got);
    ax_log(ctx, AX_INFO, "has heard: %s", error == 0 ? "the end" : ax_error_name(error));
}

void parting_on_hear(struct ax_ctx *ctx, struct parting *self, const struct parting_hear *msg)
{
    const char *const cat[] = {"cat", NULL}; /* which lives for ever */

    (void)self, (void)msg;
    listen_to(ctx, cat);
}

void parting_on_doze(struct ax_ctx *ctx, struct parting *self, const struct parting_doze *msg)
{
    const char *const nap[] = {"sleep", "0.3", NULL};

    (void)self, (void)msg;
    listen_to(ctx, nap);
}

void parting_on_fall(struct ax_ctx *ctx, struct parting *self, const struct parting_fall *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "told to fall");
}

/* One is asked that has failed and is to be started again much later. */
void parting_on_wonder(struct ax_ctx *ctx, struct parting *self, const struct parting_wonder *msg)
{
    const struct ax_spawn spawn = {.name = "fallen", .backoff_min_ns = AX_SECONDS(3600)};
    struct parting_get_reply reply;
    parting_ref fallen;

    (void)self, (void)msg;
    AX_CHECK(ctx, parting_spawn(ctx, &spawn, &fallen) == 0);
    AX_CHECK(ctx, parting_fall(ctx, fallen) == 0);
    ax_log(ctx, AX_INFO, "waits");
    ax_log(ctx, AX_INFO, "has heard: %s",
           ax_error_name(parting_get(ctx, fallen, &reply, AX_SECONDS(3600))));
}

void parting_on_get(struct ax_ctx *ctx, struct parting *self, const struct parting_get *msg,
                    struct parting_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->n;
}

AX_ACTOR(parting, .on_stop = on_stop);
AX_PLUGIN("parting", &parting_actor);
