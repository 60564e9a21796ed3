/* SPDX-License-Identifier: MIT */
#include "tests/plugins/distance/distance_end.h"

#define AX_IMPLEMENT
#include "tests/plugins/distance/distance.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE AX_SECONDS(100)
#define FOLLOW_NS AX_SECONDS(1) /* after the first answer of another */
#define NAME "end"
#define REGISTRY "ends"

static const uint64_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};

struct distance {
    uint32_t downs;
    uint64_t first_at, last_at;
};

static distance_end_ref there(struct ax_ctx *ctx, const struct ax_str *node)
{
    distance_end_ref end;
    AX_CHECK(ctx, distance_end_ref_at(ctx, ax_str(node), NAME, &end) == 0);
    return end;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;
    return *one < *other ? -1 : *one > *other;
}

static uint64_t median(uint64_t *list, uint32_t n)
{
    qsort(list, n, sizeof *list, ascending);
    return n == 0 ? 0 : list[n / 2];
}

static uint64_t *list_of(struct ax_ctx *ctx, uint32_t n)
{
    uint64_t *list = calloc(n + 1u, sizeof *list);
    AX_CHECK(ctx, list != NULL);
    return list;
}

/* ---- messages ---- */

void distance_on_asks(struct ax_ctx *ctx, struct distance *self, const struct distance_asks *msg,
                      struct distance_asks_reply *reply)
{
    uint64_t *list = list_of(ctx, msg->count);
    distance_end_ref end = there(ctx, &msg->node);
    struct distance_end_echo_reply back;
    (void)self;
    for (uint32_t i = 0; i < msg->count; i++) {
        uint64_t start = distance_clock();
        AX_CHECK(ctx, distance_end_echo(ctx, end, words, &back, PATIENCE) == 0);
        list[i] = distance_clock() - start;
    }
    reply->median_ns = median(list, msg->count);
    reply->best_ns = list[0];
    free(list);
}

static void look(struct ax_ctx *ctx, distance_end_ref end, struct distance_end_seen_reply *seen)
{
    AX_CHECK(ctx, distance_end_seen_wait(ctx, end, seen, PATIENCE) == 0);
}

void distance_on_tells(struct ax_ctx *ctx, struct distance *self, const struct distance_tells *msg,
                       struct distance_tells_reply *reply)
{
    distance_end_ref end = there(ctx, &msg->node);
    struct distance_end_seen_reply before, after;
    (void)self;
    look(ctx, end, &before);
    uint64_t start = distance_clock();
    for (uint64_t i = 0; i < msg->count; i++)
        AX_CHECK(ctx, distance_end_note_wait(ctx, end, words) == 0);
    look(ctx, end, &after);
    reply->ns = after.at - start;
    reply->lost = msg->count - (after.messages - before.messages);
}

void distance_on_blobs(struct ax_ctx *ctx, struct distance *self, const struct distance_blobs *msg,
                       struct distance_blobs_reply *reply)
{
    distance_end_ref end = there(ctx, &msg->node);
    struct distance_end_seen_reply before, after;
    void *bytes = calloc(1, msg->size + 1u);
    (void)self;
    AX_CHECK(ctx, bytes != NULL);
    look(ctx, end, &before);
    uint64_t start = distance_clock();
    for (uint64_t i = 0; i < msg->count; i++)
        AX_CHECK(ctx, distance_end_blob_wait(ctx, end, (struct ax_span){bytes, msg->size}) == 0);
    look(ctx, end, &after);
    reply->ns = after.at - start;
    reply->lost = msg->count - (after.messages - before.messages);
    free(bytes);
}

/* ---- keys ---- */

static distance_end_ref of_key(struct ax_ctx *ctx, uint64_t key)
{
    const struct ax_span span = {&key, sizeof key};
    distance_end_ref end;
    AX_CHECK(ctx, distance_end_ref_key(ctx, REGISTRY, span, &end) == 0);
    return end;
}

static int ask_key(struct ax_ctx *ctx, uint64_t key, uint32_t *pid)
{
    struct distance_end_whose_reply whose;
    distance_end_ref end = of_key(ctx, key);
    AX_TRY(distance_end_whose(ctx, end, &whose, AX_MILLISECONDS(5000)));
    *pid = whose.pid;
    return 0;
}

/* The ref is made before: that a stand-in is made is no part of the ask. */
void distance_on_firsts(struct ax_ctx *ctx, struct distance *self,
                        const struct distance_firsts *msg, struct distance_firsts_reply *reply)
{
    uint64_t *list = list_of(ctx, msg->count);
    struct distance_end_whose_reply whose;
    (void)self;
    for (uint32_t i = 0; i < msg->count; i++) {
        distance_end_ref end = of_key(ctx, msg->salt + i);
        uint64_t start = distance_clock();
        AX_CHECK(ctx, distance_end_whose(ctx, end, &whose, PATIENCE) == 0);
        if (whose.pid == msg->pid)
            list[reply->n++] = distance_clock() - start;
    }
    reply->median_ns = median(list, reply->n);
    free(list);
}

