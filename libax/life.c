/* SPDX-License-Identifier: MIT */
/* libax/life.c - the lives of actors, as a table of states:
 *
 *   state       what actor_prepare does                            goes to
 *   FREE        gives the record back                              -
 *   LIVE        first time in this process: on_start/on_restart    LIVE
 *   LIVE, told to stop                                             CLOSING
 *   RESTARTING  nothing before restart_at, then                    LIVE
 *   CLOSING     on_stop, drops its mail, tells its watchers        FREE
 *
 * A record is FREE or not by one word of the undo log, so a spawn that is undone never was. The
 * generation grows when a record becomes free: old refs answer AX_E_NO_ACTOR for ever. An actor's
 * incarnation is its own restarts on top of the slot's, less what the slot had at its birth. */
#include "libax/life.h"

#include "libax/ask.h"
#include "libax/event.h"
#include "libax/names.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROPS_A_ROUND 64u
#define OUTSIDE_RETRIES 16u /* of a message in hand when its process is killed from outside */

static uint8_t stateless;

struct kept_block {
    uint32_t order, size;
    uint8_t halves[];
};

static uint8_t *kept_half(const struct kept_block *block, bool second)
{
    uint64_t step = shm_round(block->size, 8);
    return (uint8_t *)(uintptr_t)block->halves + (second ? step : 0);
}

static bool is_kept(const struct ax_actor_type *type)
{
    return type->state != NULL && type->state->nfields != 0;
}

static struct kept_block *kept_of(const struct shm_port *port, uint32_t index)
{
    uint32_t unit = port->actors[index].kept;
    return unit == 0 ? NULL : shm_unit(port, unit);
}

int self_open(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    if (type->state_size == 0) {
        w->self[index] = &stateless;
        return 0;
    }
    w->self[index] = calloc(1, type->state_size);
    if (w->self[index] == NULL)
        return -ENOMEM;
    const struct kept_block *block = kept_of(&w->port, index);
    if (block != NULL)
        memcpy(w->self[index], kept_half(block, actor->flags & SHM_HALF), block->size);
    return 0;
}

void self_close(struct worker *w, uint32_t index)
{
    if (w->self[index] != &stateless)
        free(w->self[index]);
    w->self[index] = NULL;
}

void kept_write(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct kept_block *block = kept_of(&w->port, index);
    bool half = actor->flags & SHM_HALF;
    if (memcmp(kept_half(block, half), w->self[index], block->size) == 0)
        return;
    memcpy(kept_half(block, !half), w->self[index], block->size);
    shm_log(&w->port, &actor->flags);
    actor->flags ^= SHM_HALF;
}

static int kept_new(struct worker *w, struct shm_actor *actor, uint32_t size)
{
    uint32_t order = shm_order_of(sizeof(struct kept_block) + 2 * shm_round(size, 8));
    uint32_t unit = shm_arena_take(&w->port, order);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct kept_block *block = shm_unit(&w->port, unit);
    block->order = order;
    block->size = size;
    memset(kept_half(block, false), 0, size);
    actor->kept = unit;
    return 0;
}

bool actor_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_actor *actor = &port->actors[index];
    if (actor->type >= ax_worker->plugin->nactors)
        return false;
    const struct ax_actor_type *type = ax_worker->plugin->actors[actor->type];
    if ((actor->kept != 0) != is_kept(type) || actor->kept >= port->arena.fresh)
        return false;
    const struct kept_block *block = kept_of(port, index);
    if (block != NULL &&
        (block->size != type->state_size ||
         block->order != shm_order_of(sizeof *block + 2 * shm_round(block->size, 8)) ||
         !shm_mark(port, used, actor->kept, block->order)))
        return false;
    return watch_mark(port, index, used) && timer_mark(port, index, used);
}

uint32_t actor_incarnation(struct worker *w, uint32_t index)
{
    return actor_at(w, index)->incarnation + w->boot->incarnation;
}

/* ---- the directory ---- */

