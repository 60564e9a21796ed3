/* SPDX-License-Identifier: MIT */
/* libax/room.c - strands that wait for room in a mailbox, in one queue: who came first for a target
 * is let to it first. Room that others wait for is not to be had by who comes later, waiting or
 * not.
 *
 * A local target says when it has room: taking a message sets room_freed, and the loop looks. The
 * room of a target elsewhere is looked at every ROOM_POLL_NS, and for a moment it must be a quarter
 * of the lane; among waiters of several workers there is no order, as nobody keeps one. As many are
 * let on as there is room, and they send before any other actor of the worker runs. Who finds it
 * gone, for somebody elsewhere was faster, comes first again.
 *
 * A table has those for whom somebody waits, each by itself: nobody stays for want of another's
 * room. It has two places for each strand that there is, so it is never full.
 *
 * To wait for an actor's end is the same wait, for another thing. */
#include "libax/room.h"

#include "libax/deadlock.h"
#include "libax/durable.h"
#include "libax/event.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <stdlib.h>

#define LEAST 64u /* places of the table */
#define PATIENCE_NS 1000000ull

/* ---- for whom they wait ---- */

static uint32_t home(const struct worker *w, uint64_t to)
{
    return (uint32_t)(to * 0x9e3779b97f4a7c15ull >> 32) & w->room_mask;
}

/* Its place in the table, or the free one that is to be its. */
static struct target *target_of(const struct worker *w, uint64_t to)
{
    uint32_t at = home(w, to);
    while (w->room_targets[at].to != 0 && w->room_targets[at].to != to)
        at = (at + 1) & w->room_mask;
    return &w->room_targets[at];
}

/* Moves up what would not be found behind the hole. */
static void forget(struct worker *w, struct target *target)
{
    uint32_t mask = w->room_mask, hole = (uint32_t)(target - w->room_targets);
    for (uint32_t at = (hole + 1) & mask; w->room_targets[at].to != 0; at = (at + 1) & mask) {
        if (((at - home(w, w->room_targets[at].to)) & mask) < ((at - hole) & mask))
            continue;
        w->room_targets[hole] = w->room_targets[at];
        hole = at;
    }
    w->room_targets[hole] = (struct target){0};
}

bool room_for_strands(struct worker *w, uint32_t strands)
{
    struct target *old = w->room_targets;
    uint32_t size = old == NULL ? 0 : w->room_mask + 1, more = size == 0 ? LEAST : 2 * size;
    if (2 * strands <= size)
        return true;
    struct target *targets = calloc(more, sizeof *targets);
    if (targets == NULL)
        return false;
    w->room_targets = targets;
    w->room_mask = more - 1;
    for (uint32_t i = 0; i < size; i++)
        if (old[i].to != 0)
            *target_of(w, old[i].to) = old[i];
    free(old);
    return true;
}

static void count_in(struct worker *w, const struct wants *wants)
{
    struct target *target = target_of(w, wants->to);
    target->to = wants->to;
    target->waiting++;
}

static void count_out(struct worker *w, const struct wants *wants)
{
    struct target *target = target_of(w, wants->to);
    if (--target->waiting == 0)
        forget(w, target);
}

/* ---- the queue ---- */

static void push(struct worker *w, struct strand *strand, bool front)
{
    if (!front || w->room.first == NULL) {
        strand_push(&w->room, strand);
        return;
    }
    strand->fiber.next = &w->room.first->fiber;
    w->room.first = strand;
}

void room_enter(struct worker *w, struct strand *strand, bool front)
{
    push(w, strand, front);
    if (strand->wants.deadline < w->room_deadline)
        w->room_deadline = strand->wants.deadline;
    if (!strand->wants.end)
        count_in(w, &strand->wants);
    w->room_count++;
    w->room_far += strand->waits_on == 0;
    room_freed(w); /* there may be some by now */
}

void room_leave(struct worker *w, struct strand *strand)
{
    if (!strand->wants.end)
        count_out(w, &strand->wants);
    w->room_count--;
    strand->wants.to = 0;
}

