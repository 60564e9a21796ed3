/* SPDX-License-Identifier: MIT */
#include "libax/examples/counter/counter.h"
#include "libax/gateway.h"

#define AX_IMPLEMENT
#include "tests/plugins/traveler/traveler.h"

#include <string.h>

#define WATCHED 16u

struct traveler {
    uint32_t downs, replies;
    enum ax_reason reason;
    bool restarts;
    int error;
    int64_t value, count;
    counter_ref kept;
    uint32_t watched; /* of these: */
    uint64_t monitors[WATCHED];
};

static struct ax_span span(const struct ax_str *text)
{
    return (struct ax_span){ax_str(text), text->len};
}

static int add(struct ax_ctx *ctx, counter_ref counter, int64_t by, uint64_t timeout_ns,
               int64_t *value)
{
    struct counter_get_reply reply = {0};
    AX_TRY(counter_add(ctx, counter, by));
    AX_TRY(counter_get(ctx, counter, &reply, timeout_ns));
    *value = reply.value;
    return 0;
}

void traveler_on_add(struct ax_ctx *ctx, struct traveler *self, const struct traveler_add *msg,
                     struct traveler_add_reply *reply)
{
    counter_ref counter;
    (void)self;
    reply->error = counter_ref_key(ctx, "counters", span(&msg->key), &counter);
    if (reply->error == 0)
        reply->error = add(ctx, counter, msg->by, msg->timeout_ns, &reply->value);
}

void traveler_on_add_at(struct ax_ctx *ctx, struct traveler *self,
                        const struct traveler_add_at *msg, struct traveler_add_at_reply *reply)
{
    counter_ref counter;
    (void)self;
    reply->error = counter_ref_at(ctx, ax_str(&msg->node), ax_str(&msg->name), &counter);
    if (reply->error == 0)
        reply->error = add(ctx, counter, msg->by, msg->timeout_ns, &reply->value);
}

void traveler_on_keep(struct ax_ctx *ctx, struct traveler *self, const struct traveler_keep *msg,
                      struct traveler_keep_reply *reply)
{
    reply->error = counter_ref_key(ctx, "counters", span(&msg->key), &self->kept);
}

void traveler_on_keep_at(struct ax_ctx *ctx, struct traveler *self,
                         const struct traveler_keep_at *msg, struct traveler_keep_at_reply *reply)
{
    reply->error = counter_ref_at(ctx, ax_str(&msg->node), ax_str(&msg->name), &self->kept);
}

void traveler_on_add_kept(struct ax_ctx *ctx, struct traveler *self,
                          const struct traveler_add_kept *msg,
                          struct traveler_add_kept_reply *reply)
{
    reply->error = add(ctx, self->kept, msg->by, msg->timeout_ns, &reply->value);
}

void traveler_on_tell_kept(struct ax_ctx *ctx, struct traveler *self,
                           const struct traveler_tell_kept *msg,
                           struct traveler_tell_kept_reply *reply)
{
    (void)msg;
    for (int64_t by = 1; by <= 10000 && reply->error == 0; by *= 10)
        reply->error = counter_add(ctx, self->kept, by);
}

void traveler_on_tell_nothing(struct ax_ctx *ctx, struct traveler *self,
                              const struct traveler_tell_nothing *msg,
                              struct traveler_tell_nothing_reply *reply)
{
    for (uint32_t i = 0; i < msg->times && reply->error == 0; i++)
        reply->error = counter_add(ctx, self->kept, 0);
}

void traveler_on_count(struct ax_ctx *ctx, struct traveler *self, const struct traveler_count *msg,
                       struct traveler_count_reply *reply)
{
    (void)ctx;
    self->count += msg->by;
    reply->value = self->count;
}

static int count(struct ax_ctx *ctx, traveler_ref other, int64_t by, uint64_t timeout_ns,
                 int64_t *value)
{
    struct traveler_count_reply reply = {0};
    AX_TRY(traveler_count(ctx, other, by, &reply, timeout_ns));
    *value = reply.value;
    return 0;
}

void traveler_on_count_by(struct ax_ctx *ctx, struct traveler *self,
                          const struct traveler_count_by *msg,
                          struct traveler_count_by_reply *reply)
{
    traveler_ref other;
    (void)self;
    reply->error = traveler_ref_key(ctx, "travelers", span(&msg->key), &other);
    if (reply->error == 0)
        reply->error = count(ctx, other, msg->by, msg->timeout_ns, &reply->value);
}

