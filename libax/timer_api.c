/* SPDX-License-Identifier: MIT */
/* libax/timer_api.c - what actors call to have a message later. */
#include "libax/timer.h"

static int set_own(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t delay_ns,
                   uint64_t period_ns, uint64_t *timer)
{
    struct worker *w = ctx->worker;
    uint64_t id;
    if (!contract_is(w, actor_at(w, ctx->actor)->type, out->contract))
        return AX_E_WRONG_CONTRACT;
    if (outgoing_size(out) > w->port.geo.max_message)
        return AX_E_TOO_BIG;
    const struct post post = {
        .to = actor_ref(w, ctx->actor),
        .method = out->method,
        .kind = SHM_TELL,
        .fixed = out->fixed,
        .size = out->size,
        .parts = out->parts,
        .nparts = out->nparts,
    };
    if (w->timers->clock_turn != w->port.turn) {
        clock_read(w);
        w->timers->clock_turn = w->port.turn;
    }
    uint64_t at = deadline_after(w->now, delay_ns);
    int error = timer_set(w, ctx->actor, at, period_ns, &post, 0, 0, &id);
    if (error == 0 && timer != NULL)
        *timer = id;
    return error;
}

int ax_timer_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t delay_ns, uint64_t *timer)
{
    return set_own(ctx, out, delay_ns, 0, timer);
}

int ax_timer_every_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t period_ns,
                    uint64_t *timer)
{
    return period_ns == 0 ? AX_E_INVALID : set_own(ctx, out, period_ns, period_ns, timer);
}

uint64_t ax_timer_missed(struct ax_ctx *ctx, uint64_t timer)
{
    return log_room_for_user(ctx->worker) ? timer_missed(ctx->worker, ctx->actor, timer) : 0;
}

int ax_timer_cancel(struct ax_ctx *ctx, uint64_t timer)
{
    struct worker *w = ctx->worker;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    return timer_clear(w, ctx->actor, timer) ? 0 : AX_E_NO_ACTOR;
}
