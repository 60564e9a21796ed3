/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "watches.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LINES 16

AX_STATE(watches, (i64, n), (i64, downs), (i64, canceled), (array(text(64), LINES), lines));

void watches_on_breed(struct ax_ctx *ctx, struct watches *self, const struct watches_breed *msg,
                      struct watches_breed_reply *reply)
{
    watches_ref child;
    (void)self;
    const struct ax_spawn spawn = {.name = msg->name,
                                   .backoff_min_ns = (uint64_t)msg->backoff_min,
                                   .backoff_max_ns = (uint64_t)msg->backoff_max,
                                   .high = msg->high,
                                   .mailbox =
                                       msg->drop_mail ? AX_MAILBOX_DROP : AX_MAILBOX_DEFAULT};
    reply->error = watches_spawn(ctx, &spawn, &child);
}

void watches_on_crowd(struct ax_ctx *ctx, struct watches *self, const struct watches_crowd *msg,
                      struct watches_crowd_reply *reply)
{
    (void)self, (void)msg;
    for (uint64_t i = 1; reply->error == 0; i++) {
        watches_ref child;
        reply->error = watches_spawn(ctx, &(struct ax_spawn){.window_ns = i}, &child);
        AX_CHECK(ctx, reply->error != 0 || watches_leave(ctx, child) == 0);
    }
}

void watches_on_watch(struct ax_ctx *ctx, struct watches *self, const struct watches_watch *msg,
                      struct watches_watch_reply *reply)
{
    watches_ref who;
    (void)self;
    AX_CHECK(ctx, watches_find(ctx, msg->name, &who) == 0);
    for (uint32_t i = 0; i < msg->times && reply->error == 0; i++)
        reply->error = ax_monitor(ctx, who.ref, NULL);
}

void watches_on_add(struct ax_ctx *ctx, struct watches *self, const struct watches_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void watches_on_die(struct ax_ctx *ctx, struct watches *self, const struct watches_die *msg)
{
    (void)ctx, (void)self;
    raise(msg->signal);
}

void watches_on_leave(struct ax_ctx *ctx, struct watches *self, const struct watches_leave *msg)
{
    (void)self, (void)msg;
    ax_stop(ctx);
}

void watches_on_fail(struct ax_ctx *ctx, struct watches *self, const struct watches_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "on purpose");
}

/* The text dies with the handler's last reply. */
void watches_on_fail_as(struct ax_ctx *ctx, struct watches *self, const struct watches_fail_as *msg)
{
    watches_ref who;
    struct watches_remark_reply remark;
    (void)self;
    AX_CHECK(ctx, watches_find(ctx, msg->name, &who) == 0);
    AX_CHECK(ctx, watches_remark(ctx, who, &remark, AX_FOREVER) == 0);
    ax_fail(ctx, ax_str(&remark.words));
}

void watches_on_pile(struct ax_ctx *ctx, struct watches *self, const struct watches_pile *msg,
                     struct watches_pile_reply *reply)
{
    watches_ref who;
    (void)self;
    AX_CHECK(ctx, watches_find(ctx, msg->name, &who) == 0);
    AX_CHECK(ctx, watches_add(ctx, who, 1) == 0);
    AX_CHECK(ctx, watches_add(ctx, who, 1) == 0);
    AX_CHECK(ctx, watches_fail(ctx, who) == 0);
    reply->error = watches_add(ctx, who, 1);
}

void watches_on_mope(struct ax_ctx *ctx, struct watches *self, const struct watches_mope *msg)
{
    const struct ax_ref nobody = {.addr = UINT64_MAX};
    watches_ref me = watches_self(ctx);
    (void)self, (void)msg;
    AX_CHECK(ctx, watches_fail(ctx, me) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, nobody, NULL) == 0);
    AX_CHECK(ctx, watches_add(ctx, me, 100) == 0);
    AX_CHECK(ctx, watches_get_async(ctx, me, AX_FOREVER, NULL) == 0);
}

void watches_on_end(struct ax_ctx *ctx, struct watches *self, const struct watches_end *msg,
                    struct watches_end_reply *reply)
{
    watches_ref who;
    (void)self;
    AX_CHECK(ctx, watches_find(ctx, msg->name, &who) == 0);
    reply->error = ax_stop_actor(ctx, who.ref);
}

void watches_on_remark(struct ax_ctx *ctx, struct watches *self, const struct watches_remark *msg,
                       struct watches_remark_reply *reply)
{
    (void)self, (void)msg;
    AX_CHECK(ctx,
             ax_reply_str(ctx, &reply->words, "of all the words that were to be remarked") == 0);
}

void watches_on_told(struct ax_ctx *ctx, struct watches *self, const struct watches_told *msg,
                     struct watches_told_reply *reply)
{
    char text[LINES * 65] = "";
    size_t used = 0;
    (void)msg;
    for (int64_t i = 0; i < self->downs && i < LINES; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s;", self->lines[i]);
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->lines, text) == 0);
}

void watches_on_get(struct ax_ctx *ctx, struct watches *self, const struct watches_get *msg,
                    struct watches_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->n;
    reply->downs = self->downs;
    reply->canceled = self->canceled;
}

static void on_down(struct ax_ctx *ctx, struct watches *self, const struct ax_down *down)
{
    int64_t line = self->downs++;
    if (line >= LINES)
        return;
    snprintf(self->lines[line], sizeof self->lines[line], "%s %u %s %d %s %s",
             ax_name(ctx, down->who), down->incarnation, ax_reason_name(down->reason), down->signal,
             down->suspect ? "suspect" : "bystander", down->will_restart ? "again" : "gone");
}

static void on_reply(struct ax_ctx *ctx, struct watches *self, const struct ax_reply *reply)
{
    (void)ctx;
    self->canceled += reply->error == AX_E_CANCELED;
}

AX_ACTOR(watches, .on_down = on_down, .on_reply = on_reply);
AX_PLUGIN("watches", &watches_actor);
