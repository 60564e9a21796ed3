/* SPDX-License-Identifier: MIT */
/* A durable actor that holds everything over an await that one may. */
#include "echo.h"

#define AX_IMPLEMENT
#include "weaver.h"

#include <ax/map.h>
#include <ax/order.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

AX_STATE(weaver, (u64, began), (u64, awaits));
AX_MAPS(weaver, cloth);

static echo_ref find(struct ax_ctx *ctx, const char *name)
{
    echo_ref ref;
    AX_CHECK(ctx, echo_find(ctx, name, &ref) == 0);
    return ref;
}

static void on_start(struct ax_ctx *ctx, struct weaver *self)
{
    struct echo_twice_reply answer;
    uint64_t n = 20;
    AX_CHECK(ctx, echo_twice(ctx, find(ctx, "near"), n + 1, &answer, AX_FOREVER) == 0);
    self->began = answer.n;
}

/* Numbers that are not the same in any two calls. */
struct thread {
    struct weaver *self;
    const echo_ref *to;
    uint64_t knots[24];
};

static uint64_t weave(struct ax_ctx *ctx, struct thread *thread, uint32_t depth, const char *above)
{
    char pattern[256], copy[256];
    double weight = (double)depth / 3;
    struct echo_say_reply answer;
    snprintf(pattern, sizeof pattern, "%.240s.%u", above, depth);
    thread->knots[depth] = strlen(pattern);
    thread->self->awaits++;
    AX_CHECK(ctx, echo_say_wait(ctx, thread->to[depth % 2], pattern, &answer, AX_FOREVER) == 0);
    snprintf(copy, sizeof copy, "%s", ax_str(&answer.text));
    uint64_t rest = depth == 0 ? 0 : weave(ctx, thread, depth - 1, pattern);
    AX_CHECK(ctx, strcmp(copy, pattern) == 0 && strncmp(copy, above, strlen(above)) == 0);
    AX_CHECK(ctx, weight == (double)depth / 3 && thread->knots[depth] == strlen(pattern));
    return rest + thread->knots[depth];
}

void weaver_on_weave(struct ax_ctx *ctx, struct weaver *self, const struct weaver_weave *msg,
                     struct weaver_weave_reply *reply)
{
    const echo_ref to[2] = {find(ctx, "near"), find(ctx, "far")};
    struct thread thread = {.self = self, .to = to};
    uint64_t before = self->awaits;
    AX_CHECK(ctx, msg->depth < 24);
    reply->sum = weave(ctx, &thread, msg->depth, "w");
    reply->awaits = (uint32_t)(self->awaits - before);
}

void weaver_on_letter(struct ax_ctx *ctx, struct weaver *self, const struct weaver_letter *msg,
                      struct weaver_letter_reply *reply)
{
    char text[4096];
    struct echo_say_reply answer;
    (void)self;
    AX_CHECK(ctx, msg->size < sizeof text);
    memset(text, 'x', msg->size);
    text[msg->size] = '\0';
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->first, text) == 0);
    AX_CHECK(ctx, echo_say_wait(ctx, find(ctx, "far"), text, &answer, AX_FOREVER) == 0);
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->second, ax_str(&answer.text)) == 0);
}

void weaver_on_crowd(struct ax_ctx *ctx, struct weaver *self, const struct weaver_crowd *msg,
                     struct weaver_crowd_reply *reply)
{
    echo_ref far = find(ctx, "far");
    (void)self;
    for (uint64_t i = 1; i <= msg->n && reply->error == 0; i++)
        reply->error = echo_note_wait(ctx, far, i);
}

void weaver_on_fill(struct ax_ctx *ctx, struct weaver *self, const struct weaver_fill *msg,
                    struct weaver_fill_reply *reply)
{
    struct echo_twice_reply answer;
    echo_ref near = find(ctx, "near");
    (void)self;
    while ((reply->error = echo_note(ctx, near, msg->n)) == 0)
        ;
    if (reply->error == AX_E_FULL)
        reply->error = echo_twice_wait(ctx, near, msg->n, &answer, AX_SECONDS(20));
    reply->n = answer.n;
}

void weaver_on_late(struct ax_ctx *ctx, struct weaver *self, const struct weaver_late *msg,
                    struct weaver_late_reply *reply)
{
    struct echo_twice_reply answer;
    (void)self;
    reply->error = echo_twice(ctx, find(ctx, "far"), 1, &answer, msg->timeout_ns);
}

void weaver_on_call(struct ax_ctx *ctx, struct weaver *self, const struct weaver_call *msg,
                    struct weaver_call_reply *reply)
{
    struct ax_span taken;
    echo_ref far = find(ctx, "far"), found;
    (void)self;
    if (strcmp(msg->what, "ping") == 0)
        reply->error = ax_ping(ctx, far.ref, AX_SECONDS(20));
    else if (strcmp(msg->what, "snapshot") == 0)
        reply->error = ax_take_snapshot(ctx, far.ref, &taken, AX_SECONDS(20));
    else
        reply->error = echo_get_or_spawn(ctx, "echoes", (struct ax_span){msg->what, 1},
                                         AX_SECONDS(20), &found);
}

void weaver_on_named(struct ax_ctx *ctx, struct weaver *self, const struct weaver_named *msg,
                     struct weaver_named_reply *reply)
{
    echo_ref child;
    (void)self, (void)msg;
    reply->error = echo_spawn(ctx, &(struct ax_spawn){.name = "child"}, &child);
}

void weaver_on_crash(struct ax_ctx *ctx, struct weaver *self, const struct weaver_crash *msg,
                     struct weaver_crash_reply *reply)
{
    struct echo_twice_reply answer;
    (void)self, (void)reply;
    AX_CHECK(ctx, echo_twice(ctx, find(ctx, "near"), 1, &answer, AX_FOREVER) == 0);
    if (!msg->die)
        ax_fail(ctx, "on purpose");
    abort();
}

void weaver_on_began(struct ax_ctx *ctx, struct weaver *self, const struct weaver_began *msg,
                     struct weaver_began_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->began;
}

/* How often a key was put; 0: it is not there. */
static uint64_t times(struct ax_ctx *ctx, uint64_t number)
{
    struct ax_span value;
    uint64_t n = 0;
    if (ax_map_get(ctx, weaver_cloth, (struct ax_span){&number, sizeof number}, &value) == 0)
        memcpy(&n, value.ptr, sizeof n);
    return n;
}

void weaver_on_hoard(struct ax_ctx *ctx, struct weaver *self, const struct weaver_hoard *msg,
                     struct weaver_hoard_reply *reply)
{
    static uint8_t bytes[65536]; /* not held over an await */
    struct echo_twice_reply answer;
    (void)self;
    AX_CHECK(ctx, msg->size >= 8 && msg->size <= sizeof bytes);
    for (uint64_t i = 0; i < msg->n; i++) {
        uint64_t n = times(ctx, i) + 1;
        struct ax_span key = {&i, sizeof i}, value = {bytes, msg->size};
        memcpy(bytes, &n, sizeof n);
        AX_CHECK(ctx, ax_map_put(ctx, weaver_cloth, key, value) == 0);
        AX_CHECK(ctx, echo_twice(ctx, find(ctx, "near"), i, &answer, AX_FOREVER) == 0);
        reply->wrong += times(ctx, i) != n;
    }
    for (uint64_t i = 0; i < msg->n; i++)
        reply->wrong += times(ctx, i) != 1;
    reply->count = ax_map_count(ctx, weaver_cloth);
}

AX_ACTOR(weaver, AX_DURABLE, .on_start = on_start);
AX_PLUGIN("durable", &weaver_actor, &echo_actor);
