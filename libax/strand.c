/* SPDX-License-Identifier: MIT */
/* libax/strand.c - a strand is a fiber of the loop with the handler on it.
 *
 * The loop runs on every strand in turn. A strand that suspends hands the loop to an idle one; a
 * resumed strand takes it over from whoever resumed it, who then is idle. A handler that fails
 * never returns: its strand is dropped with all that is on the stack, and prepared anew. So one
 * strand is idle at all times, to go on when a handler fails, and who wants to suspend needs
 * another.
 */
#include "libax/turn.h"

#include "libax/life.h"
#include "libax/order.h"

#include <errno.h>
#include <stdlib.h>

static void strand_entry(void)
{
    fiber_arrived(&ax_worker->current->fiber);
    worker_loop(ax_worker);
    abort(); /* worker_loop leaves the process */
}

static struct strand *strand_new(struct worker *w)
{
    struct strand *strand = calloc(1, sizeof *strand);
    if (strand == NULL)
        return NULL;
    if (fiber_init(&strand->fiber) != 0) {
        free(strand);
        return NULL;
    }
    strand->ctx.worker = w;
    fiber_prepare(&strand->fiber, strand_entry);
    return strand;
}

static void strand_push_idle(struct worker *w, struct strand *strand)
{
    strand->fiber.next = (struct fiber *)w->idle;
    w->idle = strand;
}

static struct strand *strand_pop_idle(struct worker *w)
{
    struct strand *strand = w->idle;
    w->idle = (struct strand *)strand->fiber.next;
    return strand;
}

static bool add_idle(struct worker *w)
{
    struct strand *strand = strand_new(w);
    if (strand != NULL)
        strand_push_idle(w, strand);
    return strand != NULL;
}

bool strand_spare(struct worker *w)
{
    if (shm_likely(w->idle != NULL && w->idle->fiber.next != NULL))
        return true;
    return (w->idle != NULL || add_idle(w)) && add_idle(w);
}

int strands_open(struct worker *w)
{
    w->current = strand_new(w);
    return w->current != NULL && add_idle(w) ? 0 : -ENOMEM;
}

void strand_suspend(struct worker *w)
{
    struct strand *me = w->current, *next = strand_pop_idle(w);
    w->current = next;
    fiber_switch(&me->fiber, &next->fiber);
}

void strand_push(struct strand_queue *queue, struct strand *strand)
{
    strand->fiber.next = NULL;
    if (queue->last != NULL)
        queue->last->fiber.next = &strand->fiber;
    else
        queue->first = strand;
    queue->last = strand;
}

struct strand *strand_pop(struct strand_queue *queue)
{
    struct strand *strand = queue->first;
    if (strand == NULL)
        return NULL;
    queue->first = (struct strand *)strand->fiber.next;
    if (queue->first == NULL)
        queue->last = NULL;
    return strand;
}

static void resume(struct worker *w, struct strand *strand)
{
    struct strand *me = w->current;
    strand_push_idle(w, me);
    w->current = strand;
    fiber_switch(&me->fiber, &strand->fiber);
    if (w->broken != NULL)
        strand_recover(w);
}

uint32_t strands_resume(struct worker *w)
{
    uint32_t resumed = 0;
    for (struct strand *strand; (strand = strand_pop(&w->ready)) != NULL; resumed++)
        resume(w, strand);
    return resumed;
}

void ax_fail(struct ax_ctx *ctx, const char *reason)
{
    struct worker *w = ctx->worker;
    struct strand *me = w->current;
    turn_undo(w);
    w->fail_reason = reason;
    w->broken = me;
    struct strand *next = strand_pop_idle(w);
    w->current = next;
    fiber_switch(&me->fiber, &next->fiber);
    abort();
}

void strand_recover(struct worker *w)
{
    struct strand *broken = w->broken;
    struct ax_ctx *ctx = &broken->ctx;
    w->broken = NULL;
    /* the reason may be text on that strand, or in a reply that it has had */
    if (ctx->order != 0)
        (void)order_drop(w, ctx->actor, AX_E_FAILED);
    actor_failed(w, ctx->actor, ctx->message, w->fail_reason, false);
    ctx_release(ctx);
    broken->waits_on = 0;
    fiber_prepare(&broken->fiber, strand_entry);
    strand_push_idle(w, broken);
}