void publish_later(struct worker *w, uint32_t index)
{
    if (w->npublish > 0 && w->publish[w->npublish - 1] == index)
        return;
    if (w->npublish < SHM_UNDO)
        w->publish[w->npublish++] = index;
}

static void free_record(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->next_run != 0)
        return; /* in a queue, which gives it back */
    actor->next_run = w->free_actor == 0 ? RUN_END : w->free_actor;
    w->free_actor = index;
    self_close(w, index);
}

void publish_now(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    struct shm_directory *entry = &w->port.directory[index];
    shm_store(&entry->gen, actor->gen);
    shm_store(&entry->contract, actor->state == SHM_FREE ? 0 : w->hashes[actor->type]);
    shm_store(&entry->capacity, actor->capacity);
    shm_store(&entry->incarnation, actor_incarnation(w, index));
    shm_store(&entry->refuse, (uint8_t)((actor->flags & SHM_OVERLOAD) != 0));
    publish_depth(w, index);
    shm_store_release(&entry->state,
                      (uint8_t)(actor->flags & SHM_STOPPING ? SHM_CLOSING : actor->state));
    if (actor->state == SHM_FREE)
        free_record(w, index);
}

/* ---- spawn ---- */

static int intern_policy(struct worker *w, const struct shm_policy *policy, uint16_t *out)
{
    struct shm_private *priv = w->port.priv;
    for (uint64_t i = 0; i < priv->policies; i++)
        if (memcmp(&priv->policy[i], policy, sizeof *policy) == 0) {
            *out = (uint16_t)i;
            return 0;
        }
    if (priv->policies == SHM_POLICIES)
        return AX_E_LIMIT;
    priv->policy[priv->policies] = *policy;
    *out = (uint16_t)priv->policies;
    shm_set(&w->port, &priv->policies, priv->policies + 1);
    return 0;
}

static uint32_t take_record(struct worker *w)
{
    struct shm_private *priv = w->port.priv;
    uint32_t index = w->free_actor;
    if (index != 0) {
        struct shm_actor *actor = actor_at(w, index);
        w->free_actor = actor->next_run == RUN_END ? 0 : actor->next_run;
        actor->next_run = 0;
    } else if (priv->fresh_actor < w->port.geo.actors) {
        index = priv->fresh_actor;
        shm_store(&priv->fresh_actor, index + 1);
    }
    return index;
}

uint32_t actor_reserve(struct worker *w)
{
    uint32_t index = take_record(w);
    struct shm_actor *actor = actor_at(w, index);
    if (index != 0 && actor->gen == 0)
        actor->gen = w->boot->epoch << 24 | 1;
    return index;
}

void actor_unreserve(struct worker *w, uint32_t index)
{
    free_record(w, index);
}

static int fill_record(struct worker *w, uint32_t index, uint16_t type, uint16_t policy,
                       uint32_t capacity)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *kind = w->plugin->actors[type];
    actor->kept = 0;
    int error = is_kept(kind) ? kept_new(w, actor, kind->state_size) : 0;
    if (error != 0)
        return error;
    memset(&actor->mail, 0, sizeof actor->mail);
    memset(&w->port.cold[index], 0, sizeof w->port.cold[index]);
    actor->capacity = capacity;
    actor->gen = actor->gen == 0 ? w->boot->epoch << 24 | 1 : actor->gen;
    actor->incarnation = 1 - w->boot->incarnation;
    actor->logged = 0;
    shm_log(&w->port, &actor->state);
    actor->type = type;
    actor->policy = policy;
    actor->suspended = 0;
    actor->flags = kind->on_start == NULL ? SHM_STARTED : 0;
    shm_order();
    actor->state = SHM_LIVE;
    return 0;
}

