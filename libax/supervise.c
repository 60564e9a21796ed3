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
 * Restarts are counted in a window that slides, as in OTP's supervisor: a window that begins anew
 * lets twice as many pass at its seam. It is a ring of the moments of the last ones. */
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

struct supervise_table supervise_table(struct ax_supervisor *s, const struct ax_supervision *what)
{
    uint64_t least = or_else(what->backoff_min_ns, AX_MILLISECONDS(20));
    uint64_t most = or_else(what->backoff_max_ns, AX_SECONDS(2));
    return (struct supervise_table){
        .children = what->children,
        .count = what->count,
        .strategy = what->strategy,
        .limits = {.most = (uint32_t)or_else(what->intensity, 10),
                   .within_ns = or_else(what->within_ns, AX_SECONDS(5)),
                   .backoff_min_ns = least,
                   .backoff_max_ns = most > least ? most : least,
                   .quiet_ns = or_else(what->quiet_ns, AX_SECONDS(5)),
                   .at = s->at,
                   .used = &s->used,
                   .next = &s->next,
                   .others_count = true},
    };
}

/* ---- restarts ---- */

/* Counts so many restarts now; were they too many? */
static bool charge(const struct supervise_limits *limits, uint32_t count, uint64_t now)
{
    uint64_t *at = limits->at;
    for (; count > 0; count--) {
        if (limits->most == 0 || (*limits->used >= limits->most &&
                                  now - at[*limits->next % limits->most] < limits->within_ns))
            return false;
        at[*limits->next % limits->most] = now;
        *limits->next = (*limits->next + 1) % limits->most;
        *limits->used += *limits->used < limits->most;
    }
    return true;
}

static uint64_t wait_of(struct ax_supervisor *s, const struct supervise_limits *limits,
                        struct ax_supervised *child, uint64_t now)
{
    child->row = child->row > 0 && now - child->last_at < limits->quiet_ns ? child->row + 1 : 1;
    child->last_at = now;
    return backoff_wait(limits->backoff_min_ns, limits->backoff_max_ns, child->row,
                        backoff_random(&s->chance));
}

/* Child `i` is to start again, and those that it concerns to stop and start with it. */
static enum supervise_verdict restart(struct ax_supervisor *s, const struct supervise_table *t,
                                      uint32_t i, uint32_t from, uint32_t until, uint64_t now)
{
    uint32_t concerned = 1;
    for (uint32_t j = from; j < until; j++)
        concerned += j != i && lives(&s->children[j]) && !s->children[j].stops;
    s->children[i].phase = CHILD_ENDED;
    if (!charge(&t->limits, t->limits.others_count ? concerned : 1, now))
        return SUPERVISE_TOO_MANY;
    s->restarts += concerned;
    uint64_t start_at = later(now, wait_of(s, &t->limits, &s->children[i], now));
    s->children[i].phase = CHILD_WAITING;
    for (uint32_t j = from; j < until; j++) {
        struct ax_supervised *child = &s->children[j];
        if (child->phase == CHILD_ENDED)
            continue;
        child->start_at = start_at;
        if (lives(child) && !child->stops) {
            child->stops = true;
            child->again = t->children[j].kind != AX_TEMPORARY;
        }
    }
    return SUPERVISE_AGAIN;
}

static bool comes_again(enum ax_child_kind kind, enum ax_reason reason)
{
    if (kind == AX_TEMPORARY || reason == AX_SHUTDOWN)
        return false;
    return kind == AX_PERMANENT || reason != AX_NORMAL;
}

/* ---- what happens ---- */

