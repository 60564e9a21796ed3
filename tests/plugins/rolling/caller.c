/* SPDX-License-Identifier: MIT */
#include "tests/plugins/rolling/noter.h"

#define AX_IMPLEMENT
#include "tests/plugins/rolling/caller.h"

#include "tests/plugins/rolling/book.h"

#include <ax/cluster.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define KEYS 24
#define PERIOD AX_MILLISECONDS(20)
#define BURST 8                 /* calls in a turn of its timer */
#define DEADLINE AX_SECONDS(20) /* of a call */
#define PATIENCE AX_SECONDS(2)  /* of a try */

struct caller {
    bool resting, open;
    uint32_t key, tries;
    uint64_t id, since;
};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* No two callers, and no two lives of one, make the same id: it is chance. */
static void choose(struct ax_ctx *ctx, struct caller *self)
{
    uint32_t dice;
    AX_CHECK(ctx, getrandom(&self->id, sizeof self->id, 0) == sizeof self->id);
    AX_CHECK(ctx, getrandom(&dice, sizeof dice, 0) == sizeof dice);
    self->key = dice % KEYS;
    self->tries = 0;
    self->since = now();
    self->open = true;
}

static void settle(struct ax_ctx *ctx, struct caller *self, const char *what, uint64_t how)
{
    self->open = false;
    book_add(ctx, "calls", "%s %" PRIu64 " key-%u %" PRIu64 " %u %" PRIu64 "\n", what, self->id,
             self->key, how, self->tries, (now() - self->since) / 1000000);
}

/* A try of the open call, no longer than what is left of it. */
static int ask(struct ax_ctx *ctx, struct caller *self, uint64_t *epoch)
{
    uint64_t spent = now() - self->since, left = spent < DEADLINE ? DEADLINE - spent : 0;
    struct noter_note_reply reply;
    char key[16];
    noter_ref noter;
    int n = snprintf(key, sizeof key, "key-%u", self->key);
    self->tries++;
    AX_TRY(noter_ref_key(ctx, "notes", (struct ax_span){key, (uint32_t)n}, &noter));
    AX_TRY(noter_note(ctx, noter, self->id, &reply, left < PATIENCE ? left : PATIENCE));
    *epoch = reply.epoch;
    return 0;
}

/* False: it is to be tried again, with the next turn. */
static bool call(struct ax_ctx *ctx, struct caller *self)
{
    uint64_t epoch = 0;
    int error = ask(ctx, self, &epoch);
    if (error == 0)
        settle(ctx, self, "done", epoch);
    else if (now() - self->since >= DEADLINE)
        settle(ctx, self, "failed", (uint64_t)error);
    return !self->open;
}

void caller_on_work(struct ax_ctx *ctx, struct caller *self, const struct caller_work *msg)
{
    (void)msg;
    for (int i = 0; i < BURST; i++) {
        if (!self->open && self->resting)
            return;
        if (!self->open)
            choose(ctx, self);
        if (!call(ctx, self))
            return;
    }
}

void caller_on_rest(struct ax_ctx *ctx, struct caller *self, const struct caller_rest *msg,
                    struct caller_rest_reply *reply)
{
    (void)ctx, (void)msg;
    self->resting = true;
    reply->idle = !self->open;
}

static void on_start(struct ax_ctx *ctx, struct caller *self)
{
    (void)self;
    AX_CHECK(ctx, caller_work_every(ctx, PERIOD, NULL) == 0);
}

AX_ACTOR(caller, .on_start = on_start);
AX_PLUGIN("rolling", &noter_actor, &caller_actor);
