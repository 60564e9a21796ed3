/* SPDX-License-Identifier: MIT */
/* libax/timer.c - a timer is a block in the arena with the frame that its actor will get, in the
 * actor's list `timers`; so it commits with the turn that set it and outlives the process. When it
 * is due is known to the wheel (wheel.h), which is volatile, and in which a turn changes nothing
 * before it commits: what it sets waits in one list, what it clears in another.
 *
 * An id names its timer's unit, so nothing is searched for; and since it may be a number that
 * another process made up, there must be a timer in that unit (known.h) of that id and actor.
 *
 * A periodic timer's next moment counts from the one before and not from when somebody came to
 * look, so it does not drift. At most one of its messages waits in the mailbox: moments that find
 * one there, or that nobody lived to see, are counted in `missed`. All this is one turn with the
 * message, so each moment is either a message or counted, whatever the process dies of.
 *
 * An async ask is a timer whose frame is its own timeout; see ask.c. */
#include "libax/timer.h"

#include "libax/known.h"
#include "libax/memory.h"
#include "libax/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRES_A_ROUND 1024u
#define ENDS_A_TURN 1024u
#define AGAIN_NS 1000000u /* until memory for a message is asked for again */

static struct shm_timer *timer_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

int timers_open(struct worker *w)
{
    w->timers = calloc(1, sizeof *w->timers);
    if (w->timers == NULL)
        return -ENOMEM;
    w->timers->wheel.next = UINT64_MAX;
    return known_open(&w->timers->known, w->port.geo.units);
}

void timers_close(struct worker *w)
{
    if (w->timers != NULL)
        free(w->timers->known.set);
    free(w->timers);
    w->timers = NULL;
}

/* ---- the list ---- */

/* 0: there is no such timer. */
static uint32_t find(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t unit = (uint32_t)id;
    if (!known_has(&w->timers->known, &w->port, unit))
        return 0;
    const struct shm_timer *timer = timer_at(&w->port, unit);
    return timer->id == id && timer->owner == index ? unit : 0;
}

/* A turn that sets many logs once what all of them change. */
static void log_once(struct worker *w, uint32_t index)
{
    struct timers *timers = w->timers;
    if (timers->turn != w->port.turn)
        shm_log(&w->port, &w->port.priv->next_id);
    if (timers->turn != w->port.turn || timers->actor != index)
        shm_log(&w->port, &w->port.cold[index].timers);
    timers->turn = w->port.turn;
    timers->actor = index;
}

static void push(struct worker *w, uint32_t index, uint32_t unit)
{
    struct shm_port *port = &w->port;
    uint32_t *list = &port->cold[index].timers;
    timer_at(port, unit)->next = *list;
    if (*list != 0)
        shm_set(port, &timer_at(port, *list)->prev, unit);
    log_once(w, index);
    shm_store(list, unit);
    port->priv->next_id++;
    shm_order();
}

/* Each logs a word of its own: so few can be dropped in a turn that it can free their blocks. */
static void leave(struct worker *w, const struct shm_timer *timer, uint32_t unit)
{
    struct shm_port *port = &w->port;
    uint32_t *list = &port->cold[timer->owner].timers;
    if (*list == unit) {
        shm_set(port, list, timer->next);
        return;
    }
    shm_set(port, &timer_at(port, timer->prev)->next, timer->next);
    if (timer->next != 0)
        shm_set(port, &timer_at(port, timer->next)->prev, timer->prev);
}

static uint32_t order_of(const struct post *post)
{
    uint64_t size = image_size(post->size, post->parts, post->nparts);
    return shm_order_of(sizeof(struct shm_timer) + shm_round(size, 8));
}