void traveler_on_count_at(struct ax_ctx *ctx, struct traveler *self,
                          const struct traveler_count_at *msg,
                          struct traveler_count_at_reply *reply)
{
    traveler_ref other;
    (void)self;
    reply->error = traveler_ref_at(ctx, ax_str(&msg->node), ax_str(&msg->name), &other);
    if (reply->error == 0)
        reply->error = count(ctx, other, msg->by, msg->timeout_ns, &reply->value);
}

static int watch(struct ax_ctx *ctx, struct traveler *self, counter_ref counter)
{
    if (self->watched == WATCHED)
        return AX_E_LIMIT;
    AX_TRY(ax_monitor(ctx, counter.ref, &self->monitors[self->watched]));
    self->watched++;
    return 0;
}

void traveler_on_watch(struct ax_ctx *ctx, struct traveler *self, const struct traveler_watch *msg,
                       struct traveler_watch_reply *reply)
{
    counter_ref counter;
    reply->error = counter_ref_key(ctx, "counters", span(&msg->key), &counter);
    if (reply->error == 0)
        reply->error = watch(ctx, self, counter);
}

void traveler_on_watch_at(struct ax_ctx *ctx, struct traveler *self,
                          const struct traveler_watch_at *msg,
                          struct traveler_watch_at_reply *reply)
{
    counter_ref counter;
    reply->error = counter_ref_at(ctx, ax_str(&msg->node), ax_str(&msg->name), &counter);
    if (reply->error == 0)
        reply->error = watch(ctx, self, counter);
}

void traveler_on_watch_kept(struct ax_ctx *ctx, struct traveler *self,
                            const struct traveler_watch_kept *msg,
                            struct traveler_watch_kept_reply *reply)
{
    (void)msg;
    reply->error = watch(ctx, self, self->kept);
}

void traveler_on_unwatch(struct ax_ctx *ctx, struct traveler *self,
                         const struct traveler_unwatch *msg, struct traveler_unwatch_reply *reply)
{
    (void)msg;
    reply->error =
        self->watched == 0 ? AX_E_NO_KEY : ax_demonitor(ctx, self->monitors[--self->watched]);
}

void traveler_on_seen(struct ax_ctx *ctx, struct traveler *self, const struct traveler_seen *msg,
                      struct traveler_seen_reply *reply)
{
    (void)msg;
    reply->downs = self->downs;
    reply->restarts = self->restarts;
    if (ax_reply_str(ctx, &reply->reason, ax_reason_name(self->reason)) != 0)
        ax_fail(ctx, "no room for the reason");
}

void traveler_on_later(struct ax_ctx *ctx, struct traveler *self, const struct traveler_later *msg,
                       struct traveler_later_reply *reply)
{
    counter_ref counter;
    (void)self;
    reply->error = counter_ref_key(ctx, "counters", span(&msg->key), &counter);
    if (reply->error == 0)
        reply->error = counter_get_async(ctx, counter, msg->timeout_ns, NULL);
}

void traveler_on_replied(struct ax_ctx *ctx, struct traveler *self,
                         const struct traveler_replied *msg, struct traveler_replied_reply *reply)
{
    (void)ctx, (void)msg;
    reply->replies = self->replies;
    reply->error = self->error;
    reply->value = self->value;
}

void traveler_on_teach(struct ax_ctx *ctx, struct traveler *self, const struct traveler_teach *msg,
                       struct traveler_teach_reply *reply)
{
    gateway_ref gateway;
    struct gateway_learn_reply learnt;
    (void)self, (void)msg;
    reply->error = gateway_find(ctx, GATEWAY_NAME, &gateway);
    if (reply->error == 0)
        reply->error = gateway_learn(ctx, gateway, "{}", &learnt, AX_SECONDS(5));
}

static void on_down(struct ax_ctx *ctx, struct traveler *self, const struct ax_down *down)
{
    (void)ctx;
    self->downs++;
    self->reason = down->reason;
    self->restarts = down->will_restart;
}

static void on_reply(struct ax_ctx *ctx, struct traveler *self, const struct ax_reply *reply)
{
    const struct counter_get_reply *got = counter_get_reply_of(reply);
    (void)ctx;
    self->replies++;
    self->error = reply->error;
    self->value = got == NULL ? -1 : got->value;
}

AX_ACTOR(traveler, .on_down = on_down, .on_reply = on_reply);
AX_PLUGIN("traveler", &traveler_actor);
