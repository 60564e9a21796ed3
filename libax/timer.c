/* SPDX-License-Identifier: MIT */
/* libax/timer.c - a timer is a block in the arena with the frame that its actor will get, in the
 * actor's list `timers`; so it commits with the turn that set it and outlives the process. The heap
 * by time is volatile. A heap entry whose block is gone means nothing, so clearing a timer leaves
 * the heap alone.
 *
 * An async ask is a timer whose frame is its own timeout; see ask.c. */
#include "libax/timer.h"

#include "libax/ask.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/turn.h"

#include <stdlib.h>
#include <string.h>

#define TIDY_LEAST 4096u /* entries of the heap */

static struct shm_timer *timer_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

/* ---- the heap ---- */

static void swap(struct heap_timer *a, struct heap_timer *b)
{
    struct heap_timer old = *a;
    *a = *b;
    *b = old;
}

static bool heap_room(struct worker *w)
{
    if (w->ntimers < w->timer_room)
        return true;
    uint32_t room = w->timer_room == 0 ? 64 : w->timer_room * 2;
    struct heap_timer *timers = realloc(w->timers, room * sizeof *timers);
    if (timers == NULL)
        return false;
    w->timers = timers;
    w->timer_room = room;
    return true;
}

static bool heap_push(struct worker *w, struct heap_timer entry)
{
    if (!heap_room(w))
        return false;
    uint32_t at = w->ntimers++;
    w->timers[at] = entry;
    for (; at > 0 && w->timers[at].at < w->timers[(at - 1) / 2].at; at = (at - 1) / 2)
        swap(&w->timers[at], &w->timers[(at - 1) / 2]);
    return true;
}

static struct heap_timer heap_pop(struct worker *w)
{
    struct heap_timer top = w->timers[0];
    w->timers[0] = w->timers[--w->ntimers];
    for (uint32_t at = 0, child; (child = 2 * at + 1) < w->ntimers; at = child) {
        if (child + 1 < w->ntimers && w->timers[child + 1].at < w->timers[child].at)
            child++;
        if (w->timers[at].at <= w->timers[child].at)
            break;
        swap(&w->timers[at], &w->timers[child]);
    }
    return top;
}

uint64_t timer_next(const struct worker *w)
{
    return w->ntimers == 0 ? UINT64_MAX : w->timers[0].at;
}

void timer_wake(struct worker *w, uint32_t actor, uint64_t at)
{
    (void)heap_push(w, (struct heap_timer){.at = at, .actor = actor});
}

/* ---- the list ---- */

static uint32_t *find(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t *link = &w->port.cold[index].timers;
    while (*link != 0 && timer_at(&w->port, *link)->id != id)
        link = &timer_at(&w->port, *link)->next;
    return *link != 0 ? link : NULL;
}

static uint32_t order_of(const struct post *post)
{
    uint64_t size = image_size(post->size, post->parts, post->nparts);
    return shm_order_of(sizeof(struct shm_timer) + shm_round(size, 8));
}

int timer_set(struct worker *w, uint32_t index, uint64_t at, const struct post *post,
              uint64_t contract, uint64_t mark, uint64_t *id)
{
    struct shm_private *priv = w->port.priv;
    uint32_t order = order_of(post);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!heap_room(w) || !memory_room(w, (1u << order) + 16))
        return AX_E_NO_MEMORY;
    uint32_t unit = shm_arena_take(&w->port, order);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct shm_timer *timer = timer_at(&w->port, unit);
    *id = priv->next_id | mark;
    *timer =
        (struct shm_timer){.at = at, .id = *id, .next = w->port.cold[index].timers, .order = order};
    struct post own = *post;
    own.corr = *id;
    own.stamp = contract;
    post_fill(&timer->frame, &own);
    if (at != UINT64_MAX)
        (void)heap_push(w, (struct heap_timer){.at = at, .actor = index, .unit = unit, .id = *id});
    shm_set(&w->port, &priv->next_id, priv->next_id + 1);
    shm_set(&w->port, &w->port.cold[index].timers, unit);
    return 0;
}

static void drop(struct worker *w, uint32_t *link)
{
    uint32_t unit = *link;
    const struct shm_timer *timer = timer_at(&w->port, unit);
    shm_arena_give(&w->port, unit, timer->order);
    shm_set(&w->port, link, timer->next);
}

bool timer_clear(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t *link = find(w, index, id);
    if (link != NULL)
        drop(w, link);
    return link != NULL;
}

const struct shm_frame *timer_frame(struct worker *w, uint32_t index, uint64_t id)
{
    const uint32_t *link = find(w, index, id);
    return link == NULL ? NULL : &timer_at(&w->port, *link)->frame;
}

void timer_clear_all(struct worker *w, uint32_t index)
{
    uint32_t *list = &w->port.cold[index].timers;
    for (uint32_t unit = *list; unit != 0; unit = timer_at(&w->port, unit)->next)
        shm_arena_give(&w->port, unit, timer_at(&w->port, unit)->order);
    if (*list != 0)
        shm_set(&w->port, list, 0);
}

