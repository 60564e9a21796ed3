/* SPDX-License-Identifier: MIT */
#include "tests/plugins/distance/distance.h"

#define AX_IMPLEMENT
#include "tests/plugins/distance/distance_end.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct distance_end {
    uint64_t messages, before; /* before the down */
    uint32_t downs;
};

void distance_end_on_note(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_note *msg)
{
    (void)ctx, (void)msg;
    self->messages++;
}

void distance_end_on_blob(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_blob *msg)
{
    (void)ctx, (void)msg;
    self->messages++;
}

void distance_end_on_echo(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_echo *msg,
                          struct distance_end_echo_reply *reply)
{
    (void)ctx, (void)self;
    memcpy(reply->words, msg->words, sizeof reply->words);
}

void distance_end_on_seen(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_seen *msg,
                          struct distance_end_seen_reply *reply)
{
    (void)ctx, (void)msg;
    reply->messages = self->messages;
    reply->at = distance_clock();
}

void distance_end_on_whose(struct ax_ctx *ctx, struct distance_end *self,
                           const struct distance_end_whose *msg,
                           struct distance_end_whose_reply *reply)
{
    (void)ctx, (void)self, (void)msg;
    reply->pid = (uint32_t)getpid();
}

void distance_end_on_crowd(struct ax_ctx *ctx, struct distance_end *self,
                           const struct distance_end_crowd *msg,
                           struct distance_end_crowd_reply *reply)
{
    uint64_t *addresses = calloc(msg->count + 1u, sizeof *addresses);
    (void)self;
    AX_CHECK(ctx, addresses != NULL);
    for (uint32_t i = 0; i < msg->count; i++) {
        distance_end_ref one;
        AX_CHECK(ctx, distance_end_spawn(ctx, NULL, &one) == 0);
        addresses[i] = one.ref.addr;
    }
    reply->self = distance_end_self(ctx);
    AX_CHECK(ctx, ax_reply_bytes(ctx, &reply->addresses, addresses,
                                 msg->count * (uint32_t)sizeof *addresses) == 0);
    free(addresses);
}

/* Whoever speaks to it finds it busy. */
void distance_end_on_rest(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_rest *msg)
{
    uint64_t until = distance_clock() + msg->ns;
    struct timespec pause = {.tv_nsec = 1000000};
    (void)ctx, (void)self;
    while (distance_clock() < until)
        nanosleep(&pause, NULL);
}

void distance_end_on_mind(struct ax_ctx *ctx, struct distance_end *self,
                          const struct distance_end_mind *msg,
                          struct distance_end_mind_reply *reply)
{
    distance_ref near;
    (void)self;
    reply->error = distance_ref_at(ctx, ax_str(&msg->node), "near", &near);
    if (reply->error == 0)
        reply->error = ax_monitor(ctx, near.ref, NULL);
}

void distance_end_on_minded(struct ax_ctx *ctx, struct distance_end *self,
                            const struct distance_end_minded *msg,
                            struct distance_end_minded_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct distance_end_minded_reply){self->downs, self->before,
                                                self->messages - self->before};
}

static void on_down(struct ax_ctx *ctx, struct distance_end *self, const struct ax_down *down)
{
    (void)ctx, (void)down;
    self->downs++;
    self->before = self->messages;
}

AX_ACTOR(distance_end, .on_down = on_down);
