/* SPDX-License-Identifier: MIT */
/* libax/life.c - the lives of actors, as a table of states:
 *
 *   state       what actor_prepare does                            goes to
 *   FREE        gives the record back                              -
 *   LIVE        first time in this process: on_start/on_restart    LIVE
 *   LIVE, told to stop   its mail, where its policy says so        CLOSING, or RESTARTING
 *   LIVE, retiring       on_stop                                   RESTARTING, passive
 *   RESTARTING  nothing before restart_at, or, passive, a message  LIVE
 *   RESTARTING, told to stop                                       CLOSING
 *   CLOSING     on_stop, drops its mail, tells its watchers        FREE
 *
 * In each of them but FREE it first tells its watchers of the ends that they have not been told of.
 * Mail that a restart drops is marked by its place (drop_until) in the turn of the failure, and
 * dropped from then on as it comes to the head: it needs no turn as large as a mailbox, and a
 * successor goes on with it. Downs and replies are no mail in that sense.
 *
 * An actor's incarnation is its own restarts on top of the slot's, less what the slot had at its
 * birth. */
#include "libax/life.h"

#include "libax/ask.h"
#include "libax/backoff.h"
#include "libax/durable.h"
#include "libax/event.h"
#include "libax/group.h"
#include "libax/lease.h"
#include "libax/map.h"
#include "libax/more.h"
#include "libax/order.h"
#include "libax/registry.h"
#include "libax/restarts.h"
#include "libax/room.h"
#include "libax/snapshot.h"
#include "libax/stream.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/wake.h"
#include "libax/watch.h"
#include "libax/words.h"

#define DROPS_A_ROUND 64u
#define RETRY_NS 1000000u /* until memory is asked for again */

/* ---- start ---- */

hook_fn *start_hook(const struct ax_actor_type *type, const struct shm_actor *actor)
{
    if (!(actor->flags & SHM_STARTED))
        return type->on_start;
    return type->on_restart != NULL || is_kept(type) ? type->on_restart : type->on_start;
}

static bool first_life(struct worker *w, uint32_t index)
{
    return actor_incarnation(w, index) == 1;
}

static void start_restored(struct ax_ctx *ctx, void *self)
{
    hook_fn *hook = start_hook(ctx->type, actor_at(ctx->worker, ctx->actor));
    snapshot_restore(ctx);
    if (hook != NULL)
        hook(ctx, self);
}

static bool bring_up(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    hook_fn *hook = snapshot_due(w, index) ? start_restored : start_hook(type, actor);
    if (self_open(w, index) != 0)
        return false;
    if (hook != NULL && !(actor->flags & SHM_STARTED && first_life(w, index)))
        run_hook(w, index, hook, SHM_STARTED, 0);
    return true;
}

static void restarted(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &actor->state);
    actor->state = SHM_LIVE;
    life_note(w, SHM_ACTOR_RESTARTED, index, 0, 0);
    publish_later(w, index);
    turn_commit(w);
}

/* ---- restarts are counted ---- */

uint64_t restart_after(uint64_t now, uint64_t delay)
{
    return delay > UINT64_MAX - now ? UINT64_MAX : now + delay;
}

/* Not more often than the policy allows? Without memory for the times all of the row count. */
static bool may_restart(struct worker *w, uint32_t index, const struct shm_policy *policy)
{
    const struct restarts_rule rule = restarts_rule(policy->max, policy->window_ns);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    struct shm_restarts *restarts;
    if (policy->restart == 0 || rule.times == 0)
        return false;
    if ((restarts = restarts_get(w, index)) == NULL)
        return cold->row <= policy->max;
    shm_log(&w->port, &restarts->count);
    if (cold->row == 1)
        restarts->count = 0;
    shm_log(&w->port, restarts_next(restarts, &rule));
    return restarts_add(restarts, &rule, w->now);
}

bool charge(struct worker *w, uint32_t index, const struct shm_policy *policy)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    shm_log(&w->port, &cold->restart_at);
    shm_log(&w->port, &cold->failed_at);
    shm_log(&w->port, &cold->row); /* and failures, in one word */
    cold->failures++;
    cold->row = w->now - cold->failed_at < policy->window_ns ? cold->row + 1 : 1;
    cold->failed_at = w->now;
    uint64_t wait = backoff_plain(policy->backoff_min_ns, policy->backoff_max_ns, cold->row);
    cold->restart_at = restart_after(w->now, wait);
    return may_restart(w, index, policy);
}

