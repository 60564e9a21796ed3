/* SPDX-License-Identifier: MIT */
#include "diary.h"

#define AX_IMPLEMENT
#include "kid.h"

#include <stdio.h>

AX_STATE(kid, (u64, count));

static void note(struct ax_ctx *ctx, const char *what)
{
    char line[32];
    diary_ref diary;
    snprintf(line, sizeof line, "%s %.24s", what, ax_name(ctx, ax_self(ctx)));
    AX_CHECK(ctx, diary_find(ctx, "diary", &diary) == 0);
    AX_CHECK(ctx, diary_note(ctx, diary, line) == 0);
}

static void start(struct ax_ctx *ctx, struct kid *self)
{
    (void)self;
    note(ctx, "start");
}

static void stop(struct ax_ctx *ctx, struct kid *self)
{
    (void)self;
    note(ctx, "stop");
}

void kid_on_add(struct ax_ctx *ctx, struct kid *self, const struct kid_add *msg,
                struct kid_add_reply *reply)
{
    (void)ctx, (void)msg;
    reply->count = ++self->count;
}

void kid_on_fail(struct ax_ctx *ctx, struct kid *self, const struct kid_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "on purpose");
}

void kid_on_quit(struct ax_ctx *ctx, struct kid *self, const struct kid_quit *msg)
{
    (void)self;
    AX_CHECK(ctx, ax_stop_exit(ctx, (enum ax_reason)msg->reason) == 0);
}

void kid_on_crash(struct ax_ctx *ctx, struct kid *self, const struct kid_crash *msg)
{
    (void)ctx, (void)self, (void)msg;
    __builtin_trap();
}

/* Asks one who waits an hour for its restart, and is deaf meanwhile. */
void kid_on_hang(struct ax_ctx *ctx, struct kid *self, const struct kid_hang *msg,
                 struct kid_hang_reply *reply)
{
    const uint64_t hour = AX_SECONDS(3600);
    const struct ax_spawn spawn = {.backoff_min_ns = hour, .backoff_max_ns = hour};
    struct kid_add_reply answer;
    kid_ref patient;
    (void)self, (void)msg, (void)reply;
    AX_CHECK(ctx, kid_spawn(ctx, &spawn, &patient) == 0);
    AX_CHECK(ctx, kid_fail(ctx, patient) == 0);
    ax_log(ctx, AX_INFO, "hangs");
    AX_CHECK(ctx, kid_add(ctx, patient, &answer, AX_FOREVER) != 0);
}

AX_ACTOR(kid, .on_start = start, .on_stop = stop);
