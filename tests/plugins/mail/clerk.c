/* SPDX-License-Identifier: MIT */
#include "echo.h"

#define AX_IMPLEMENT
#include "clerk.h"

#include "mail.h"

#include <stdio.h>

struct clerk {
    uint32_t n;
    char what[16];
};

bool mail_open = true;
uint32_t mail_passes;
char mail_trace[128];
int mail_result[16];

void mail_say(char letter)
{
    size_t used = strlen(mail_trace);

    if (used < sizeof mail_trace - 1)
        mail_trace[used] = letter;
}

int mail_pause(struct ax_ctx *ctx)
{
    static const char *const names[] = {"echo0", "echo1"};
    struct echo_back_reply reply;
    echo_ref echo;

    for (int i = 0; i < 2; i++)
        if (echo_find(ctx, names[i], &echo) == 0 && echo.ref.addr >> 56 == ax_self(ctx).addr >> 56)
            return echo_back(ctx, echo, &reply, AX_SECONDS(5));
    return AX_E_NO_ACTOR;
}

static void on_start(struct ax_ctx *ctx, struct clerk *self)
{
    if (strcmp(self->what, "aide") == 0)
        return;
    mail_say('B');
    if (strcmp(self->what, "bad start") == 0)
        ax_fail(ctx, "a bad start");
}

static void on_restart(struct ax_ctx *ctx, struct clerk *self)
{
    mail_say('R');
    if (strcmp(self->what, "bad restart") == 0)
        ax_fail(ctx, "a bad restart");
    if (strcmp(self->what, "brief") == 0)
        ax_stop(ctx);
}

static void on_down(struct ax_ctx *ctx, struct clerk *self, const struct ax_down *down)
{
    (void)down;
    mail_say('d');
    if (strcmp(self->what, "bad down") == 0)
        ax_fail(ctx, "a bad down");
}

static void on_stop(struct ax_ctx *ctx, struct clerk *self)
{
    mail_say('S');
    if (!ax_is_stop_requested(ctx))
        mail_say('?');
    if (strcmp(self->what, "bad end") == 0)
        ax_fail(ctx, "a bad end");
}

static void snapshot(struct ax_ctx *ctx, struct clerk *self)
{
    mail_say('p');
    if (strcmp(self->what, "none") == 0)
        return;
    if (strcmp(self->what, "fail") == 0)
        ax_fail(ctx, "no snapshot today");
    AX_CHECK(ctx, ax_keep_snapshot(ctx, self->what, sizeof self->what) == 0);
    if (strcmp(self->what, "twice") != 0)
        return;
    echo_ref echo; /* while it waits the block of the last one becomes free */
    AX_CHECK(ctx, echo_find(ctx, "echo0", &echo) == 0 && ax_ping(ctx, echo.ref, 0) == 0);
    AX_CHECK(ctx, ax_keep_snapshot(ctx, self->what, sizeof self->what) == 0);
}

static void restore(struct ax_ctx *ctx, struct clerk *self, const void *data, uint32_t size)
{
    AX_CHECK(ctx, size == sizeof self->what);
    memcpy(self->what, data, size);
    if (strcmp(self->what, "aide") != 0)
        mail_say('r');
    if (strcmp(self->what, "bad") == 0)
        ax_fail(ctx, "a bad snapshot");
}

void clerk_on_bare(struct ax_ctx *ctx, struct clerk *self, const struct clerk_bare *msg)
{
    (void)ctx, (void)self, (void)msg;
    mail_say('b');
}

void clerk_on_note(struct ax_ctx *ctx, struct clerk *self, const struct clerk_note *msg)
{
    (void)ctx;
    self->n++;
    mail_say((char)('0' + msg->n));
}

void clerk_on_hold(struct ax_ctx *ctx, struct clerk *self, const struct clerk_hold *msg)
{
    (void)self, (void)msg;
    mail_say('h');
    while (!mail_open)
        AX_CHECK(ctx, mail_pause(ctx) == 0);
}

