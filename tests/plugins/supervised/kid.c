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

/* Asks one who waits an hour for its restart. */
static void wait_for_one(struct ax_ctx *ctx, uint64_t timeout_ns)
{
    const uint64_t hour = AX_SECONDS(3600);
    const struct ax_spawn spawn = {.backoff_min_ns = hour, .backoff_max_ns = hour};
    struct kid_add_reply answer;
    kid_ref patient;
    AX_CHECK(ctx, kid_spawn(ctx, &spawn, &patient) == 0);
    AX_CHECK(ctx, kid_fail(ctx, patient) == 0);
    ax_log(ctx, AX_INFO, "hangs");
    AX_CHECK(ctx, kid_add(ctx, patient, &answer, timeout_ns) != 0);
    AX_CHECK(ctx, kid_stop(ctx, patient) == 0);
}

/* Deaf for ever. */
void kid_on_hang(struct ax_ctx *ctx, struct kid *self, const struct kid_hang *msg,
                 struct kid_hang_reply *reply)
{
    (void)self, (void)msg, (void)reply;
    wait_for_one(ctx, AX_FOREVER);
}

void kid_on_nap(struct ax_ctx *ctx, struct kid *self, const struct kid_nap *msg)
{
    (void)self;
    wait_for_one(ctx, AX_MILLISECONDS(msg->ms));
}

void kid_on_mark(struct ax_ctx *ctx, struct kid *self, const struct kid_mark *msg)
{
    (void)self, (void)msg;
    note(ctx, "mark");
}

static void restore(struct ax_ctx *ctx, struct kid *self, const void *data, uint32_t size)
{
    AX_CHECK(ctx, size == sizeof self->count);
    memcpy(&self->count, data, size);
}

AX_ACTOR(kid, .on_start = start, .on_stop = stop, .restore = restore);