void end_failed(struct worker *w, uint32_t index, uint8_t reason)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_log(&w->port, &actor->state);
    actor->state = SHM_CLOSING;
    actor->flags &= (uint8_t)~SHM_STARTED;
    shm_set(&w->port, &w->port.cold[index].reason, reason);
}

/* ---- the end ---- */

void actor_told(struct worker *w, uint32_t index, uint8_t reason)
{
    actor_stop(w, index, reason, 0, AX_STOP_SHUTDOWN_GRACEFUL);
}

/* One that was told to stop in peace, and whose lease has ended, may do nothing more. */
static bool overtakes(const struct worker *w, uint32_t index, uint8_t reason)
{
    uint8_t before = w->port.cold[index].reason;
    return reason == SHM_LEASE_LOST && before != SHM_LEASE_LOST && before != SHM_KILLED;
}

void actor_stop(struct worker *w, uint32_t index, uint8_t reason, uint8_t signal,
                enum ax_stop_reason stop)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->state == SHM_CLOSING ||
        (actor->flags & SHM_STOPPING && !overtakes(w, index, reason)))
        return;
    shm_log(&w->port, &actor->flags);
    actor->flags |= SHM_STOPPING;
    shm_set(&w->port, &w->port.cold[index].reason, reason);
    w->port.cold[index].stop = (uint8_t)stop; /* in the same word */
    shm_set(&w->port, &w->port.cold[index].signal, signal);
    uint64_t drain = reason == SHM_LEASE_LOST ? 0 : w->port.priv->policy[actor->policy].drain_ns;
    if (actor->state == SHM_LIVE) /* else restart_at is when it would have restarted */
        shm_set(&w->port, &w->port.cold[index].restart_at, deadline_after(w->now, drain));
    publish_later(w, index);
    runq_push(w, index);
}

static void run_on_stop(struct worker *w, uint32_t index, uint8_t clears)
{
    const struct ax_actor_type *type = w->plugin->actors[actor_at(w, index)->type];
    if (type->on_stop != NULL && (w->self[index] != NULL || self_open(w, index) == 0))
        run_hook(w, index, type->on_stop, 0, clears);
}

/* It stopped by itself, but its policy is "always": another life instead of the end. */
static bool comes_back(struct worker *w, uint32_t index)
{
    const struct shm_policy *policy = &w->port.priv->policy[actor_at(w, index)->policy];
    const struct shm_actor_cold *cold = &w->port.cold[index];
    return policy->restart == 2 && cold->reason == SHM_NORMAL &&
           cold->stop == AX_STOP_CONTEXT_STOP && !w->stopping;
}

/* Told to stop, it is to go on with what it had accepted, and there is some. */
static bool has_to_drain(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    return w->port.priv->policy[actor->policy].drain_ns != 0 && !w->stops_now &&
           (cold->reason == SHM_NORMAL || cold->reason == SHM_SHUTDOWN) &&
           shm_chain_depth(&actor->mail) != 0;
}

/* For as long as its policy says. */
static bool drains(struct worker *w, uint32_t index)
{
    return has_to_drain(w, index) && w->now < w->port.cold[index].restart_at;
}

static void come_back(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    run_on_stop(w, index, 0);
    clock_read(w);
    shm_turn_begin(&w->port, 0, 0);
    if (charge(w, index, &w->port.priv->policy[actor->policy])) {
        shm_set(&w->port, &actor->incarnation, actor->incarnation + 1);
        watch_tell(w, index, SHM_NORMAL);
        shm_log(&w->port, &actor->state);
        actor->state = SHM_RESTARTING;
        actor->flags &= (uint8_t)~SHM_STOPPING;
    } else {
        end_failed(w, index, SHM_RESTART_INTENSITY);
    }
    publish_later(w, index);
    turn_commit(w);
    self_close(w, index);
    runq_push(w, index);
}

void actor_retire(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_log(&w->port, &actor->flags);
    actor->flags |= SHM_RETIRING;
    runq_push(w, index);
}

