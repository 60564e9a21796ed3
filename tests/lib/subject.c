/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/lib/subject.h"

#include "shm/frame.h"

#include <ax/map.h>

AX_STATE(subject, (i64, sum), (i64, told));
AX_MAPS(subject, notes, other);

void subject_on_add(struct ax_ctx *ctx, struct subject *self, const struct subject_add *msg)
{
    (void)ctx;
    self->sum = (int64_t)((uint64_t)self->sum + (uint64_t)msg->by); /* any number may come */
}

void subject_on_note(struct ax_ctx *ctx, struct subject *self, const struct subject_note *msg)
{
    const char *words = ax_str(&msg->words);
    for (const char *at = words; *at != '\0'; at++)
        self->sum += *at != ' ';
    struct ax_span key = {words, (uint32_t)strlen(words)};
    struct ax_span sum = {&self->sum, sizeof self->sum};
    AX_CHECK(ctx, ax_map_put(ctx, subject_notes, key, sum) == 0);
}

void subject_on_get(struct ax_ctx *ctx, struct subject *self, const struct subject_get *msg,
                    struct subject_get_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->sum = self->sum;
    reply->told = self->told;
}

void subject_on_breed(struct ax_ctx *ctx, struct subject *self, const struct subject_breed *msg)
{
    subject_ref child;
    (void)self;
    (void)msg;
    AX_CHECK(ctx, subject_spawn(ctx, NULL, &child) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, child.ref, NULL) == 0);
}

/* Asks and monitors somebody elsewhere who will not answer; sets timers that do not go off. Only
 * axsup's slot may say so: a worker that has gone mad names anybody, whose end would be told, and
 * who fails leaves the stack of the test. */
void subject_on_arrange(struct ax_ctx *ctx, struct subject *self, const struct subject_arrange *msg)
{
    subject_ref here = msg->here, there = msg->there;
    (void)self;
    if (SHM_REF_SLOT(ax_sender(ctx).addr) != 0)
        return;
    AX_CHECK(ctx, ax_monitor(ctx, here.ref, NULL) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, there.ref, NULL) == 0);
    AX_CHECK(ctx, subject_get_async(ctx, there, AX_FOREVER, NULL) == 0);
    AX_CHECK(ctx, subject_add_after(ctx, 1, AX_SECONDS(86400), NULL) == 0);
    AX_CHECK(ctx,
             subject_note_after(ctx, "later, a good deal of it", AX_SECONDS(90000), NULL) == 0);
    AX_CHECK(ctx, subject_add(ctx, here, 3) == 0);
}

static void on_down(struct ax_ctx *ctx, struct subject *self, const struct ax_down *down)
{
    (void)ctx;
    (void)down;
    self->told++;
}

static void on_reply(struct ax_ctx *ctx, struct subject *self, const struct ax_reply *reply)
{
    (void)ctx;
    (void)reply;
    self->told++;
}

AX_ACTOR(subject, .on_down = on_down, .on_reply = on_reply);

static const struct ax_actor_type *const types[] = {&subject_actor.type};
const struct ax_plugin subject_plugin = {AX_PLUGIN_MAGIC, AX_PLUGIN_ABI, 1, "subject", types};
