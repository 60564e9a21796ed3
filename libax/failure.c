/* SPDX-License-Identifier: MIT */
/* libax/failure.c - a turn that failed, a process that died: what becomes of the message in hand
 * and of the actor. The message is consumed, who asked is told, the actor is charged by its policy
 * and restarts or ends. Bystanders of a death are charged nothing. A durable actor that was
 * suspended goes on: it is a bystander, or, where it had just gone on, has a message in hand that
 * is retried from its last await on. */
#include "libax/life.h"

#include "libax/durable.h"
#include "libax/event.h"
#include "libax/group.h"
#include "libax/map.h"
#include "libax/meter.h"
#include "libax/order.h"
#include "libax/pending.h"
#include "libax/record.h"
#include "libax/registry.h"
#include "libax/snapshot.h"
#include "libax/stream.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/watch.h"

#include <stdio.h>
#include <string.h>

#define OUTSIDE_RETRIES 8u /* of a message in hand when its process is killed from outside */

/* Of the message at `first`, as the meters name it. */
static uint32_t method_at(const struct worker *w, uint64_t first)
{
    if (first == 0)
        return METER_HOOK;
    const struct shm_frame *frame = shm_chain_frame(&w->port, first);
    return frame->kind == SHM_TELL || frame->kind == SHM_ASK ? frame->method : METER_EVENT;
}

static void log_failure(struct worker *w, uint32_t index, uint32_t method, const char *reason)
{
    bool unborn = method == METER_HOOK && !(actor_at(w, index)->flags & SHM_STARTED);
    char text[320], who[SHM_NAME_MAX + 1];
    actor_name(w, index, who);
    snprintf(text, sizeof text, "failed in %s: %s",
             unborn ? "its start" : meter_name(w, index, method), reason);
    worker_log(w, AX_ERROR, who, text);
}

/* An actor that has failed too often will not come back. */
static void log_given_up(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    char text[96], who[SHM_NAME_MAX + 1];
    if (actor->state != SHM_CLOSING || w->port.cold[index].reason != SHM_RESTART_INTENSITY)
        return;
    actor_name(w, index, who);
    snprintf(text, sizeof text, "given up: it failed once more after %u restarts within %.3f s",
             w->port.priv->policy[actor->policy].max,
             (double)w->port.priv->policy[actor->policy].window_ns / 1e9);
    worker_log(w, AX_ERROR, who, text);
}

/* In the open turn, the message in hand consumed: the charge, the new state, the downs, and what is
 * to become of the mail. */
static void fail(struct worker *w, uint32_t index, uint32_t method, enum failed how)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    actor->flags &= (uint8_t)~SHM_IN_HOOK;
    durable_give(w, index);
    bool closing = actor->state == SHM_CLOSING;
    /* what it was to begin from would not be another one the next time; of a process that died
     * nobody knows whether it was that */
    bool unborn = !(actor->flags & SHM_STARTED) && how != FAILED && snapshot_due(w, index);
    bool lives = !closing && !unborn && charge(w, index, policy);
    if (!lives)
        end_failed(w, index,
                   policy->restart == 0 || closing || unborn ? SHM_FAILED : SHM_RESTART_INTENSITY);
    else {
        if (how != DIED) {
            shm_set(&w->port, &actor->incarnation, actor->incarnation + 1);
            watch_tell(w, index, SHM_FAILED);
        }
        if (policy->drop_mail && shm_chain_depth(&actor->mail) != 0)
            drop_later(w, index, actor->mail.accepted);
        shm_log(&w->port, &actor->state);
        actor->state = SHM_RESTARTING;
    }
    if (!lives) /* in the word of the reason, which has been logged */
        w->port.cold[index].stop = unborn                  ? AX_STOP_FACTORY_PANIC
                                   : method >= METER_EVENT ? AX_STOP_LIFECYCLE_HOOK_PANIC
                                                           : AX_STOP_PANIC;
    acquit(w, index);
    publish_later(w, index);
}

void actor_failed(struct worker *w, uint32_t index, uint64_t first, const char *reason,
                  enum failed how)
{
    uint32_t method = method_at(w, first);
    log_failure(w, index, method, reason);
    w->meter.sampled_at = 0;
    clock_read(w);
    shm_turn_begin(&w->port, 0, 0); /* one turn: no failure whose message is gone untold */
    uint64_t wake = first != 0 ? message_drop(w, index, first, AX_E_CANCELED) : 0;
    fail(w, index, method, how);
    turn_commit(w);
    log_given_up(w, index);
    if (wake != 0)
        pending_answer(w, wake, AX_E_CANCELED, NULL, 0, 0, true);
    self_close(w, index);
    publish_depth(w, index);
    runq_push(w, index);
    meter_revive(w, index);
    meter_active(w, index);
    if (how != DIED)
        meter_look(w, index, method);
}

