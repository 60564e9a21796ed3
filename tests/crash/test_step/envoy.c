/* SPDX-License-Identifier: MIT */
#include "probe.h"

#define AX_IMPLEMENT
#include "envoy.h"

/* As that of the probe. */
AX_STATE(envoy, (i64, sum), (i64, turns), (i64, downs), (i64, replies), (i64, errors),
         (ref_to(probe), heir), (u64, timer));

/* Once in its life. */
static void on_start(struct ax_ctx *ctx, struct envoy *self)
{
    (void)ctx;
    self->sum += 1000;
}

/* Once in each process after that, at most. */
static void on_restart(struct ax_ctx *ctx, struct envoy *self)
{
    (void)ctx;
    self->downs++;
}

static void on_stop(struct ax_ctx *ctx, struct envoy *self)
{
    if (self->heir.ref.addr != 0)
        AX_CHECK(ctx, probe_add(ctx, self->heir, 100) == 0);
}

static void on_reply(struct ax_ctx *ctx, struct envoy *self, const struct ax_reply *reply)
{
    (void)ctx;
    self->replies += reply->error == 0;
    self->errors += reply->error;
}

void envoy_on_inherit(struct ax_ctx *ctx, struct envoy *self, const struct envoy_inherit *msg)
{
    (void)ctx;
    self->turns++;
    self->heir = msg->heir;
}

void envoy_on_bid(struct ax_ctx *ctx, struct envoy *self, const struct envoy_bid *msg)
{
    self->turns++;
    AX_CHECK(ctx, probe_add(ctx, msg->who, 1) == 0);
    AX_CHECK(ctx, ax_exit_actor(ctx, msg->who.ref, (enum ax_reason)msg->reason) == 0);
}

void envoy_on_dismiss(struct ax_ctx *ctx, struct envoy *self, const struct envoy_dismiss *msg)
{
    self->turns++;
    AX_CHECK(ctx, ax_stop_actor(ctx, msg->who.ref) == 0);
}

void envoy_on_see_off(struct ax_ctx *ctx, struct envoy *self, const struct envoy_see_off *msg)
{
    self->turns++;
    int error = ax_stop_wait(ctx, msg->who.ref, AX_FOREVER);
    self->replies += error == 0;
    self->errors += error != 0;
}

void envoy_on_remind(struct ax_ctx *ctx, struct envoy *self, const struct envoy_remind *msg)
{
    self->turns++;
    AX_CHECK(ctx, envoy_remind_after(ctx, msg->who, AX_SECONDS(3600), &self->timer) == 0);
}

void envoy_on_call_off(struct ax_ctx *ctx, struct envoy *self, const struct envoy_call_off *msg)
{
    (void)msg;
    self->turns++;
    AX_CHECK(ctx, ax_timer_cancel(ctx, self->timer) == 0);
}

void envoy_on_wonder(struct ax_ctx *ctx, struct envoy *self, const struct envoy_wonder *msg)
{
    self->turns++;
    AX_CHECK(ctx, probe_get_async(ctx, msg->who, 7, msg->timeout_ns, NULL) == 0);
}

/* Nothing of it may remain, with nobody to do it again. */
void envoy_on_regret(struct ax_ctx *ctx, struct envoy *self, const struct envoy_regret *msg)
{
    self->turns++;
    AX_CHECK(ctx, ax_trap_exit(ctx, true) == 0);
    AX_CHECK(ctx, ax_lifecycle(ctx, true) == 0);
    AX_CHECK(ctx, ax_keep_snapshot(ctx, &self->turns, sizeof self->turns) == 0);
    AX_CHECK(ctx, ax_join(ctx, "penitents") == 0);
    AX_CHECK(ctx, ax_link(ctx, msg->who.ref) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, msg->who.ref, NULL) == 0);
    AX_CHECK(ctx, ax_link(ctx, msg->far.ref) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, msg->far.ref, NULL) == 0);
    AX_CHECK(ctx, ax_exit_actor(ctx, msg->far.ref, AX_FAILED) == 0);
    AX_CHECK(ctx, ax_stop_actor(ctx, msg->other.ref) == 0);
    AX_CHECK(ctx, ax_exit_actor(ctx, msg->who.ref, AX_FAILED) == 0);
    AX_CHECK(ctx, ax_exit_actor(ctx, msg->who.ref, AX_KILLED) == 0);
    AX_CHECK(ctx, envoy_leave_after(ctx, 0, NULL) == 0);
    AX_CHECK(ctx, probe_get_async(ctx, msg->far, 7, 1, NULL) == 0);
    AX_CHECK(ctx, ax_stop_exit(ctx, AX_OTHER) == 0);
    ax_fail(ctx, "on purpose");
}

void envoy_on_leave(struct ax_ctx *ctx, struct envoy *self, const struct envoy_leave *msg)
{
    (void)msg;
    self->turns++;
    ax_stop(ctx);
}

AX_ACTOR(envoy, .on_start = on_start, .on_restart = on_restart, .on_stop = on_stop,
         .on_reply = on_reply);
