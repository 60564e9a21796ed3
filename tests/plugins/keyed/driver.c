/* SPDX-License-Identifier: MIT */
#include "keyed.h"

#define AX_IMPLEMENT
#include "driver.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE AX_SECONDS(60)

struct driver {
    int nothing;
};

static struct ax_span text(const char *key)
{
    return (struct ax_span){key, (uint32_t)strlen(key)};
}

static void name_key(char key[64], const char *prefix, uint32_t number)
{
    snprintf(key, 64, "%s%u", prefix, number);
}

void driver_on_add(struct ax_ctx *ctx, struct driver *self, const struct driver_add *msg,
                   struct driver_add_reply *reply)
{
    struct driver_add own = *msg;
    char key[64];
    keyed_ref ref;
    (void)self;
    for (uint32_t i = 0; i < own.keys; i++) {
        name_key(key, own.prefix, i);
        int error = keyed_get_or_spawn(ctx, own.registry, text(key), PATIENCE, &ref);
        if (error == 0)
            error = keyed_add_wait(ctx, ref, 1);
        if (error != 0)
            reply->error = error;
        else
            reply->accepted++;
    }
}

void driver_on_sum(struct ax_ctx *ctx, struct driver *self, const struct driver_sum *msg,
                   struct driver_sum_reply *reply)
{
    struct driver_sum own = *msg;
    char key[64];
    keyed_ref ref;
    (void)self;
    for (uint32_t i = 0; i < own.keys; i++) {
        struct keyed_get_reply got;
        name_key(key, own.prefix, i);
        if (keyed_lookup(ctx, own.registry, text(key), PATIENCE, &ref) != 0 ||
            keyed_get_wait(ctx, ref, &got, PATIENCE) != 0)
            continue;
        reply->value += got.value;
        reply->incarnations += got.incarnation;
        reply->found++;
        reply->wrong += strcmp(ax_str(&got.key), key) != 0;
    }
}