void clerk_on_pass(struct ax_ctx *ctx, struct clerk *self, const struct clerk_pass *msg)
{
    (void)self, (void)msg;
    while (mail_passes == 0)
        AX_CHECK(ctx, mail_pause(ctx) == 0);
    mail_passes--;
}

void clerk_on_watch(struct ax_ctx *ctx, struct clerk *self, const struct clerk_watch *msg)
{
    (void)self;
    AX_CHECK(ctx, ax_monitor(ctx, msg->who.ref, NULL) == 0);
}

void clerk_on_fail(struct ax_ctx *ctx, struct clerk *self, const struct clerk_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "told to");
}

void clerk_on_keep(struct ax_ctx *ctx, struct clerk *self, const struct clerk_keep *msg)
{
    memcpy(self->what, msg->what, sizeof self->what);
    AX_CHECK(ctx, ax_keep_snapshot(ctx, self->what, sizeof self->what) == 0);
}

static int call(struct ax_ctx *ctx, const struct clerk_call *msg)
{
    struct clerk_die_reply died;
    struct clerk_get_reply got;
    struct ax_span span;

    switch (msg->what) {
    case CALL_DIE:
        return clerk_die(ctx, msg->to, &died, msg->ms * MS);
    case CALL_GET:
        return clerk_get(ctx, msg->to, &got, msg->ms * MS);
    case CALL_GET_WAIT:
        return clerk_get_wait(ctx, msg->to, &got, msg->ms * MS);
    case CALL_NOTE_WAIT:
        return clerk_note_wait(ctx, msg->to, msg->slot);
    case CALL_SNAPSHOT:
        return ax_take_snapshot(ctx, msg->to.ref, &span, msg->ms * MS);
    case CALL_PING:
        return ax_ping(ctx, msg->to.ref, msg->ms * MS);
    default:
        return clerk_stop_wait(ctx, msg->to, msg->ms * MS);
    }
}

void clerk_on_call(struct ax_ctx *ctx, struct clerk *self, const struct clerk_call *msg)
{
    uint32_t slot = msg->slot % 16;

    (void)self;
    mail_result[slot] = call(ctx, msg);
}

/* Until it is refused; the number of what it could. */
void clerk_on_fill(struct ax_ctx *ctx, struct clerk *self, const struct clerk_fill *msg)
{
    (void)self;
    while (clerk_note(ctx, msg->to, msg->n) == 0)
        ;
}

void clerk_on_die(struct ax_ctx *ctx, struct clerk *self, const struct clerk_die *msg,
                  struct clerk_die_reply *reply)
{
    (void)self, (void)msg, (void)reply;
    ax_fail(ctx, "asked to");
}

void clerk_on_get(struct ax_ctx *ctx, struct clerk *self, const struct clerk_get *msg,
                  struct clerk_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->n;
}

/* Arguments that are called as what a sender has besides. */
void clerk_on_sum(struct ax_ctx *ctx, struct clerk *self, const struct clerk_sum *msg,
                  struct clerk_sum_reply *reply)
{
    (void)ctx, (void)self;
    reply->sum = msg->reply + msg->timeout;
}

void clerk_on_chain(struct ax_ctx *ctx, struct clerk *self, const struct clerk_chain *msg,
                    struct clerk_chain_reply *reply)
{
    struct clerk_chain_reply answer = {0};

    (void)self;
    if (msg->next.ref.addr == 0)
        return;
    int error = clerk_chain(ctx, msg->next, msg->last, msg->none, msg->none, 10 * msg->ms, &answer,
                            msg->ms * MS);
    reply->error = error != 0 ? error : answer.error;
}

AX_ACTOR(clerk, .on_start = on_start, .on_restart = on_restart, .on_stop = on_stop,
         .on_down = on_down, .snapshot = snapshot, .restore = restore);