int actor_spawn(struct worker *w, uint16_t type, const struct shm_policy *policy, uint32_t capacity,
                uint32_t index, uint32_t *out)
{
    uint16_t number;
    if (!shm_log_room(&w->port, 64))
        return AX_E_LIMIT;
    int error = intern_policy(w, policy, &number);
    if (error != 0)
        return error;
    if (index == 0 && (index = take_record(w)) == 0)
        return AX_E_LIMIT;
    publish_later(w, index);
    error = fill_record(w, index, type, number, capacity);
    if (error != 0)
        return error;
    event_next(w, SHM_ACTOR_STARTED, index)->incarnation = 1;
    if (w->plugin->actors[type]->on_start != NULL)
        runq_push(w, index);
    *out = index;
    return 0;
}

static int type_of(struct worker *w, const char *contract)
{
    for (uint32_t i = 0; i < w->plugin->nactors; i++)
        if (strcmp(w->plugin->actors[i]->contract->name, contract) == 0)
            return (int)i;
    return -1;
}

static int boot_one(struct worker *w, uint32_t number)
{
    const struct boot_actor *config = &w->boot->actors[number];
    struct shm_private *priv = w->port.priv;
    uint32_t index = number + 1;
    int type = type_of(w, config->contract);
    if (type < 0 || index >= w->port.geo.actors)
        return AX_E_WRONG_CONTRACT;
    shm_turn_begin(&w->port, 0, 0);
    if (priv->fresh_actor <= index)
        shm_store(&priv->fresh_actor, index + 1);
    int error = actor_spawn(w, (uint16_t)type, &config->policy, config->capacity, index, &index);
    if (error != 0) {
        turn_undo(w);
        return error;
    }
    w->port.cold[index].name = config->name_entry + 1;
    w->port.cold[index].args = number + 1;
    shm_set(&w->port, &priv->booted, number + 1);
    turn_commit(w);
    return 0;
}

int boot_actors(struct worker *w)
{
    for (uint32_t i = (uint32_t)w->port.priv->booted; i < w->boot->nactors; i++) {
        int error = boot_one(w, i);
        if (error != 0)
            return error;
    }
    return 0;
}

/* ---- start ---- */

static hook_fn *start_hook(const struct ax_actor_type *type, const struct shm_actor *actor)
{
    if (!(actor->flags & SHM_STARTED))
        return type->on_start;
    return type->on_restart != NULL || is_kept(type) ? type->on_restart : type->on_start;
}

static bool first_life(struct worker *w, uint32_t index)
{
    return actor_incarnation(w, index) == 1;
}

static bool bring_up(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    hook_fn *hook = start_hook(type, actor);
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
    event_next(w, SHM_ACTOR_RESTARTED, index);
    publish_later(w, index);
    turn_commit(w);
}

/* ---- the end ---- */

void actor_stop(struct worker *w, uint32_t index, uint8_t reason)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING)
        return;
    shm_log(&w->port, &actor->flags);
    actor->flags |= SHM_STOPPING;
    shm_set(&w->port, &w->port.cold[index].reason, reason);
    publish_later(w, index);
    runq_push(w, index);
}

static bool graceful(uint8_t reason)
{
    return reason == SHM_NORMAL || reason == SHM_SHUTDOWN;
}

static void close_begin(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &actor->state);
    actor->state = SHM_CLOSING;
    publish_later(w, index);
    turn_commit(w);
}

static void close_finish(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    struct shm_actor_cold *cold = &w->port.cold[index];
    const struct shm_down_body down = {
        .who = actor_ref(w, index),
        .incarnation = actor_incarnation(w, index),
        .reason = cold->reason,
    };
    shm_turn_begin(&w->port, 0, 0);
    watch_tell(w, index, &down);
    watch_clear(w, index);
    timer_clear_all(w, index);
    if (actor->kept != 0)
        shm_arena_give(&w->port, actor->kept, kept_of(&w->port, index)->order);
    event_next(w, SHM_ACTOR_STOPPED, index)->reason = cold->reason;
    shm_log(&w->port, &actor->gen);
    shm_log(&w->port, &actor->state);
    actor->gen++;
    actor->state = SHM_FREE;
    actor->flags = 0;
    publish_later(w, index);
    turn_commit(w);
}