/* Its memory is given back, and the next message starts its next life. */
static void passivate(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    run_on_stop(w, index, 0);
    shm_turn_begin(&w->port, 0, 0);
    shm_set(&w->port, &actor->incarnation, actor->incarnation + 1);
    shm_set(&w->port, &w->port.cold[index].restart_at, SHM_PASSIVE);
    shm_log(&w->port, &actor->state);
    actor->state = SHM_RESTARTING;
    actor->flags &= (uint8_t)~SHM_RETIRING;
    watch_tell(w, index, SHM_NORMAL); /* when it is passive */
    publish_later(w, index);
    turn_commit(w);
    self_close(w, index);
    if (actor->mail.tail != 0 || actor->flags & SHM_STOPPING)
        runq_push(w, index);
}

bool is_passive(const struct worker *w, uint32_t index)
{
    return w->port.actors[index].state == SHM_RESTARTING &&
           w->port.cold[index].restart_at == SHM_PASSIVE;
}

/* Whether its end has waited for its mail is known now. A worker that stops lets all of them handle
 * theirs before it tells them. */
static uint8_t stop_reason(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    bool at_once = w->port.priv->policy[actor->policy].drain_ns == 0;
    uint8_t stop = w->port.cold[index].stop;
    if (actor->state == SHM_LIVE && has_to_drain(w, index))
        return AX_STOP_SHUTDOWN_DEADLINE_EXCEEDED;
    if (stop != AX_STOP_SHUTDOWN_GRACEFUL)
        return stop;
    return shm_chain_depth(&actor->mail) != 0 || (at_once && !w->closing) || w->stops_now
               ? AX_STOP_SHUTDOWN_IMMEDIATE
               : AX_STOP_SHUTDOWN_GRACEFUL;
}

static void close_begin(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    struct shm_actor_cold *cold = &w->port.cold[index];
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &cold->reason); /* in the same word */
    cold->stop = stop_reason(w, index);
    shm_log(&w->port, &actor->state);
    if (actor->state == SHM_RESTARTING) /* no incarnation lives that on_stop could end */
        actor->flags &= (uint8_t)~SHM_STARTED;
    actor->state = SHM_CLOSING;
    publish_later(w, index);
    turn_commit(w);
}

/* Goes on after a while: what is lacking is memory. */
static void later(struct worker *w, uint32_t index)
{
    wake_at(w, index, w->now + RETRY_NS);
}

static void close_finish(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    struct shm_actor_cold *cold = &w->port.cold[index];
    struct shm_down_body down = {
        .who = actor_ref(w, index),
        .incarnation = actor_incarnation(w, index),
        .reason = cold->reason,
        .signal = cold->signal,
    };
    words_tell(w, index, &down);
    shm_turn_begin(&w->port, 0, 0);
    int error = watch_end(w, index, &down);
    if (error != 0) { /* not all of them in this turn */
        turn_commit(w);
        if (error == AX_E_LIMIT)
            runq_push(w, index);
        else
            later(w, index);
        return;
    }
    kept_give(w, index);
    registry_give(w, index);
    groups_leave(w, index);
    snapshot_give(w, index);
    more_give(w, index);
    words_note(w, &down);
    life_note(w, SHM_ACTOR_STOPPED, index, cold->reason, cold->stop);
    shm_log(&w->port, &actor->gen);
    shm_log(&w->port, &actor->state);
    actor->gen++;
    actor->state = SHM_FREE;
    actor->flags = 0;
    publish_later(w, index);
    turn_commit(w);
}

static bool is_call(const struct shm_frame *frame)
{
    return frame->kind == SHM_TELL || frame->kind == SHM_ASK;
}

static void close_step(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    bool lost = w->port.cold[index].reason == SHM_LEASE_LOST || !lease_allows(w, index);
    int error = lost ? AX_E_STALE : AX_E_CANCELED; /* it may be elsewhere by now */
    if (actor->flags & SHM_STARTED && !lost)
        run_on_stop(w, index, SHM_STARTED);
    for (uint32_t drops = 0; drops < DROPS_A_ROUND; drops++) {
        uint64_t first = shm_chain_first(&w->port, &actor->mail);
        if (actor->urgent) {
            if (order_drop(w, index, AX_E_CANCELED))
                continue;
            later(w, index);
            return;
        }
        if (first == 0) {
            if (!maps_end(w, index) || !timers_end(w, index))
                break;
            close_finish(w, index);
            return;
        }
        bool call = is_call(shm_chain_frame(&w->port, first));
        if (!actor_drop(w, index, first, error)) {
            later(w, index);
            return;
        }
        w->unserved += call && w->stopping;
    }
    runq_push(w, index);
}