int timer_set(struct worker *w, uint32_t index, uint64_t at, uint64_t period,
              const struct post *post, uint64_t contract, uint64_t mark, uint64_t *id)
{
    uint32_t order = order_of(post);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!memory_room(w, (1u << order) + 16))
        return AX_E_NO_MEMORY;
    uint32_t unit = shm_arena_take(&w->port, order);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct shm_timer *timer = timer_at(&w->port, unit);
    *id = (w->port.priv->next_id & 0x7fffffff) << 32 | unit | mark;
    memset(timer, 0, offsetof(struct shm_timer, frame)); /* post_fill writes all of that */
    timer->at = at;
    timer->id = *id;
    timer->period = period;
    timer->posted = w->port.actors[index].mail.handled;
    timer->owner = index;
    timer->order = (uint8_t)order;
    struct post own = *post;
    own.corr = *id;
    own.stamp = contract;
    post_fill(&timer->frame, &own);
    push(w, index, unit);
    known_turn(&w->timers->known, unit);
    if (at != UINT64_MAX)
        wheel_put(&w->timers->wheel, &w->port, unit, WHEEL_SET);
    w->unsettled |= UNSETTLED_TIMERS;
    return 0;
}

static void drop(struct worker *w, uint32_t unit)
{
    struct wheel *wheel = &w->timers->wheel;
    struct shm_timer *timer = timer_at(&w->port, unit);
    uint16_t place = timer->place;
    if (place != WHEEL_NOWHERE)
        wheel_remove(wheel, &w->port, unit);
    if (place >= WHEEL_FIRST)
        wheel_put(wheel, &w->port, unit, WHEEL_CLEARED);
    leave(w, timer, unit);
    known_turn(&w->timers->known, unit);
    shm_arena_give(&w->port, unit, timer->order);
    w->unsettled |= UNSETTLED_TIMERS;
}

bool timer_clear(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t unit = find(w, index, id);
    if (unit != 0)
        drop(w, unit);
    return unit != 0;
}

const struct shm_frame *timer_frame(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t unit = find(w, index, id);
    return unit == 0 ? NULL : &timer_at(&w->port, unit)->frame;
}

uint64_t timer_missed(struct worker *w, uint32_t index, uint64_t id)
{
    uint32_t unit = find(w, index, id);
    if (unit == 0)
        return 0;
    uint64_t *missed = &timer_at(&w->port, unit)->missed, count = *missed;
    if (count != 0)
        shm_set(&w->port, missed, 0);
    return count;
}

bool timers_end(struct worker *w, uint32_t index)
{
    const uint32_t *list = &w->port.cold[index].timers;
    if (*list == 0)
        return true;
    shm_turn_begin(&w->port, 0, 0);
    for (uint32_t ends = 0; *list != 0 && ends < ENDS_A_TURN; ends++)
        drop(w, *list);
    turn_commit(w);
    return *list == 0;
}

/* What is to be in the wheel and is in a list of the turn. */
static void settle_list(struct worker *w, enum wheel_place place)
{
    struct wheel *wheel = &w->timers->wheel;
    for (uint32_t unit; (unit = wheel->first[place]) != 0;) {
        wheel_remove(wheel, &w->port, unit);
        wheel_add(wheel, &w->port, unit, timer_at(&w->port, unit)->at, false);
    }
}

void timers_settle(struct worker *w, bool committed)
{
    known_settle(&w->timers->known, committed);
    wheel_turn(&w->timers->wheel, &w->port, w->now);
    settle_list(w, committed ? WHEEL_SET : WHEEL_CLEARED);
    w->timers->wheel.first[committed ? WHEEL_CLEARED : WHEEL_SET] = 0; /* their blocks are free */
}

/* ---- after the death of the process ---- */

/* The newest is first in the list, and of those of one tick the oldest goes off first. */
void timers_load(struct worker *w, uint32_t index)
{
    for (uint32_t unit = w->port.cold[index].timers; unit != 0;) {
        struct shm_timer *timer = timer_at(&w->port, unit);
        timer->place = WHEEL_NOWHERE;
        known_load(&w->timers->known, unit);
        if (timer->at != UINT64_MAX)
            wheel_add(&w->timers->wheel, &w->port, unit, timer->at, true);
        unit = timer->next;
    }
}

static bool adds_up(const struct shm_timer *timer, uint32_t index, uint32_t unit, uint32_t prev)
{
    bool periodic = timer->period != 0;
    return (uint32_t)timer->id == unit && timer->owner == index &&
           (!periodic || timer->frame.kind == SHM_TELL) && (prev == 0 || timer->prev == prev) &&
           timer->frame.size >= sizeof timer->frame && (timer->frame.size & 7) == 0 &&
           sizeof *timer - sizeof timer->frame + timer->frame.size <= SHM_UNIT << timer->order;
}