static void close_step(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *type = w->plugin->actors[actor->type];
    if (actor->flags & SHM_STARTED && type->on_stop != NULL &&
        graceful(w->port.cold[index].reason)) {
        if (w->self[index] == NULL && self_open(w, index) != 0)
            return;
        run_hook(w, index, type->on_stop, 0, SHM_STARTED);
    }
    for (uint32_t drops = 0; drops < DROPS_A_ROUND; drops++) {
        uint64_t first = shm_chain_first(&w->port, &actor->mail);
        if (first == 0) {
            close_finish(w, index);
            return;
        }
        actor_drop(w, index, first, AX_E_CANCELED);
    }
    runq_push(w, index);
}

bool actor_prepare(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    switch ((enum shm_actor_state)actor->state) {
    case SHM_FREE:
        free_record(w, index);
        return false;
    case SHM_RESTARTING:
        if (w->now < w->port.cold[index].restart_at) {
            timer_wake(w, index, w->port.cold[index].restart_at);
            return false;
        }
        restarted(w, index);
        break;
    case SHM_LIVE:
        if (!(actor->flags & SHM_STOPPING))
            break;
        close_begin(w, index);
        close_step(w, index);
        return false;
    case SHM_CLOSING:
        close_step(w, index);
        return false;
    }
    return w->self[index] != NULL || bring_up(w, index);
}

/* In the open turn: the suspect has been dealt with, with what is done to its message. */
static void acquit(struct worker *w, uint32_t index)
{
    if ((uint32_t)w->port.priv->suspect == index)
        shm_set(&w->port, &w->port.priv->suspect, 0);
}

void actor_drop(struct worker *w, uint32_t index, uint64_t first, int error)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_frame *frame = shm_chain_frame(&w->port, first);
    uint64_t wake = 0;
    shm_turn_begin(&w->port, 0, 0);
    if (answer_error(w, frame, error, &wake) == 0)
        dead_letter(w, frame, error);
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    shm_chain_log(&w->port, &actor->mail, &actor->logged);
    shm_chain_consume(&w->port, &actor->mail, first);
    acquit(w, index);
    turn_commit(w);
    if (wake != 0)
        pending_answer(w, wake, error, NULL, 0, 0, true);
}

/* ---- failure ---- */

static uint64_t backoff(const struct shm_policy *policy, uint32_t nth)
{
    uint64_t delay = policy->backoff_min_ns;
    while (--nth > 0 && delay < policy->backoff_max_ns)
        delay *= 2;
    return delay < policy->backoff_max_ns ? delay : policy->backoff_max_ns;
}

/* Counts a failure in the window; may the actor live on? */
static bool charge(struct worker *w, uint32_t index, const struct shm_policy *policy)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    shm_log(&w->port, &cold->restart_at);
    shm_log(&w->port, &cold->window_at);
    shm_log(&w->port, &cold->restarts); /* and failures, in one word */
    cold->failures++;
    if (w->now - cold->window_at >= policy->window_ns) {
        cold->window_at = w->now;
        cold->restarts = 0;
    }
    cold->restarts++;
    cold->restart_at = w->now + backoff(policy, cold->restarts);
    return policy->restart != 0 && cold->restarts <= policy->max;
}

static void tell_failed(struct worker *w, uint32_t index, bool will_restart)
{
    const struct shm_down_body down = {
        .who = actor_ref(w, index),
        .incarnation = actor_incarnation(w, index),
        .reason = SHM_FAILED,
        .suspect = 1,
        .will_restart = will_restart,
    };
    watch_tell(w, index, &down);
}

static void end_failed(struct worker *w, uint32_t index, uint8_t reason)
{
    struct shm_actor *actor = actor_at(w, index);
    shm_log(&w->port, &actor->state);
    actor->state = SHM_CLOSING;
    actor->flags &= (uint8_t)~SHM_STARTED;
    shm_set(&w->port, &w->port.cold[index].reason, reason);
}