void distance_on_whose(struct ax_ctx *ctx, struct distance *self, const struct distance_whose *msg,
                       struct distance_whose_reply *reply)
{
    distance_end_ref end = there(ctx, &msg->node);
    struct distance_end_whose_reply whose;
    (void)self;
    AX_CHECK(ctx, distance_end_whose(ctx, end, &whose, PATIENCE) == 0);
    reply->pid = whose.pid;
}

void distance_on_key_of(struct ax_ctx *ctx, struct distance *self,
                        const struct distance_key_of *msg, struct distance_key_of_reply *reply)
{
    uint32_t pid = 0;
    (void)self;
    for (reply->key = msg->salt; ask_key(ctx, reply->key, &pid) != 0 || pid != msg->pid;)
        reply->key++;
}

void distance_on_follow(struct ax_ctx *ctx, struct distance *self,
                        const struct distance_follow *msg, struct distance_follow_reply *reply)
{
    uint64_t answered_at = 0;
    uint32_t pid = 0;
    (void)self;
    while (ask_key(ctx, msg->key, &pid) != 0 || pid != msg->pid)
        ;
    answered_at = distance_clock();
    ax_log(ctx, AX_INFO, DISTANCE_FOLLOWS);
    while (reply->first_at == 0 || answered_at - reply->first_at < FOLLOW_NS) {
        if (ask_key(ctx, msg->key, &pid) != 0)
            continue;
        uint64_t now = distance_clock();
        if (now - answered_at > reply->longest_ns)
            reply->longest_ns = now - answered_at;
        answered_at = now;
        if (pid == msg->pid)
            reply->last_at = now;
        else if (reply->first_at == 0)
            reply->first_at = now;
    }
}

/* ---- monitors ---- */

#define CROWD 256u /* a turn */

void distance_on_watch(struct ax_ctx *ctx, struct distance *self, const struct distance_watch *msg,
                       struct distance_watch_reply *reply)
{
    distance_end_ref end = there(ctx, &msg->node);
    struct distance_end_crowd_reply crowd;
    uint64_t addresses[CROWD];
    *self = (struct distance){0};
    uint64_t start = distance_clock();
    while (reply->watched < msg->count && reply->error == 0) {
        uint32_t more = msg->count - reply->watched, n = more < CROWD ? more : CROWD;
        AX_CHECK(ctx, distance_end_crowd(ctx, end, n, &crowd, PATIENCE) == 0);
        uint64_t node = crowd.self.ref.node;
        memcpy(addresses, ax_bytes(&crowd.addresses), n * sizeof *addresses);
        for (uint32_t i = 0; i < n && reply->error == 0; i++) {
            reply->error = ax_monitor(ctx, (struct ax_ref){addresses[i], node}, NULL);
            reply->watched += reply->error == 0;
        }
    }
    reply->ns = distance_clock() - start;
}

static void on_down(struct ax_ctx *ctx, struct distance *self, const struct ax_down *down)
{
    (void)ctx, (void)down;
    self->last_at = distance_clock();
    if (self->downs++ == 0)
        self->first_at = self->last_at;
}

void distance_on_downs(struct ax_ctx *ctx, struct distance *self, const struct distance_downs *msg,
                       struct distance_downs_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct distance_downs_reply){self->downs, self->first_at, self->last_at};
}

/* ---- more than it can take ---- */

static distance_end_ref whom(struct ax_ctx *ctx, const struct ax_str *node, uint64_t key)
{
    return node->len != 0 ? there(ctx, node) : of_key(ctx, key);
}

void distance_on_flood(struct ax_ctx *ctx, struct distance *self, const struct distance_flood *msg,
                       struct distance_flood_reply *reply)
{
    distance_end_ref end = whom(ctx, &msg->node, msg->key);
    void *bytes = calloc(1, msg->size + 1u);
    (void)self;
    AX_CHECK(ctx, bytes != NULL);
    reply->error = distance_end_rest(ctx, end, msg->rest_ns);
    while (reply->error == 0 && reply->taken < msg->count) {
        reply->error = distance_end_blob_wait(ctx, end, (struct ax_span){bytes, msg->size});
        reply->taken += reply->error == 0;
    }
    free(bytes);
}

void distance_on_seen(struct ax_ctx *ctx, struct distance *self, const struct distance_seen *msg,
                      struct distance_seen_reply *reply)
{
    distance_end_ref end = whom(ctx, &msg->node, msg->key);
    struct distance_end_seen_reply seen = {0};
    (void)self;
    reply->error = distance_end_seen_wait(ctx, end, &seen, PATIENCE);
    reply->messages = seen.messages;
}

void distance_on_farewell(struct ax_ctx *ctx, struct distance *self,
                          const struct distance_farewell *msg,
                          struct distance_farewell_reply *reply)
{
    distance_end_ref end = there(ctx, &msg->node);
    (void)self;
    for (uint32_t i = 0; i < msg->count && reply->error == 0; i++)
        reply->error = distance_end_note_wait(ctx, end, words);
    ax_stop(ctx);
}

AX_ACTOR(distance, .on_down = on_down);
AX_PLUGIN("distance", &distance_actor, &distance_end_actor);
