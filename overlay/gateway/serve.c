/* SPDX-License-Identifier: MIT */
/* serve.c - what other nodes send to actors of this one.
 *
 * What is for a registry of the cluster goes by the host (core/host.h), which knows who has which
 * key; the rest names an actor by its address, or by its name as an endpoint. */
#include "overlay/gateway/gw.h"

#include <ax/registry.h>
#include <stdio.h>
#include <string.h>

#define OF_HOST (UINT64_C(1) << 63) /* of a handle: it is the host's */
#define FIND_NS AX_SECONDS(5)
#define UNFOUND_NS AX_SECONDS(10) /* between two lines of the log */

/* ---- answers ---- */

static void answered(struct ax_ctx *ctx, const struct gw_later *later)
{
    struct ov_host_effect effect;
    const struct ov_answer *answer = &later->answer;
    const struct ov_in in = {.kind = OV_IN_ANSWER, .answer = answer};
    uint64_t handle = answer->handle & ~OF_HOST;
    if ((answer->handle & OF_HOST) == 0)
        (void)gw_step(ctx, &in, NULL);
    else if (ov_host_answer(gw.host, handle, answer->status, answer->body, &effect) == 0 &&
             effect.kind == OV_HOST_CORE)
        (void)gw_step(ctx, effect.in, NULL);
}

static void answer_later(struct ax_ctx *ctx, uint64_t handle, int error)
{
    if (handle == 0)
        return;
    struct gw_later *later = gw_run_later(ctx, answered);
    later->answer.handle = handle;
    later->answer.status = gw_status(error);
}

/* ---- tells and asks ---- */

/* The gateway's own actors are nobody else's business. */
static int checked(struct ax_ctx *ctx, struct ax_ref who)
{
    bool own = who.addr >> 56 == ax_self(ctx).addr >> 56;
    return who.addr == 0 || own ? AX_E_NO_ACTOR : 0;
}

/* Whom the frame names. */
static int named(struct ax_ctx *ctx, const struct ov_frame *frame, struct ax_ref *who)
{
    char name[OV_ENDPOINT_MAX + 1];
    *who = (struct ax_ref){frame->actor, 0};
    if (frame->endpoint.len == 0)
        return checked(ctx, *who);
    memcpy(name, frame->endpoint.ptr, frame->endpoint.len);
    name[frame->endpoint.len] = '\0';
    AX_TRY(far_find(ctx, name, who));
    return checked(ctx, *who);
}

/* Sets mail->to. */
static int find(struct ax_ctx *ctx, struct gw_mail *mail)
{
    struct ax_ref who = {mail->actor, 0};
    AX_TRY(who.addr != 0 ? checked(ctx, who) : named(ctx, mail->frame, &who));
    mail->to = who.addr;
    return 0;
}

int gw_deliver(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    const struct ov_frame *frame = mail->frame;
    const struct ax_outgoing out = {.contract = far_contract(ctx, frame->contract),
                                    .method = frame->method,
                                    .size = frame->body.len,
                                    .fixed = frame->body.ptr};
    const struct ax_ref who = {mail->to, 0};
    uint64_t ask;
    if (frame->kind == OV_TELL)
        return ax_tell_(ctx, who, &out, false);
    uint64_t timeout = (frame->has & OV_HAS(timeout)) != 0 ? frame->timeout : AX_FOREVER;
    AX_TRY(ax_ask_async_(ctx, who, &out, timeout, &ask));
    if (gw_table_put(&gw.handle_of_ask, ask, mail->handle) != 0)
        gw_die(ctx, "no memory");
    return 0;
}

static void lost(struct ax_ctx *ctx, const struct ov_frame *frame, uint64_t actor, int error)
{
    char name[FAR_WHOM_MAX + 1];
    const struct ax_span whom = frame->endpoint;
    const bool by_name = actor == 0 && whom.len > 0;
    const struct far_lost letter = {.to = by_name      ? 0
                                          : actor != 0 ? actor
                                                       : frame->actor,
                                    .contract = frame->contract,
                                    .message = frame->method,
                                    .error = gw_status(error),
                                    .whom = by_name ? name : NULL};
    snprintf(name, sizeof name, "%.*s", (int)whom.len, (const char *)whom.ptr);
    far_dead(ctx, &letter);
}

/* A tell that nobody wants an answer to, and that finds nobody, is told here. */
void gw_served(struct ax_ctx *ctx, const struct gw_mail *mail, int error)
{
    if (mail->frame->kind == OV_TELL || error != 0)
        answer_later(ctx, mail->handle, error);
    if (mail->handle == 0 && error != 0)
        lost(ctx, mail->frame, mail->actor, error);
}

static void serve_call(struct ax_ctx *ctx, struct gw_mail mail)
{
    int error = find(ctx, &mail);
    if (error == 0)
        gw_deliver_or_wait(ctx, &mail);
    else
        gw_served(ctx, &mail, error);
}