static void log_failure(struct worker *w, uint32_t index, uint64_t first, const char *reason)
{
    const struct ax_actor_type *type = w->plugin->actors[actor_at(w, index)->type];
    const char *message = "a hook";
    char text[320], who[SHM_NAME_MAX + 1];
    if (first != 0) {
        const struct shm_frame *frame = shm_chain_frame(&w->port, first);
        bool call = frame->kind == SHM_TELL || frame->kind == SHM_ASK;
        message = call && frame->method < type->contract->nmethods
                      ? type->contract->methods[frame->method].name
                      : "an event";
    }
    actor_name(w, index, who);
    snprintf(text, sizeof text, "failed in %s: %s", message, reason);
    worker_log(w, AX_ERROR, who, text);
}

/* One turn: the charge, the new state, the downs. */
static void fail_turn(struct worker *w, uint32_t index, bool died)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    shm_turn_begin(&w->port, 0, 0);
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    actor->flags &= (uint8_t)~SHM_IN_HOOK;
    bool closing = actor->state == SHM_CLOSING;
    bool lives = !closing && charge(w, index, policy);
    if (!lives)
        end_failed(w, index, policy->restart == 0 || closing ? SHM_FAILED : SHM_RESTART_INTENSITY);
    else {
        if (!died) {
            tell_failed(w, index, true);
            shm_set(&w->port, &actor->incarnation, actor->incarnation + 1);
        }
        shm_log(&w->port, &actor->state);
        actor->state = SHM_RESTARTING;
        struct shm_event *event = event_next(w, SHM_ACTOR_DOWN, index);
        event->reason = SHM_FAILED;
        event->will_restart = 1;
    }
    acquit(w, index);
    publish_later(w, index);
    turn_commit(w);
}

void actor_failed(struct worker *w, uint32_t index, uint64_t first, const char *reason, bool died)
{
    struct shm_actor *actor = actor_at(w, index);
    log_failure(w, index, first, reason);
    clock_read(w);
    if (first != 0)
        actor_drop(w, index, first, AX_E_CANCELED);
    fail_turn(w, index, died);
    self_close(w, index);
    if (w->port.priv->policy[actor->policy].drop_mail && actor->state == SHM_RESTARTING)
        for (uint64_t next; (next = shm_chain_first(&w->port, &actor->mail)) != 0;)
            actor_drop(w, index, next, AX_E_CANCELED);
    publish_depth(w, index);
    runq_push(w, index);
}

/* ---- after the death of a process ---- */

static void retry_suspect(struct worker *w, uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    shm_set(&w->port, &w->port.cold[index].retries, w->port.cold[index].retries + 1);
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
    if (actor->state == SHM_FREE || (actor->suspended && !w->boot->fault)) {
        clear_suspect(w, index); /* what is suspended is canceled below, without a charge */
        return;
    }
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    uint32_t retries = w->boot->fault ? policy->retries : OUTSIDE_RETRIES;
    uint64_t first = hook ? 0 : shm_chain_first(&w->port, &actor->mail);
    if (!actor->suspended && w->port.cold[index].retries < retries) {
        retry_suspect(w, index);
        return;
    }
    actor_failed(w, index, first, "its process died", true);
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
    turn_commit(w);
}

static void revive(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    if (actor->state == SHM_FREE) {
        publish_now(w, index);
        return;
    }
    if (actor->suspended)
        cancel_suspended(w, index);
    if (cold->monitors != 0)
        watch_count(w, index);
    if (cold->timers != 0)
        timer_load(w, index);
    publish_now(w, index);
    if (actor->state != SHM_LIVE || actor->flags & SHM_STOPPING || actor->mail.tail != 0 ||
        start_hook(w->plugin->actors[actor->type], actor) != NULL)
        runq_push(w, index);
}

void actors_revive(struct worker *w)
{
    judge_suspect(w);
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        revive(w, index);
}