/* ---- after the death of a process ---- */

static void retry_suspect(struct worker *w, uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    shm_set(&w->port, &w->port.cold[index].retries, (uint8_t)(w->port.cold[index].retries + 1));
    shm_set(&w->port, &actor_at(w, index)->flags,
            (uint8_t)(actor_at(w, index)->flags | SHM_RETRIED));
    shm_set(&w->port, &w->port.priv->suspect, 0);
    turn_commit(w);
}

static void clear_suspect(struct worker *w, uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    acquit(w, index);
    turn_commit(w);
}

/* The message in hand at the death. Killed from outside, the process was not to blame: the message
 * is handled again. Where the process died by its own doing the policy says. */
static void judge_suspect(struct worker *w)
{
    uint32_t index = (uint32_t)w->port.priv->suspect;
    bool hook = w->port.priv->suspect >> 32 != 0;
    if (index == 0)
        return;
    struct shm_actor *actor = actor_at(w, index);
    bool goes_on = actor->suspended && w->self[index] != NULL; /* its stack was put back */
    if (actor->state == SHM_FREE || (actor->suspended && !goes_on && !w->boot->fault)) {
        clear_suspect(w, index); /* what is suspended is canceled below, without a charge */
        return;
    }
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    uint32_t retries = w->boot->fault ? policy->retries : OUTSIDE_RETRIES;
    uint64_t first = hook ? 0 : shm_chain_first(&w->port, &actor->mail);
    if (w->boot->fault && w->port.priv->suspect >> 33 != 0)
        (void)order_drop(w, index, AX_E_FAILED);
    if ((!actor->suspended || goes_on) && w->port.cold[index].retries < retries) {
        retry_suspect(w, index);
        return;
    }
    if (goes_on)
        durable_discard(w, index);
    actor_failed(w, index, first, "its process died", DIED);
}

/* A handler that awaited died with the process: its message is over. */
static void cancel_suspended(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    uint64_t first = shm_chain_first(&w->port, &actor->mail);
    if (!(actor->flags & SHM_IN_HOOK) && first != 0) {
        actor_drop(w, index, first, AX_E_CANCELED);
        return;
    }
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    actor->flags &= (uint8_t)~SHM_IN_HOOK;
    durable_give(w, index);
    turn_commit(w);
}

void actor_cancel(struct worker *w, uint32_t index)
{
    strand_drop(w, index);
    cancel_suspended(w, index);
}

/* Of those with a name, and no more than leave room in the ring for what else has happened: a
 * process may have had a million actors. */
static void tell_restart(struct worker *w, uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    event_next(w, SHM_ACTOR_RESTARTED, index);
    turn_commit(w);
}

static void revive(struct worker *w, uint32_t index, uint32_t *told)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    if (actor->state == SHM_FREE) {
        bool booting = index > w->port.priv->booted && index <= w->boot->nactors;
        if (!booting) /* else boot_actors fills it */
            publish_now(w, index);
        return;
    }
    shm_store(&w->port.directory[index].waits_on, 0);
    meter_revive(w, index);
    actor->urgent = order_depth(&w->port, index) != 0;
    if (actor->suspended && w->self[index] == NULL)
        cancel_suspended(w, index);
    if (cold->watchers != 0 || cold->more != 0)
        watch_revive(w, index);
    if (cold->more != 0)
        maps_revive(w, index);
    stream_revive(w, index);
    if (cold->more != 0)
        registry_revive(w, index);
    publish_now(w, index);
    if (cold->name != 0 && actor->state == SHM_LIVE && *told < w->port.geo.events / 2) {
        tell_restart(w, index);
        ++*told;
    }
    if (actor->state != SHM_LIVE || actor->flags & (SHM_STOPPING | SHM_RETIRING) ||
        actor->mail.tail != 0 || actor->urgent || snapshot_due(w, index) ||
        start_hook(w->plugin->actors[actor->type], actor) != NULL)
        runq_push(w, index);
}

void actors_revive(struct worker *w)
{
    uint32_t told = 0;
    memset(w->port.priv->of_slot, 0, sizeof w->port.priv->of_slot);
    memset(w->port.priv->asked, 0, sizeof w->port.priv->asked);
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        if (actor_at(w, index)->state != SHM_FREE) {
            records_revive(w, index);
            timers_load(w, index);
        }
    groups_revive(w);
    durable_restore(w);
    judge_suspect(w);
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        revive(w, index, &told);
    stream_revived(w);
    durable_resume(w);
}