static int wait_in_queue(struct ax_ctx *ctx, struct wants wants, bool front)
{
    struct worker *w = ctx->worker;
    struct strand *strand = w->current;
    uint32_t local = actor_local(w, wants.to);
    if (local != 0 && deadlock(ctx, local))
        return AX_E_DEADLOCK;
    if (!strand_spare(w))
        return AX_E_LIMIT;
    int error = ctx->type->durable ? durable_prepare_room(ctx) : 0;
    if (error != 0)
        return error;
    strand->wants = wants;
    strand->waits_on = local;
    strand->asks = 0;
    deadlock_show(w, strand, wants.to);
    room_enter(w, strand, front);
    turn_suspend(w);
    turn_continue(w);
    room_leave(w, strand);
    deadlock_hide(w, strand);
    return strand->result;
}

/* Elsewhere a quarter of the lane is waited for: who goes on as soon as there is room for one
 * message sends one and waits again, and each time costs a round trip between two processors (the
 * silly window of RFC 813). But not for long, as the reader may have stopped. */
static uint64_t patient_until(struct worker *w, uint64_t deadline)
{
    clock_read(w);
    return deadline - w->now > 4 * PATIENCE_NS ? w->now + PATIENCE_NS : 0;
}

int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline, bool again)
{
    struct worker *w = ctx->worker;
    struct wants wants = {.to = to, .bytes = bytes, .deadline = deadline};
    if (!again && SHM_REF_SLOT(to) != w->port.slot)
        wants.patient_until = patient_until(w, deadline);
    return wait_in_queue(ctx, wants, again);
}

int room_wait_end(struct ax_ctx *ctx, uint64_t to, uint64_t deadline)
{
    int error =
        wait_in_queue(ctx, (struct wants){.to = to, .deadline = deadline, .end = true}, false);
    ctx->worker->current->let_on = false;
    return error;
}

/* Also to who has been let on and has not come to send yet; then `wants` is what he wants. */
bool room_is_promised(struct worker *w, uint64_t to)
{
    return target_of(w, to)->waiting != 0;
}

/* Of a lane. */
static uint32_t bytes_wanted(const struct worker *w, const struct wants *wants)
{
    uint32_t quarter = (uint32_t)(w->port.data_mask + 1) / 4;
    return wants->bytes < quarter && w->now < wants->patient_until ? quarter : wants->bytes;
}

/* How many of those who wait for it may be let on now. */
static uint32_t places(struct worker *w, const struct wants *wants)
{
    uint32_t local = actor_local(w, wants->to);
    if (!may_have_room(w, wants->to, local == 0 ? bytes_wanted(w, wants) : wants->bytes))
        return 0;
    if (local == 0)
        return 1;
    uint64_t depth = shm_chain_depth(&actor_at(w, local)->mail);
    uint32_t capacity = actor_at(w, local)->capacity;
    return depth < capacity ? (uint32_t)(capacity - depth) : UINT32_MAX; /* it has ended */
}

/* Is it his turn, in the look under way? Who comes behind one that stays, stays as well. */
static bool may_go(struct worker *w, const struct wants *wants)
{
    if (wants->end)
        return look_at_life(w, wants->to) == AX_E_NO_ACTOR;
    struct target *target = target_of(w, wants->to);
    if (target->look != w->room_look)
        target->taken = 0;
    target->look = w->room_look;
    bool may = target->taken < places(w, wants);
    target->taken = may ? target->taken + 1 : UINT32_MAX;
    return may;
}

static void let_on(struct worker *w, struct strand *strand, int result)
{
    w->room_far -= strand->waits_on == 0;
    strand->result = result;
    strand->let_on = result == 0;
    strand_ready(w, strand);
}

void room_wake(struct worker *w)
{
    struct strand_queue all = w->room;
    w->room = (struct strand_queue){0};
    w->room_look++;
    w->room_freed = false;
    w->room_deadline = UINT64_MAX;
    for (struct strand *strand; (strand = strand_pop(&all)) != NULL;) {
        const struct wants *wants = &strand->wants;
        if (w->now >= wants->deadline) {
            let_on(w, strand, deadlock_found(w, strand, wants->to) ? AX_E_DEADLOCK : AX_E_TIMEOUT);
        } else if (may_go(w, wants)) {
            w->room_freed = true; /* and perhaps there is more */
            let_on(w, strand, 0);
        } else {
            strand_push(&w->room, strand);
            if (wants->deadline < w->room_deadline)
                w->room_deadline = wants->deadline;
        }
    }
}

void room_fail_all(struct worker *w, int error)
{
    w->room_deadline = UINT64_MAX;
    for (struct strand *strand; (strand = strand_pop(&w->room)) != NULL;)
        let_on(w, strand, error);
}
