/* SPDX-License-Identifier: MIT */
/* libax/supervise.c - the decisions of a supervisor, as states of its children:
 *
 *   phase      left when                           to
 *   ENDED      never                               -
 *   WAITING    its time has come, and its turn     STARTING
 *   STARTING   it runs; it could not be started    RUNNING; as after an end
 *   RUNNING    it ends; it is to stop, its turn    WAITING or ENDED; STOPPING
 *   STOPPING   it ends; its deadline               WAITING or ENDED; KILLED
 *   KILLED     it ends                             WAITING or ENDED
 *
 * An end that nobody has asked for marks the children that it concerns as to stop (`stops`), with
 * whether they are to come again. While there is one of these nothing is started: they are stopped
 * one at a time, the last in the table first. Then those that wait are started in order, no sooner
 * than their wait is over. Where the supervisor itself is ending all are marked, none comes again,
 * and when there is nobody left it quits.
 *
 * Restarts are counted in a window that slides: a ring of the moments of the last ones. */
#include "libax/supervise.h"

#include "libax/backoff.h"

static uint64_t or_else(uint64_t value, uint64_t usual)
{
    return value != 0 ? value : usual;
}

static uint64_t later(uint64_t now, uint64_t delay)
{
    return delay > UINT64_MAX - now ? UINT64_MAX : now + delay;
}

static bool lives(const struct ax_supervised *child)
{
    return child->phase >= CHILD_STARTING;
}

bool supervise_is_valid(const struct ax_supervision *what)
{
    if (what->count > AX_CHILDREN_MAX || what->intensity > AX_INTENSITY_MAX || what->wake == NULL)
        return false;
    for (uint32_t i = 0; i < what->count; i++) {
        const struct ax_child *child = &what->children[i];
        if (child->contract == NULL || (child->nursery != NULL && child->spawn.name == NULL))
            return false;
    }
    return true;
}

/* ---- restarts ---- */

/* Counts so many restarts now; were they too many? */
static bool charge(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t count,
                   uint64_t now)
{
    uint32_t most = (uint32_t)or_else(what->intensity, 10);
    uint64_t within = or_else(what->within_ns, AX_SECONDS(5));
    for (; count > 0; count--) {
        if (s->used >= most && now - s->at[s->next % most] < within)
            return false;
        s->at[s->next % most] = now;
        s->next = (s->next + 1) % most;
        s->used += s->used < most;
    }
    return true;
}

static uint64_t wait_of(struct ax_supervisor *s, const struct ax_supervision *what,
                        struct ax_supervised *child, uint64_t now)
{
    uint64_t quiet = or_else(what->quiet_ns, AX_SECONDS(5));
    uint64_t least = or_else(what->backoff_min_ns, AX_MILLISECONDS(20));
    uint64_t most = or_else(what->backoff_max_ns, AX_SECONDS(2));
    child->row = child->row > 0 && now - child->last_at < quiet ? child->row + 1 : 1;
    child->last_at = now;
    return backoff_wait(least, most > least ? most : least, child->row, backoff_random(&s->chance));
}

/* Child `i` is to start again, and those that it concerns to stop and start with it. */
static void restart(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t i,
                    uint32_t from, uint32_t until, uint64_t now)
{
    uint32_t concerned = 1;
    for (uint32_t j = from; j < until; j++)
        concerned += j != i && lives(&s->children[j]) && !s->children[j].stops;
    s->children[i].phase = CHILD_ENDED;
    if (!charge(s, what, concerned, now)) {
        supervise_stop(s, what, AX_RESTART_INTENSITY);
        return;
    }
    s->restarts += concerned;
    uint64_t start_at = later(now, wait_of(s, what, &s->children[i], now));
    s->children[i].phase = CHILD_WAITING;
    for (uint32_t j = from; j < until; j++) {
        struct ax_supervised *child = &s->children[j];
        if (child->phase == CHILD_ENDED)
            continue;
        child->start_at = start_at;
        if (lives(child) && !child->stops) {
            child->stops = true;
            child->again = what->children[j].kind != AX_TEMPORARY;
        }
    }
}

static bool comes_again(enum ax_child_kind kind, enum ax_reason reason)
{
    if (kind == AX_TEMPORARY || reason == AX_SHUTDOWN)
        return false;
    return kind == AX_PERMANENT || reason != AX_NORMAL;
}

/* ---- what happens ---- */

void supervise_begin(struct ax_supervisor *s, const struct ax_supervision *what, uint64_t chance)
{
    *s = (struct ax_supervisor){.chance = chance};
    for (uint32_t i = 0; i < what->count; i++)
        s->children[i].phase = CHILD_WAITING;
}

void supervise_started(struct ax_supervisor *s, uint32_t i, struct ax_ref who)
{
    s->children[i].who = who;
    s->children[i].ask = 0;
    s->children[i].phase = CHILD_RUNNING;
}