void timer_load(struct worker *w, uint32_t index)
{
    for (uint32_t unit = w->port.cold[index].timers; unit != 0;) {
        const struct shm_timer *timer = timer_at(&w->port, unit);
        if (timer->at != UINT64_MAX)
            (void)heap_push(w, (struct heap_timer){timer->at, index, unit, timer->id});
        unit = timer->next;
    }
}

bool timer_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    for (uint32_t unit = port->cold[index].timers; unit != 0;) {
        if (unit >= port->arena.fresh)
            return false;
        const struct shm_timer *timer = timer_at(port, unit);
        if (!shm_mark(port, used, unit, timer->order) ||
            sizeof *timer - sizeof timer->frame + timer->frame.size > SHM_UNIT << timer->order ||
            timer->frame.size < sizeof timer->frame || timer->frame.size & 7)
            return false;
        unit = timer->next;
    }
    return true;
}

/* The timer goes off: its frame into the mailbox, its block free, in one turn. */
static bool fire(struct worker *w, uint32_t index, uint32_t *link)
{
    const struct shm_frame *frame = &timer_at(&w->port, *link)->frame;
    uint64_t id = timer_at(&w->port, *link)->id;
    const struct post post = {
        .to = frame->to,
        .from = frame->kind == SHM_ERROR ? frame->from : 0,
        .corr = id,
        .stamp = frame->kind == SHM_ERROR ? frame->stamp : 0,
        .method = frame->method,
        .kind = frame->kind,
        .fixed = frame->body,
        .size = shm_frame_body(frame),
    };
    shm_turn_begin(&w->port, 0, 0);
    if (post_local(w, index, &post) != 0) { /* no memory now: a little later */
        turn_undo(w);
        (void)heap_push(w, (struct heap_timer){w->now + 1000000, index, *link, id});
        return false;
    }
    drop(w, link);
    turn_commit(w);
    return true;
}

/* The timer that an entry of the heap means. A turn that is undone leaves its entries behind, and
 * its ids are given again: then the time is not that of the timer. */
static uint32_t *due(struct worker *w, const struct heap_timer *entry)
{
    uint32_t *link = find(w, entry->actor, entry->id);
    return link != NULL && timer_at(&w->port, *link)->at <= w->now ? link : NULL;
}

uint32_t timers_fire(struct worker *w)
{
    uint32_t fired = 0;
    while (w->ntimers > 0 && w->timers[0].at <= w->now) {
        struct heap_timer top = heap_pop(w);
        if (actor_at(w, top.actor)->state == SHM_FREE)
            continue;
        uint32_t *link = due(w, &top);
        if (top.unit == 0)
            runq_push(w, top.actor);
        else if (link == NULL || !fire(w, top.actor, link))
            continue;
        fired++;
    }
    return fired;
}

static uint32_t *find_ask(struct worker *w, uint32_t index, uint32_t slot)
{
    uint32_t *link = &w->port.cold[index].timers;
    for (; *link != 0; link = &timer_at(&w->port, *link)->next) {
        const struct shm_timer *timer = timer_at(&w->port, *link);
        if (timer->id & ASK_ASYNC && SHM_REF_SLOT(timer->frame.from) == slot &&
            timer->frame.kind == SHM_ERROR)
            return link;
    }
    return NULL;
}

bool timer_fail_slot(struct worker *w, uint32_t slot, int error)
{
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++) {
        if (actor_at(w, index)->state == SHM_FREE)
            continue;
        for (uint32_t *link; (link = find_ask(w, index, slot)) != NULL;) {
            /* not logged: who dies before it fires finds the same death to be told again */
            timer_at(&w->port, *link)->frame.method = (uint16_t)error;
            if (!fire(w, index, link))
                return false;
        }
    }
    return true;
}

/* ---- tidying ---- */

void timers_tidy(struct worker *w)
{
    if (w->ntimers < w->timer_tidy_at)
        return;
    uint32_t kept = 0, old = w->ntimers;
    w->ntimers = 0;
    for (uint32_t i = 0; i < old; i++)
        if (w->timers[i].unit == 0)
            w->timers[kept++] = w->timers[i];
    for (uint32_t i = 0; i < kept; i++)
        (void)heap_push(w, w->timers[i]); /* where it is, or further to the front */
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        if (actor_at(w, index)->state != SHM_FREE)
            timer_load(w, index);
    w->timer_tidy_at = w->ntimers < TIDY_LEAST / 2 ? TIDY_LEAST : 2 * w->ntimers;
}

int ax_timer_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t delay_ns, uint64_t *timer)
{
    struct worker *w = ctx->worker;
    uint64_t id;
    if (w->contracts[actor_at(w, ctx->actor)->type].hash != contract_hash(w, out->contract))
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
    clock_read(w);
    int error = timer_set(w, ctx->actor, deadline_after(w->now, delay_ns), &post, 0, 0, &id);
    if (error == 0 && timer != NULL)
        *timer = id;
    return error;
}

int ax_timer_cancel(struct ax_ctx *ctx, uint64_t timer)
{
    struct worker *w = ctx->worker;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    return timer_clear(w, ctx->actor, timer) ? 0 : AX_E_NO_ACTOR;
}
