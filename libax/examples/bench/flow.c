/* SPDX-License-Identifier: MIT */
/* flow.c - bench_flow, and the plugin. */
#include "drive.h"
#include "durable.h"
#include "echo.h"
#include "fall.h"
#include "idle.h"
#include "trek.h"

#define AX_IMPLEMENT
#include "flow.h"

struct bench_flow {
    uint64_t failures;
};

void bench_flow_on_flow(struct ax_ctx *ctx, struct bench_flow *self,
                        const struct bench_flow_flow *msg)
{
    struct bench_echo_echo_reply reply;
    for (uint32_t i = 0; i < msg->rounds; i++)
        if (bench_echo_echo_wait(ctx, msg->to, i, &reply, AX_SECONDS(10)) != 0 || reply.value != i)
            self->failures++;
}

void bench_flow_on_done(struct ax_ctx *ctx, struct bench_flow *self,
                        const struct bench_flow_done *msg, struct bench_flow_done_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->failures = self->failures;
}

AX_ACTOR(bench_flow);

AX_PLUGIN("bench", &bench_drive_actor, &bench_echo_actor, &bench_flow_actor, &bench_idle_actor,
          &bench_trek_actor, &bench_durable_actor, &bench_fall_actor);