void supervise_begin(struct ax_supervisor *s, const struct supervise_table *t, uint64_t chance)
{
    *s = (struct ax_supervisor){.chance = chance};
    for (uint32_t i = 0; i < t->count; i++)
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

static enum supervise_verdict rest_or_again(const struct ax_supervised *child)
{
    return child->phase == CHILD_WAITING ? SUPERVISE_AGAIN : SUPERVISE_REST;
}

enum supervise_verdict supervise_unstarted(struct ax_supervisor *s, const struct supervise_table *t,
                                           uint32_t i, uint64_t now)
{
    struct ax_supervised *child = &s->children[i];
    bool asked = child->stops;
    supervise_lost(s, i, now);
    if (!asked && t->children[i].kind == AX_TEMPORARY)
        child->phase = CHILD_ENDED;
    if (asked || child->phase == CHILD_ENDED)
        return rest_or_again(child);
    return restart(s, t, i, i, i + 1, now); /* a matter of its own: what runs may go on */
}

enum supervise_verdict supervise_ended(struct ax_supervisor *s, const struct supervise_table *t,
                                       uint32_t i, enum ax_reason reason, uint64_t now)
{
    struct ax_supervised *child = &s->children[i];
    if (!child->stops && comes_again(t->children[i].kind, reason))
        return restart(s, t, i, t->strategy == AX_ONE_FOR_ALL ? 0 : i,
                       t->strategy == AX_ONE_FOR_ONE ? i + 1 : t->count, now);
    child->phase = child->stops && child->again ? CHILD_WAITING : CHILD_ENDED;
    child->stops = false;
    return rest_or_again(child);
}

void supervise_drop(struct ax_supervisor *s, uint32_t i)
{
    s->children[i].phase = CHILD_ENDED;
    s->children[i].stops = false;
}

void supervise_forget(struct ax_supervisor *s, const struct supervise_table *t, uint32_t i)
{
    *t->limits.used = *t->limits.next = 0;
    s->children[i].row = 0;
}

void supervise_stop(struct ax_supervisor *s, const struct supervise_table *t, enum ax_reason reason)
{
    if (s->ending)
        return;
    s->ending = true;
    s->reason = (uint8_t)reason;
    for (uint32_t i = 0; i < t->count; i++) {
        struct ax_supervised *child = &s->children[i];
        child->again = false;
        child->stops = lives(child);
        if (!lives(child))
            child->phase = CHILD_ENDED;
    }
}

/* ---- what is to be done ---- */

/* The child that is to stop now; count: none. */
static uint32_t stopping(const struct ax_supervisor *s, const struct supervise_table *t)
{
    for (uint32_t i = t->count; i-- > 0;)
        if (s->children[i].stops)
            return i;
    return t->count;
}

/* The child that is to start next, whatever its time; count: none. In one_for_one those that are
 * started again go each by its own time: it is the one whose time is first. */
static uint32_t starting(const struct ax_supervisor *s, const struct supervise_table *t)
{
    uint32_t first = t->count;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct ax_supervised *child = &s->children[i];
        bool ordered = t->strategy != AX_ONE_FOR_ONE || (child->row == 0 && !t->side_by_side);
        if (child->phase == CHILD_STARTING && ordered)
            break;
        if (child->phase == CHILD_WAITING &&
            (first == t->count || child->start_at < s->children[first].start_at))
            first = i;
        if (child->phase == CHILD_WAITING && ordered)
            break;
    }
    return first;
}

static struct supervise_action stop_step(struct ax_supervisor *s, const struct supervise_table *t,
                                         uint32_t i, uint64_t now)
{
    struct ax_supervised *child = &s->children[i];
    if (child->phase == CHILD_RUNNING) {
        child->phase = CHILD_STOPPING;
        child->kill_at = later(now, or_else(t->children[i].stop_ns, AX_SECONDS(5)));
        return (struct supervise_action){SUPERVISE_EXIT, i};
    }
    if (child->phase == CHILD_STOPPING && now >= child->kill_at) {
        child->phase = CHILD_KILLED;
        return (struct supervise_action){SUPERVISE_KILL, i};
    }
    return (struct supervise_action){SUPERVISE_NOTHING, i};
}

struct supervise_action supervise_next(struct ax_supervisor *s, const struct supervise_table *t,
                                       uint64_t now)
{
    struct supervise_action action = {SUPERVISE_NOTHING, t->count};
    uint32_t i = stopping(s, t);
    if (i < t->count)
        return stop_step(s, t, i, now);
    if (s->ending) {
        action.act = s->quit ? SUPERVISE_NOTHING : SUPERVISE_QUIT;
        s->quit = true;
        return action;
    }
    i = starting(s, t);
    if (i < t->count && now >= s->children[i].start_at) {
        s->children[i].phase = CHILD_STARTING;
        action = (struct supervise_action){SUPERVISE_START, i};
    }
    return action;
}

uint64_t supervise_wake_at(const struct ax_supervisor *s, const struct supervise_table *t)
{
    uint32_t i = stopping(s, t);
    if (i < t->count)
        return s->children[i].phase == CHILD_RUNNING    ? 0
               : s->children[i].phase == CHILD_STOPPING ? s->children[i].kill_at
                                                        : UINT64_MAX;
    if (s->ending)
        return s->quit ? UINT64_MAX : 0;
    i = starting(s, t);
    return i < t->count ? s->children[i].start_at : UINT64_MAX;
}