void supervise_lost(struct ax_supervisor *s, uint32_t i, uint64_t again_at)
{
    struct ax_supervised *child = &s->children[i];
    child->phase = child->stops && !child->again ? CHILD_ENDED : CHILD_WAITING;
    child->stops = false;
    child->ask = 0;
    child->start_at = again_at;
}

void supervise_unstarted(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t i,
                         uint64_t now)
{
    bool asked = s->children[i].stops;
    supervise_lost(s, i, now);
    if (asked)
        return;
    if (what->children[i].kind == AX_TEMPORARY)
        s->children[i].phase = CHILD_ENDED;
    else /* a matter of its own: what runs may go on */
        restart(s, what, i, i, i + 1, now);
}

void supervise_ended(struct ax_supervisor *s, const struct ax_supervision *what, uint32_t i,
                     enum ax_reason reason, uint64_t now)
{
    struct ax_supervised *child = &s->children[i];
    if (child->stops) {
        child->stops = false;
        child->phase = child->again ? CHILD_WAITING : CHILD_ENDED;
    } else if (!comes_again(what->children[i].kind, reason)) {
        child->phase = CHILD_ENDED;
    } else {
        restart(s, what, i, what->strategy == AX_ONE_FOR_ALL ? 0 : i,
                what->strategy == AX_ONE_FOR_ONE ? i + 1 : what->count, now);
    }
}

void supervise_stop(struct ax_supervisor *s, const struct ax_supervision *what,
                    enum ax_reason reason)
{
    if (s->ending)
        return;
    s->ending = true;
    s->reason = (uint8_t)reason;
    for (uint32_t i = 0; i < what->count; i++) {
        struct ax_supervised *child = &s->children[i];
        child->again = false;
        child->stops = lives(child);
        if (!lives(child))
            child->phase = CHILD_ENDED;
    }
}

/* ---- what is to be done ---- */

/* The child that is to stop now; count: none. */
static uint32_t stopping(const struct ax_supervisor *s, const struct ax_supervision *what)
{
    for (uint32_t i = what->count; i-- > 0;)
        if (s->children[i].stops)
            return i;
    return what->count;
}

/* The child that is to start next, whatever its time; count: none. In one_for_one those that are
 * started again go each by its own time: it is the one whose time is first. */
static uint32_t starting(const struct ax_supervisor *s, const struct ax_supervision *what)
{
    uint32_t first = what->count;
    for (uint32_t i = 0; i < what->count; i++) {
        const struct ax_supervised *child = &s->children[i];
        bool ordered = what->strategy != AX_ONE_FOR_ONE || child->row == 0;
        if (child->phase == CHILD_STARTING && ordered)
            break;
        if (child->phase == CHILD_WAITING &&
            (first == what->count || child->start_at < s->children[first].start_at))
            first = i;
        if (child->phase == CHILD_WAITING && ordered)
            break;
    }
    return first;
}

static struct supervise_action stop_step(struct ax_supervisor *s, const struct ax_supervision *what,
                                         uint32_t i, uint64_t now)
{
    struct ax_supervised *child = &s->children[i];
    if (child->phase == CHILD_RUNNING) {
        child->phase = CHILD_STOPPING;
        child->kill_at = later(now, or_else(what->children[i].stop_ns, AX_SECONDS(5)));
        return (struct supervise_action){SUPERVISE_EXIT, i};
    }
    if (child->phase == CHILD_STOPPING && now >= child->kill_at) {
        child->phase = CHILD_KILLED;
        return (struct supervise_action){SUPERVISE_KILL, i};
    }
    return (struct supervise_action){SUPERVISE_NOTHING, i};
}

struct supervise_action supervise_next(struct ax_supervisor *s, const struct ax_supervision *what,
                                       uint64_t now)
{
    struct supervise_action action = {SUPERVISE_NOTHING, what->count};
    uint32_t i = stopping(s, what);
    if (i < what->count)
        return stop_step(s, what, i, now);
    if (s->ending) {
        action.act = s->quit ? SUPERVISE_NOTHING : SUPERVISE_QUIT;
        s->quit = true;
        return action;
    }
    i = starting(s, what);
    if (i < what->count && now >= s->children[i].start_at) {
        s->children[i].phase = CHILD_STARTING;
        action = (struct supervise_action){SUPERVISE_START, i};
    }
    return action;
}

uint64_t supervise_wake_at(const struct ax_supervisor *s, const struct ax_supervision *what)
{
    uint32_t i = stopping(s, what);
    if (i < what->count)
        return s->children[i].phase == CHILD_RUNNING    ? 0
               : s->children[i].phase == CHILD_STOPPING ? s->children[i].kill_at
                                                        : UINT64_MAX;
    if (s->ending)
        return s->quit ? UINT64_MAX : 0;
    i = starting(s, what);
    return i < what->count ? s->children[i].start_at : UINT64_MAX;
}
