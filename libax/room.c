/* SPDX-License-Identifier: MIT */
/* libax/room.c - strands that wait for room in a mailbox, and those that would wait for themselves.
 */
#include "libax/room.h"

#include "libax/event.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <stdio.h>

/* ---- deadlocks within the worker ---- */

static struct strand *strand_of(struct worker *w, uint32_t actor)
{
    for (uint32_t i = 1; i < w->pending_used; i++) {
        struct strand *strand = w->pending[i].strand;
        if (strand != NULL && strand->ctx.actor == actor)
            return strand;
    }
    for (struct strand *strand = w->room.first; strand != NULL;
         strand = (struct strand *)strand->fiber.next)
        if (strand->ctx.actor == actor)
            return strand;
    return NULL;
}

static size_t name_link(struct worker *w, uint32_t index, const char *arrow, char *text,
                        size_t room)
{
    char name[AX_NAME_MAX + 1];
    actor_name(w, index, name);
    int length = snprintf(text, room, "%s%s", arrow, name);
    return length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

bool deadlock(struct ax_ctx *ctx, uint32_t local)
{
    struct worker *w = ctx->worker;
    char chain[512];
    size_t used = name_link(w, ctx->actor, "", chain, sizeof chain);
    for (uint32_t at = local, hops = 0; at != 0 && hops < w->port.geo.actors; hops++) {
        used += name_link(w, at, " -> ", chain + used, sizeof chain - used);
        if (at == ctx->actor) {
            ax_log(ctx, AX_WARN, "deadlock: %s would wait for itself", chain);
            return true;
        }
        const struct strand *strand = actor_at(w, at)->suspended ? strand_of(w, at) : NULL;
        at = strand != NULL ? strand->waits_on : 0;
    }
    return false;
}

/* ---- waiting for room ---- */

int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline)
{
    struct worker *w = ctx->worker;
    struct strand *strand = w->current;
    uint32_t local = actor_local(w, to);
    if (local != 0 && deadlock(ctx, local))
        return AX_E_DEADLOCK;
    if (!strand_spare(w))
        return AX_E_LIMIT;
    turn_pause(w);
    strand->wants = (struct wants){.to = to, .bytes = bytes, .deadline = deadline};
    strand->waits_on = local;
    shm_store(&w->port.meters[ctx->actor].waits_on, to);
    strand_push(&w->room, strand);
    strand_suspend(w);
    shm_store(&w->port.meters[ctx->actor].waits_on, 0);
    turn_continue(w);
    strand->waits_on = 0;
    return strand->result;
}

void room_wake(struct worker *w)
{
    struct strand_queue all = w->room;
    w->room = (struct strand_queue){0};
    for (struct strand *strand; (strand = strand_pop(&all)) != NULL;) {
        const struct wants *wants = &strand->wants;
        bool late = w->now >= wants->deadline;
        strand->result = late ? AX_E_TIMEOUT : 0;
        strand_push(late || may_have_room(w, wants->to, wants->bytes) ? &w->ready : &w->room,
                    strand);
    }
}
