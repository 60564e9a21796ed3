/* SPDX-License-Identifier: MIT */
/* step.c - the core's steps. What comes out of one is done in its order, and what follows from that
 * comes in afterwards, in steps of its own. */
#include "overlay/gateway/gw.h"
#include "overlay/gateway/tells.h"

#include <string.h>
#include <time.h>

void gw_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    gw.now = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

struct gw_later *gw_later(struct ax_ctx *ctx, enum ov_in_kind kind)
{
    if (gw.nlater == gw.later_room)
        gw.later = gw_grow(ctx, gw.later, &gw.later_room, sizeof *gw.later);
    struct gw_later *later = &gw.later[gw.nlater++];
    memset(later, 0, sizeof *later);
    later->in.kind = kind;
    return later;
}

struct gw_later *gw_run_later(struct ax_ctx *ctx,
                              void (*run)(struct ax_ctx *ctx, const struct gw_later *later))
{
    struct gw_later *later = gw_later(ctx, OV_IN_TIMER);
    later->run = run;
    return later;
}

static void do_out(struct ax_ctx *ctx, const struct ov_out *out)
{
    switch (out->kind) {
    case OV_OUT_LINK:
        gw_links_do(ctx, out->link);
        break;
    case OV_OUT_STORE:
        gw_leases_ask(ctx, out->store);
        break;
    case OV_OUT_READY:
        gw_calls_ready(ctx, out);
        break;
    case OV_OUT_END:
        gw_calls_end(ctx, out);
        break;
    case OV_OUT_DEAD:
        gw_tells_dead(ctx, out);
        break;
    case OV_OUT_DOWN:
        if (!gw_waits_down(ctx, out))
            gw_watch_down(ctx, out);
        break;
    default:
        gw_serve(ctx, out);
    }
}

/* One event, which the core may want to be given in parts. */
static int step(struct ax_ctx *ctx, const struct ov_in *in, uint64_t *id)
{
    struct ov_event event = {0};
    struct ov_in part = *in;
    if (in->kind == OV_IN_LINK) {
        event = *in->link;
        part.link = &event;
    }
    for (;;) {
        int error = ov_cluster_step(gw.cluster, gw.now, &part, &gw.outs);
        if (error != 0)
            return error;
        if (id != NULL && gw.outs.id != 0)
            *id = gw.outs.id;
        for (unsigned i = 0; i < gw.outs.n; i++) {
            do_out(ctx, &gw.outs.list[i]);
            far_go_on(ctx);
        }
        if (event.kind == OV_ON_RECEIVED) {
            event.bytes = (const uint8_t *)event.bytes + gw.outs.used;
            event.len -= gw.outs.used;
            if (event.len > 0 && !gw_links_keep(ctx, &event) && gw.outs.more)
                continue; /* else it is of one that is held, and gone */
        }
        if (!gw.outs.more)
            return 0;
        part = (struct ov_in){.kind = OV_IN_TIMER};
        event.kind = OV_ON_TIMER;
    }
}

static void take_later(struct ax_ctx *ctx, uint32_t at)
{
    struct gw_later later = gw.later[at];
    struct ov_in *in = &later.in;
    if (later.run != NULL) {
        later.run(ctx, &later);
        return;
    }
    in->answer = &later.answer;
    in->store = &later.store;
    if (in->kind == OV_IN_LINK)
        in->link = &later.link;
    gw_news_stopped(ctx, in);
    (void)step(ctx, in, NULL); /* what has ended meanwhile is no mistake */
}

static void step_host(struct ax_ctx *ctx, const struct ov_in *in)
{
    if (in->kind == OV_IN_STOPPED && !gw_closed(ctx, in)) {
        gw_closing_put_off(in);
        return;
    }
    gw_news_stopped(ctx, in);
    (void)step(ctx, in, NULL);
}

/* All that follows from a step; what comes of that may be a step as well. */
static void follow(struct ax_ctx *ctx)
{
    struct ov_host_effect effect;
    bool more = true;
    while (more) {
        more = false;
        while (gw.came_in < gw.nlater) {
            take_later(ctx, gw.came_in++);
            far_go_on(ctx);
        }
        gw.came_in = gw.nlater = 0;
        while (ov_host_next(gw.host, gw.now, &effect)) {
            more = true;
            if (effect.kind == OV_HOST_CORE)
                step_host(ctx, effect.in);
            else
                gw_serve_host(ctx, &effect);
            far_go_on(ctx);
        }
        more |= gw.nlater > 0;
    }
}

/* What follows from a step that itself follows from one is for who follows that: the stack is
 * short, and peers would choose how deep this goes. */
static int step_and_follow(struct ax_ctx *ctx, const struct ov_in *in, uint64_t *id)
{
    gw_clock();
    int error = step(ctx, in, id);
    if (gw.following)
        return error;
    gw.following = true;
    follow(ctx);
    gw.following = false;
    return error;
}

/* Behind all messages of a round, so that their frames leave in as few records as can be. */
static void behind(struct ax_ctx *ctx)
{
    while (ov_core_gathers(ov_cluster_core(gw.cluster)))
        (void)step_and_follow(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
    gw_tells_written(ctx);
    gw_closing_tell(ctx);
    gw_drained(ctx);
    gw_arm(ctx);
}

int gw_step(struct ax_ctx *ctx, const struct ov_in *in, uint64_t *id)
{
    far_behind(ctx, behind);
    return step_and_follow(ctx, in, id);
}

int gw_link_event(struct ax_ctx *ctx, struct ov_event event)
{
    const struct ov_in in = {.kind = OV_IN_LINK, .link = &event};
    return gw_step(ctx, &in, NULL);
}

/* There is one tick under way at a time; one that is in the mailbox by now does no harm. */
void gw_disarm(struct ax_ctx *ctx)
{
    if (gw.tick_at != UINT64_MAX)
        (void)ax_timer_cancel(ctx, gw.timer);
    gw.tick_at = UINT64_MAX;
}

void gw_arm(struct ax_ctx *ctx)
{
    uint64_t next = ov_cluster_next(gw.cluster), due = ov_host_due(gw.host);
    if (due < next)
        next = due;
    if (gw.look_at < next)
        next = gw.look_at;
    if (gw.room_at < next)
        next = gw.room_at;
    if (gw.slow_at < next)
        next = gw.slow_at;
    if (gw.closing.look_at < next)
        next = gw.closing.look_at;
    if (gw_leases_next() < next)
        next = gw_leases_next();
    if (gw_news_next() < next)
        next = gw_news_next();
    if (next >= gw.tick_at)
        return;
    uint64_t wait = next > gw.now ? next - gw.now : 0;
    gw_disarm(ctx);
    if (gateway_tick_after(ctx, wait, &gw.timer) != 0)
        gw_die(ctx, "no timer is left");
    gw.tick_at = next;
}