void gw_serve_reply(struct ax_ctx *ctx, const struct ax_reply *reply)
{
    struct gw_later later = {0};
    uint64_t handle;
    if (!gw_table_take(&gw.handle_of_ask, reply->ask, &handle))
        return;
    later.answer.handle = handle;
    later.answer.status = gw_status(reply->error);
    if (reply->error == 0)
        later.answer.body = (struct ax_span){reply->body, reply->size};
    answered(ctx, &later);
}

/* ---- monitors of others ---- */

static void ended_later(struct ax_ctx *ctx, uint64_t handle, enum ax_reason reason)
{
    gw_later(ctx, OV_IN_ENDED)->answer =
        (struct ov_answer){.handle = handle, .reason = (uint8_t)reason};
}

/* Where there is no room to watch it, it is as if the node were down: it may be alive. */
static void watch(struct ax_ctx *ctx, const struct ov_out *out)
{
    const struct ov_frame *frame = out->frame;
    uint64_t monitor;
    struct ax_ref who;
    if (named(ctx, frame, &who) != 0) {
        ended_later(ctx, out->handle, AX_GONE);
        return;
    }
    if (ax_monitor_with(ctx, who, frame->final ? AX_MONITOR_FINAL : 0, &monitor) != 0) {
        ended_later(ctx, out->handle, AX_NODE_DOWN);
        return;
    }
    if (gw_table_put(&gw.handle_of_monitor, monitor, out->handle) != 0 ||
        gw_table_put(&gw.monitor_of_handle, out->handle, monitor) != 0)
        gw_die(ctx, "no memory for a monitor");
}

static void unwatch(struct ax_ctx *ctx, uint64_t handle)
{
    uint64_t monitor;
    if (!gw_table_take(&gw.monitor_of_handle, handle, &monitor))
        return;
    gw_table_take(&gw.handle_of_monitor, monitor, NULL);
    if (ax_demonitor(ctx, monitor) == AX_E_LIMIT) /* it may have ended just now */
        gw_die(ctx, "a monitor cannot be taken back");
}

/* ---- what the host of registries wants ---- */

static void not_found(struct ax_ctx *ctx, const struct gw_later *later)
{
    if (ov_host_spawned(gw.host, gw.now, later->answer.handle, later->answer.status, 0, 0) != 0)
        ax_log(ctx, AX_WARN, "nobody has asked for the actor of a key");
}

/* The core gives up later, with another word for it; also where it has missed one end, as it was
 * about to ask again. */
static uint64_t find_ns(void)
{
    uint64_t third = gw.config.give_up_ns / 3;
    return third < FIND_NS ? third : FIND_NS;
}

/* Only this node may want an actor of whatever contract, as it does for those that are bound. */
static int look_for_key(struct ax_ctx *ctx, const struct ov_host_effect *effect)
{
    const char *registry = gw.registries[effect->registry].name;
    uint32_t home = far_home(ctx, registry, effect->key);
    if (effect->contract == 0 && !effect->bound)
        return AX_E_WRONG_CONTRACT;
    if (home == 0)
        return AX_E_INVALID;
    struct ax_ref clerk = gw.clerks[home][gw.next_clerk[home]++ % GW_CLERKS_EACH];
    return clerk_find_key(ctx, clerk_ref_of(clerk), effect->handle, ax_now(ctx) + find_ns(),
                          effect->contract, registry, effect->key);
}

static uint64_t which_bound(const struct ov_host_effect *effect)
{
    for (uint32_t i = 0; i < gw.host_config.nbound; i++) {
        const struct ov_bound *bound = &gw.bound[i];
        if (bound->registry == effect->registry && bound->key.len == effect->key.len &&
            memcmp(bound->key.ptr, effect->key.ptr, effect->key.len) == 0)
            return i + 1;
    }
    return 0;
}

/* Nobody has asked for a singleton, so nobody else would say that it is not there. */
static void log_unfound(struct ax_ctx *ctx, uint64_t handle, int error)
{
    uint64_t which;
    if (!gw_table_take(&gw.bound_of_spawn, handle, &which) || error == 0)
        return;
    const struct ov_bound *bound = &gw.bound[which - 1];
    if (gw.now < gw.unfound_at[which - 1])
        return;
    gw.unfound_at[which - 1] = gw.now + UNFOUND_NS;
    ax_log(ctx, AX_WARN, "the singleton %s/%.*s cannot be had: %s (%s)",
           gw.registries[bound->registry].name, (int)bound->key.len, (const char *)bound->key.ptr,
           ax_strerror(error), ax_error_name(error));
}

static void find_key(struct ax_ctx *ctx, const struct ov_host_effect *effect)
{
    if (effect->bound && gw_table_put(&gw.bound_of_spawn, effect->handle, which_bound(effect)) != 0)
        gw_die(ctx, "no memory for a singleton");
    int error = look_for_key(ctx, effect);
    if (error == 0)
        return;
    log_unfound(ctx, effect->handle, error);
    struct gw_later *later = gw_run_later(ctx, not_found);
    later->answer.handle = effect->handle;
    later->answer.status = gw_status(error);
}