void driver_on_get(struct ax_ctx *ctx, struct driver *self, const struct driver_get *msg,
                   struct driver_get_reply *reply)
{
    struct keyed_get_reply got;
    keyed_ref ref;
    (void)self;
    struct ax_span key = text(ax_str(&msg->key));
    reply->error = msg->spawn ? keyed_get_or_spawn(ctx, msg->registry, key, PATIENCE, &ref)
                              : keyed_lookup(ctx, msg->registry, key, PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_get(ctx, ref, &got, PATIENCE);
    if (reply->error != 0)
        return;
    reply->value = got.value;
    reply->life = got.incarnation;
}

void driver_on_fail(struct ax_ctx *ctx, struct driver *self, const struct driver_fail *msg,
                    struct driver_fail_reply *reply)
{
    keyed_ref ref;
    (void)self;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_fail(ctx, ref);
}

void driver_on_mind(struct ax_ctx *ctx, struct driver *self, const struct driver_mind *msg,
                    struct driver_mind_reply *reply)
{
    keyed_ref ref;
    (void)self;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_mind(ctx, ref);
}

void driver_on_again(struct ax_ctx *ctx, struct driver *self, const struct driver_again *msg,
                     struct driver_again_reply *reply)
{
    struct keyed_get_reply got;
    keyed_ref old, new;
    (void)self;
    struct ax_span key = text(ax_str(&msg->key));
    reply->error = keyed_get_or_spawn(ctx, msg->registry, key, PATIENCE, &old);
    if (reply->error == 0)
        reply->error = keyed_add(ctx, old, 7);
    if (reply->error == 0)
        reply->error = keyed_end(ctx, old);
    if (reply->error == 0) /* answered by the old one or, canceled, by nobody: it is ending then */
        (void)!keyed_get(ctx, old, &got, PATIENCE);
    if (reply->error == 0)
        reply->error = keyed_get_or_spawn(ctx, msg->registry, key, PATIENCE, &new);
    if (reply->error == 0)
        reply->error = keyed_get(ctx, new, &got, PATIENCE);
    reply->value = got.value;
    reply->moved = old.ref.addr != new.ref.addr;
}

void driver_on_home(struct ax_ctx *ctx, struct driver *self, const struct driver_home *msg,
                    struct driver_home_reply *reply)
{
    struct ax_span key = text(ax_str(&msg->key));
    keyed_ref ref;
    (void)self;
    AX_CHECK(ctx, keyed_get_or_spawn(ctx, msg->registry, key, PATIENCE, &ref) == 0);
    reply->here = ref.ref.addr >> 56 == ax_self(ctx).addr >> 56;
}

/* What another makes an end of meanwhile is got all the same, or is ending for longer than is
 * waited; each is waited for to have ended. */
void driver_on_churn(struct ax_ctx *ctx, struct driver *self, const struct driver_churn *msg,
                     struct driver_churn_reply *reply)
{
    const uint32_t times = msg->times;
    char registry[32], key[64];
    keyed_ref ref;
    (void)self;
    snprintf(registry, sizeof registry, "%s", msg->registry);
    snprintf(key, sizeof key, "%s", ax_str(&msg->key));
    while (reply->got < times) {
        struct keyed_get_reply got;
        int error = keyed_get_or_spawn(ctx, registry, text(key), PATIENCE, &ref);
        if (error == AX_E_CLOSED)
            continue;
        if (error != 0) {
            reply->error = error;
            return;
        }
        error = keyed_end(ctx, ref);
        if (error == 0)
            error = keyed_get(ctx, ref, &got, PATIENCE);
        if (error != 0 && error != AX_E_CLOSED && error != AX_E_NO_ACTOR &&
            error != AX_E_CANCELED) {
            reply->error = error;
            return;
        }
        reply->got++;
    }
}

void driver_on_end(struct ax_ctx *ctx, struct driver *self, const struct driver_end *msg,
                   struct driver_end_reply *reply)
{
    struct keyed_get_reply got = {0};
    keyed_ref ref;
    (void)self;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_end(ctx, ref);
    if (reply->error == 0)
        reply->error = keyed_add(ctx, ref, 3);
    if (reply->error == 0)
        reply->error = keyed_get(ctx, ref, &got, PATIENCE);
    reply->value = got.value;
}

void driver_on_order(struct ax_ctx *ctx, struct driver *self, const struct driver_order *msg,
                     struct driver_order_reply *reply)
{
    struct ax_span taken;
    keyed_ref ref;
    (void)self;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = ax_take_snapshot(ctx, ref.ref, &taken, PATIENCE);
}

void driver_on_late(struct ax_ctx *ctx, struct driver *self, const struct driver_late *msg,
                    struct driver_late_reply *reply)
{
    keyed_ref ref;
    (void)self;
    uint64_t ms = msg->ms;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_end(ctx, ref);
    if (reply->error == 0)
        reply->error = keyed_toil(ctx, ref, ms);
}

void driver_on_seek(struct ax_ctx *ctx, struct driver *self, const struct driver_seek *msg,
                    struct driver_seek_reply *reply)
{
    keyed_ref ref;
    (void)self;
    reply->error = keyed_lookup(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
}

void driver_on_toil(struct ax_ctx *ctx, struct driver *self, const struct driver_toil *msg,
                    struct driver_toil_reply *reply)
{
    struct keyed_get_reply got = {0};
    keyed_ref ref;
    (void)self;
    uint64_t ms = msg->ms;
    reply->error = keyed_get_or_spawn(ctx, msg->registry, text(ax_str(&msg->key)), PATIENCE, &ref);
    if (reply->error == 0)
        reply->error = keyed_toil(ctx, ref, ms);
    if (reply->error == 0)
        reply->error = keyed_add(ctx, ref, 1);
    if (reply->error == 0)
        reply->error = keyed_get(ctx, ref, &got, PATIENCE);
    reply->one = got.toiled != 0 && got.toiled == got.incarnation;
}

/* One more of a registry, and the one before it ends. */
static void move(struct ax_ctx *ctx, const char *registry, uint32_t step)
{
    char key[64];
    keyed_ref ref;
    name_key(key, "moved", step);
    AX_CHECK(ctx, keyed_get_or_spawn(ctx, registry, text(key), PATIENCE, &ref) == 0);
    name_key(key, "moved", step - 1);
    if (step > 0 && keyed_lookup(ctx, registry, text(key), PATIENCE, &ref) == 0)
        AX_CHECK(ctx, keyed_end(ctx, ref) == 0);
}

/* Which of PREFIX0 to PREFIX63 it is; 64: none. */
static uint32_t number_of(const struct ax_keyed *one, const char *prefix)
{
    char key[64];
    for (uint32_t i = 0; i < 64; i++) {
        name_key(key, prefix, i);
        if (strlen(key) == one->len && memcmp(key, one->key, one->len) == 0)
            return i;
    }
    return 64;
}

void driver_on_list(struct ax_ctx *ctx, struct driver *self, const struct driver_list *msg,
                    struct driver_list_reply *reply)
{
    const struct driver_list own = *msg;
    struct ax_keyed one;
    uint64_t cursor = 0, seen = 0;
    keyed_ref ref;
    (void)self;
    for (uint32_t step = 0;
         (reply->error = ax_registry_next(ctx, own.registry, &cursor, PATIENCE, &one)) == 0;
         step++) {
        uint32_t number = number_of(&one, own.prefix);
        const struct ax_span key = {one.key, one.len};
        if (own.moved)
            move(ctx, own.registry, step);
        if (number == 64) {
            reply->others++;
            continue;
        }
        reply->found++;
        reply->twice += seen >> number & 1;
        seen |= 1ull << number;
        reply->wrong += keyed_lookup(ctx, own.registry, key, PATIENCE, &ref) != 0 ||
                        ref.ref.addr != one.who.addr;
    }
    if (ax_registry_next(ctx, own.registry, &cursor, PATIENCE, &one) != reply->error)
        reply->error = -1;
}

extern const union keyed_actor_type keyed_actor;

AX_ACTOR(driver);
AX_PLUGIN("keyed", &keyed_actor, &driver_actor);