/* ---- mail that a restart drops ---- */

void drop_later(struct worker *w, uint32_t index, uint64_t until)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_set(&w->port, &w->port.cold[index].drop_until, (uint32_t)until);
    shm_log(&w->port, &actor->flags);
    actor->flags |= SHM_DROPPING;
}

static void drop_no_more(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &actor->flags);
    actor->flags &= (uint8_t)~SHM_DROPPING;
    turn_commit(w);
}

/* Drops what is at the head and to be dropped. False: there is more, for another time. */
static bool drop_step(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    for (uint32_t drops = 0; drops < DROPS_A_ROUND; drops++) {
        uint64_t first = shm_chain_first(&w->port, &actor->mail);
        uint32_t left = w->port.cold[index].drop_until - (uint32_t)actor->mail.handled;
        if (first == 0 || (int32_t)left <= 0) {
            drop_no_more(w, index);
            return true;
        }
        if (!is_call(shm_chain_frame(&w->port, first)))
            return true; /* it is handled, and then the rest is looked at */
        if (!actor_drop(w, index, first, AX_E_CANCELED)) {
            later(w, index);
            return false;
        }
        publish_depth(w, index);
    }
    runq_push(w, index);
    return false;
}

bool actor_prepare(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->state != SHM_FREE && !watch_catch_up(w, index)) {
        later(w, index);
        return false;
    }
    switch ((enum shm_actor_state)actor->state) {
    case SHM_FREE:
        free_record(w, index);
        return false;
    case SHM_RESTARTING:
        if (actor->flags & SHM_STOPPING) {
            close_begin(w, index);
            close_step(w, index);
            return false;
        }
        if (actor->flags & SHM_DROPPING && !drop_step(w, index))
            return false;
        if (is_passive(w, index) && actor->mail.tail == 0)
            return false;
        if (!is_passive(w, index) && w->now < w->port.cold[index].restart_at) {
            wake_at(w, index, w->port.cold[index].restart_at);
            return false;
        }
        restarted(w, index);
        break;
    case SHM_LIVE:
        if (actor->flags & SHM_RETIRING && !(actor->flags & SHM_STOPPING)) {
            passivate(w, index);
            return false;
        }
        if (!(actor->flags & SHM_STOPPING) || drains(w, index))
            break;
        if (comes_back(w, index)) {
            come_back(w, index);
            return false;
        }
        close_begin(w, index);
        close_step(w, index);
        return false;
    case SHM_CLOSING:
        close_step(w, index);
        return false;
    }
    if (w->self[index] == NULL) {
        if (!bring_up(w, index)) {
            later(w, index);
            return false;
        }
        if (actor->flags & SHM_STOPPING) { /* its hook has ended it: what now is looked at anew */
            runq_push(w, index);
            return false;
        }
    }
    return !(actor->flags & SHM_DROPPING) || drop_step(w, index);
}

/* In the open turn: the suspect has been dealt with, with what is done to its message. */
void acquit(struct worker *w, uint32_t index)
{
    if ((uint32_t)w->port.priv->suspect == index)
        shm_set(&w->port, &w->port.priv->suspect, 0);
}

uint64_t message_drop(struct worker *w, uint32_t index, uint64_t first, int error)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_frame *frame = shm_chain_frame(&w->port, first);
    uint64_t wake = 0;
    bool answered = answer_error(w, frame, error, &wake) == 0;
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    durable_give(w, index);
    acquit(w, index);
    if (!answered) { /* no memory for the answer */
        drop_later(w, index, actor->mail.handled + 1);
        return 0;
    }
    dead_letter(w, frame, error);
    shm_chain_log(&w->port, &actor->mail, &actor->logged);
    shm_chain_consume(&w->port, &actor->mail, first);
    room_freed(w);
    if (actor->flags & (SHM_OVERLOAD | SHM_RETRIED))
        actor_relax(w, index);
    return wake;
}

bool actor_drop(struct worker *w, uint32_t index, uint64_t first, int error)
{
    uint64_t handled = actor_at(w, index)->mail.handled;
    shm_turn_begin(&w->port, 0, 0);
    uint64_t wake = message_drop(w, index, first, error);
    turn_commit(w);
    if (wake != 0)
        pending_answer(w, wake, error, NULL, 0, 0, true);
    return actor_at(w, index)->mail.handled != handled;
}