bool timer_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    uint32_t prev = 0;
    for (uint32_t unit = port->cold[index].timers; unit != 0;) {
        if (unit >= port->arena.fresh)
            return false;
        const struct shm_timer *timer = timer_at(port, unit);
        if (!shm_mark(port, used, unit, timer->order) || !adds_up(timer, index, unit, prev))
            return false;
        prev = unit;
        unit = timer->next;
    }
    return true;
}

/* ---- it goes off ---- */

static void move(struct worker *w, uint32_t unit, uint64_t at)
{
    wheel_remove(&w->timers->wheel, &w->port, unit);
    if (at != UINT64_MAX)
        wheel_add(&w->timers->wheel, &w->port, unit, at, false);
}

/* Its frame into the mailbox. False: no memory now, the turn is undone, and it comes again. */
static bool post_frame(struct worker *w, uint32_t unit)
{
    const struct shm_timer *timer = timer_at(&w->port, unit);
    const struct shm_frame *frame = &timer->frame;
    const struct post post = {
        .to = frame->to,
        .from = frame->kind == SHM_ERROR ? frame->from : 0,
        .corr = timer->id,
        .stamp = frame->kind == SHM_ERROR ? frame->stamp : 0,
        .method = frame->method,
        .kind = frame->kind,
        .fixed = frame->body,
        .size = shm_frame_body(frame),
    };
    if (post_local(w, timer->owner, &post) == 0)
        return true;
    turn_undo(w);
    if (timer->place != WHEEL_NOWHERE)
        move(w, unit, w->now + AGAIN_NS);
    return false;
}

/* With the message its block is free, in one turn. */
static bool fire(struct worker *w, uint32_t unit)
{
    shm_turn_begin(&w->port, 0, 0);
    if (!post_frame(w, unit))
        return false;
    drop(w, unit);
    turn_commit(w);
    return true;
}

/* Is its last message in the mailbox, and nobody has begun to handle it? */
static bool waits(struct worker *w, const struct shm_timer *timer)
{
    const struct shm_actor *actor = actor_at(w, timer->owner);
    bool begun = actor->suspended && !(actor->flags & SHM_IN_HOOK);
    return timer->posted > actor->mail.handled + begun;
}

static bool fire_again(struct worker *w, uint32_t unit)
{
    struct shm_timer *timer = timer_at(&w->port, unit);
    uint64_t more = (w->now - timer->at) / timer->period; /* moments that have passed since */
    uint64_t at = timer->at + more * timer->period;
    bool waiting = waits(w, timer);
    shm_turn_begin(&w->port, 0, 0);
    if (!waiting && !post_frame(w, unit))
        return false;
    if (!waiting)
        shm_set(&w->port, &timer->posted, actor_at(w, timer->owner)->mail.accepted);
    if (more + waiting != 0)
        shm_set(&w->port, &timer->missed, timer->missed + more + waiting);
    shm_set(&w->port, &timer->at, deadline_after(at, timer->period));
    turn_commit(w);
    move(w, unit, timer->at);
    return true;
}

uint32_t timers_fire(struct worker *w)
{
    uint32_t fired = 0;
    for (uint32_t unit;
         fired < FIRES_A_ROUND && (unit = wheel_due(&w->timers->wheel, &w->port, w->now)) != 0;)
        fired += timer_at(&w->port, unit)->period != 0 ? fire_again(w, unit) : fire(w, unit);
    return fired;
}

/* Its own of the asks to that slot. */
static bool fail_asks(struct worker *w, uint32_t index, uint32_t slot, int error)
{
    for (uint32_t unit = w->port.cold[index].timers, next; unit != 0; unit = next) {
        struct shm_timer *timer = timer_at(&w->port, unit);
        next = timer->next;
        if (timer->frame.kind != SHM_ERROR || SHM_REF_SLOT(timer->frame.from) != slot)
            continue;
        /* not logged: who dies before it fires finds the same death to be told again */
        timer->frame.method = (uint16_t)error;
        if (!fire(w, unit))
            return false;
    }
    return true;
}

bool timer_fail_slot(struct worker *w, uint32_t slot, int error)
{
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        if (actor_at(w, index)->state != SHM_FREE && !fail_asks(w, index, slot, error))
            return false;
    return true;
}