/* It is ours from now on, and its end is told to the host. */
static int look_after(struct ax_ctx *ctx, struct ax_ref who)
{
    uint64_t monitor;
    if (gw_table_get(&gw.monitor_of_actor, who.addr, NULL))
        return 0;
    AX_TRY(ax_monitor(ctx, who, &monitor));
    return gw_table_put(&gw.monitor_of_actor, who.addr, monitor);
}

void gw_serve_found(struct ax_ctx *ctx, const struct gateway_found *msg)
{
    int error = msg->error;
    if (error == 0)
        error = look_after(ctx, msg->who);
    log_unfound(ctx, msg->handle, error);
    error = ov_host_spawned(gw.host, gw.now, msg->handle, gw_status(error), msg->who.addr, 1);
    if (error == AX_E_INVALID) /* the end of the one before has not been told yet */
        error = ov_host_spawned(gw.host, gw.now, msg->handle, AX_E_CLOSED, 0, 0);
    if (error != 0)
        ax_log(ctx, AX_WARN, "nobody has asked for the actor of a key");
}

/* What is always there may be a supervisor, which at an exit ends its children before itself. */
static void stop(struct ax_ctx *ctx, const struct ov_host_effect *effect)
{
    struct ax_ref who = {effect->actor, 0};
    int error = effect->lost    ? far_lost(ctx, who)
                : effect->bound ? ax_exit_actor(ctx, who, AX_SHUTDOWN)
                                : ax_stop_actor(ctx, who);
    if (error != 0 && error != AX_E_NO_ACTOR)
        gw_die(ctx, "an actor cannot be told to end");
}

void gw_serve_host(struct ax_ctx *ctx, const struct ov_host_effect *effect)
{
    switch (effect->kind) {
    case OV_HOST_SPAWN:
        find_key(ctx, effect);
        break;
    case OV_HOST_STOP:
        stop(ctx, effect);
        break;
    case OV_HOST_TELL:
    case OV_HOST_ASK:
        serve_call(ctx,
                   (struct gw_mail){.frame = effect->frame,
                                    .node = effect->node,
                                    .actor = effect->actor,
                                    .handle = effect->handle == 0 ? 0 : effect->handle | OF_HOST});
        break;
    default:
        break;
    }
}

/* ---- */

static bool of_registry(const struct ov_out *out)
{
    switch (out->kind) {
    case OV_OUT_TELL:
    case OV_OUT_ASK:
    case OV_OUT_WATCH:
        return (out->frame->has & OV_HAS(registry)) != 0;
    case OV_OUT_UNWATCH:
        return !gw_table_get(&gw.monitor_of_handle, out->handle, NULL);
    default:
        return true;
    }
}

void gw_serve(struct ax_ctx *ctx, const struct ov_out *out)
{
    struct ov_host_effect effect = {0};
    if (out->kind == OV_OUT_GAINED || out->kind == OV_OUT_DRAIN || out->kind == OV_OUT_LOST)
        gw_lease_follow(ctx, out);
    gw_news_lease(ctx, out);
    if (of_registry(out)) {
        if (ov_host_out(gw.host, out, &effect) != 0)
            gw_die(ctx, "the host has no room");
        if (effect.status != 0)
            lost(ctx, out->frame, 0, effect.status);
        gw_serve_host(ctx, &effect);
    } else if (out->kind == OV_OUT_WATCH) {
        watch(ctx, out);
    } else if (out->kind == OV_OUT_UNWATCH) {
        unwatch(ctx, out->handle);
    } else if (!gw_leases_serve(ctx, out) && !gw_alike_serve(ctx, out)) {
        serve_call(ctx,
                   (struct gw_mail){.frame = out->frame, .node = out->node, .handle = out->handle});
    }
}

static void told(struct ax_ctx *ctx, uint64_t handle, const struct ax_down *down)
{
    struct ov_answer answer = {.handle = handle,
                               .reason = (uint8_t)down->reason,
                               .restart = down->will_restart,
                               .incarnation = down->incarnation,
                               .detail = {down->words, (uint32_t)strlen(down->words)}};
    const struct ov_in in = {.kind = OV_IN_ENDED, .answer = &answer};
    unwatch(ctx, handle); /* each monitor of another node tells one end */
    (void)gw_step(ctx, &in, NULL);
}

void gw_serve_down(struct ax_ctx *ctx, const struct ax_down *down)
{
    uint64_t handle;
    const struct ov_host_end end = {.reason = (uint8_t)down->reason,
                                    .restart = down->will_restart,
                                    .incarnation = down->incarnation,
                                    .detail = {down->words, (uint32_t)strlen(down->words)}};
    if (gw_table_get(&gw.handle_of_monitor, down->monitor, &handle)) {
        told(ctx, handle, down);
        return;
    }
    if (!down->will_restart)
        gw_table_take(&gw.monitor_of_actor, down->who.addr, NULL);
    if (ov_host_ended(gw.host, down->who.addr, &end) == 0)
        (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}
