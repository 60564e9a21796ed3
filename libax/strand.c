/* SPDX-License-Identifier: MIT */
/* libax/strand.c - a strand is a fiber of the loop with the handler on it.
 *
 * The loop runs on every strand in turn. A strand that suspends hands the loop to an idle one; a
 * resumed strand takes it over from whoever resumed it, who then is idle. A handler that fails
 * never returns: its strand is dropped with all that is on the stack, and prepared anew. So one
 * strand is idle at all times, to go on when a handler fails, and who wants to suspend needs
 * another.
 *
 * A strand lies at the top of its stack, and both have a place of their own by their number
 * (place.h), so that a successor can have them there again.
 */
#include "libax/turn.h"

#include "libax/deadlock.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/order.h"
#include "libax/pending.h"
#include "libax/place.h"
#include "libax/room.h"

#include <errno.h>
#include <stdlib.h>

static void strand_entry(void)
{
    fiber_arrived(&ax_worker->current->fiber);
    worker_loop(ax_worker);
    abort(); /* worker_loop leaves the process */
}

static struct strand *on_top(struct fiber *fiber)
{
    fiber->size -= shm_round(sizeof(struct strand), SHM_LINE);
    return (struct strand *)(void *)(fiber->stack + fiber->size);
}

static struct strand *strand_new(struct worker *w)
{
    struct fiber fiber;
    uint32_t number = w->strands;
    if (!room_for_strands(w, number + 1))
        return NULL;
    void *place = place_stack(number);
    if (fiber_init_at(&fiber, place, number) != 0 &&
        (place == NULL || fiber_init_at(&fiber, NULL, number) != 0))
        return NULL;
    struct strand *strand = on_top(&fiber);
    *strand = (struct strand){.fiber = fiber, .ctx = {.worker = w}, .number = number};
    fiber_prepare(&strand->fiber, strand_entry);
    w->strands++;
    return strand;
}

bool strand_placed(const struct strand *strand)
{
    const uint8_t *place = place_stack(strand->number);
    return place != NULL && strand->fiber.stack == place + FIBER_PAGE;
}

struct strand *strand_free(struct strand *strand)
{
    if (strand != NULL) {
        struct fiber fiber = strand->fiber; /* it lies in what is unmapped */
        fiber_deinit(&fiber);
    }
    return NULL;
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

bool strand_spare_slow(struct worker *w)
{
    return (w->idle != NULL || add_idle(w)) && add_idle(w);
}

int strands_open(struct worker *w)
{
    w->current = strand_new(w);
    return w->current != NULL && add_idle(w) ? 0 : -ENOMEM;
}

/* ---- for a successor ---- */

static struct strand *unlink_idle(struct worker *w, uint32_t number)
{
    struct strand *before = NULL;
    for (struct strand *at = w->idle; at != NULL; at = (struct strand *)at->fiber.next) {
        if (at->number != number) {
            before = at;
            continue;
        }
        if (before != NULL)
            before->fiber.next = at->fiber.next;
        else
            w->idle = (struct strand *)at->fiber.next;
        return at;
    }
    return NULL;
}

struct strand *strand_claim(struct worker *w, uint32_t number)
{
    if (number >= PLACE_STRANDS)
        return NULL;
    while (w->strands <= number || w->idle == NULL || w->idle->fiber.next == NULL)
        if (!add_idle(w))
            return NULL;
    struct strand *strand = w->current;
    if (strand->number == number)
        w->current = strand_pop_idle(w);
    else
        strand = unlink_idle(w, number);
    if (strand != NULL && !strand_placed(strand)) {
        strand_push_idle(w, strand);
        strand = NULL;
    }
    return strand;
}

void strand_unclaim(struct worker *w, struct strand *strand)
{
    fiber_prepare(&strand->fiber, strand_entry);
    strand_push_idle(w, strand);
}

/* ---- the loop moves on ---- */

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
    strand_arrived(w);
}

uint32_t strands_resume(struct worker *w)
{
    uint32_t resumed = 0;
    for (struct strand *strand; (strand = strand_pop(&w->ready)) != NULL; resumed++) {
        if (!lease_allows(w, strand->ctx.actor)) {
            strand_push(&w->ready, strand); /* from which it is taken */
            lease_end(w, strand->ctx.actor);
        } else {
            resume(w, strand);
        }
    }
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

static void strand_recover(struct worker *w)
{
    struct strand *broken = w->broken;
    struct ax_ctx *ctx = &broken->ctx;
    w->broken = NULL;
    /* the reason may be text on that strand, or in a reply that it has had */
    if (ctx->order != 0)
        (void)order_drop(w, ctx->actor, AX_E_FAILED);
    actor_failed(w, ctx->actor, ctx->message, w->fail_reason,
                 ctx->restoring != 0 ? FAILED_IN_RESTORE : FAILED);
    ctx_release(ctx);
    broken->waits_on = 0;
    broken->saved = 0; /* the block is as it was before the turn: nobody's */
    fiber_prepare(&broken->fiber, strand_entry);
    strand_push_idle(w, broken);
}

/* Takes the strand of an actor out of a queue; NULL: it is not there. */
static struct strand *take(struct strand_queue *queue, uint32_t actor)
{
    struct strand_queue all = *queue;
    struct strand *found = NULL;
    *queue = (struct strand_queue){0};
    for (struct strand *strand; (strand = strand_pop(&all)) != NULL;)
        if (found == NULL && strand->ctx.actor == actor)
            found = strand;
        else
            strand_push(queue, strand);
    return found;
}

void strand_drop(struct worker *w, uint32_t actor)
{
    struct strand *strand = pending_drop(w, actor);
    if (strand == NULL && (strand = take(&w->room, actor)) != NULL)
        w->room_far -= strand->waits_on == 0;
    if (strand == NULL)
        strand = take(&w->ready, actor);
    if (strand == NULL)
        return;
    if (strand->wants.to != 0)
        room_leave(w, strand);
    if (strand->shown)
        deadlock_hide(w, strand);
    if (strand->reserved != 0)
        actor_unreserve(w, strand->reserved);
    strand->reserved = 0;
    strand->let_on = false;
    ctx_release(&strand->ctx);
    strand->waits_on = 0;
    strand->saved = 0; /* its block is given back with the message */
    fiber_prepare(&strand->fiber, strand_entry);
    strand_push_idle(w, strand);
}

void strand_arrived(struct worker *w)
{
    if (w->broken != NULL)
        strand_recover(w);
    if (w->left != NULL)
        turn_left(w);
}
