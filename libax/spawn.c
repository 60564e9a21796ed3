/* SPDX-License-Identifier: MIT */
/* libax/spawn.c - records of actors: taken, filled, shown in the directory, given back.
 *
 * A record is FREE or not by one word of the undo log, so a spawn that is undone never was. The
 * generation grows when a record becomes free: old refs answer AX_E_NO_ACTOR for ever. */
#include "libax/life.h"

#include "libax/event.h"
#include "libax/group.h"
#include "libax/memory.h"
#include "libax/meter.h"
#include "libax/order.h"
#include "libax/room.h"
#include "libax/send.h"
#include "libax/snapshot.h"
#include "libax/stream.h"
#include "libax/turn.h"
#include "libax/watch.h"

#include <string.h>

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

void free_record(struct worker *w, uint32_t index)
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
    shm_store(&entry->contract, actor->state == SHM_FREE ? 0 : w->contracts[actor->type].hash);
    shm_store(&entry->capacity, actor->capacity);
    shm_store_release(&entry->incarnation, actor->incarnation); /* pairs with watch.c */
    shm_store(&entry->refuse, (uint8_t)((actor_refuses(w, actor) ? SHM_REFUSES : 0) |
                                        (actor->suspended ? SHM_INFLIGHT : 0)));
    shm_store(&entry->control, (uint16_t)order_depth(&w->port, index));
    publish_depth(w, index);
    groups_publish(w, index);
    shm_store_release(&entry->state,
                      (uint8_t)(actor->flags & SHM_STOPPING ? SHM_CLOSING : actor->state));
    if (actor->state != SHM_FREE && !(actor->flags & SHM_STOPPING))
        return;
    room_freed(w); /* nobody is to wait for it any more */
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

/* Not logged: an address that was known outside, as a name is granted to one before its actor
 * lives, is never given again, also if the actor never did. */
static void new_address(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    uint32_t first = w->boot->epoch << 24 | 1;
    shm_store(&actor->gen, actor->gen == 0 ? first : actor->gen + 1);
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
    if (index != 0)
        new_address(w, index);
    return index;
}

uint32_t actor_reserve(struct worker *w)
{
    return take_record(w);
}

void actor_unreserve(struct worker *w, uint32_t index)
{
    new_address(w, index);
    publish_now(w, index); /* so axsup sees that a name granted to it is nobody's */
}

static int fill_record(struct worker *w, uint32_t index, uint16_t type, uint16_t policy,
                       uint32_t capacity)
{
    struct shm_actor *actor = actor_at(w, index);
    const struct ax_actor_type *kind = w->plugin->actors[type];
    actor->kept = 0;
    int error = is_kept(kind) ? kept_new(w, actor, kind) : 0;
    if (error != 0)
        return error;
    memset(&actor->mail, 0, sizeof actor->mail);
    memset(&w->port.cold[index], 0, sizeof w->port.cold[index]);
    meter_born(w, index);
    actor->capacity = capacity;
    actor->gen = actor->gen == 0 ? w->boot->epoch << 24 | 1 : actor->gen;
    actor->incarnation = 1 - w->boot->incarnation;
    actor->logged = 0;
    shm_log(&w->port, &actor->state);
    actor->type = type;
    actor->policy = policy;
    actor->suspended = actor->urgent = 0;
    actor->flags = kind->on_start == NULL ? SHM_STARTED : 0;
    shm_order();
    actor->state = SHM_LIVE;
    return 0;
}

int actor_spawn(struct worker *w, uint16_t type, const struct shm_policy *policy, uint32_t capacity,
                uint32_t index, uint32_t *out)
{
    uint16_t number;
    if (!log_room_for_user(w))
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
    life_note(w, SHM_ACTOR_STARTED, index, 0, 0);
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

/* The record of a configured actor, in the open turn. */
static int fill_configured(struct worker *w, uint32_t index, const struct boot_actor *config)
{
    const struct ax_span snapshot = {config->snapshot, config->snapshot_size};
    int type = type_of(w, config->contract);
    if (snapshot.len != 0 &&
        !memory_room(w, kept_units(w->plugin->actors[type]) + snapshot.len / SHM_UNIT + 32))
        return AX_E_NO_MEMORY;
    int error = actor_spawn(w, (uint16_t)type, &config->policy, config->capacity, index, &index);
    return error != 0 ? error : snapshot_initial(w, index, snapshot);
}

static int boot_one(struct worker *w, uint32_t number)
{
    const struct boot_actor *config = &w->boot->actors[number];
    struct shm_private *priv = w->port.priv;
    uint32_t index = number + 1;
    if (type_of(w, config->contract) < 0 || index >= w->port.geo.actors)
        return AX_E_WRONG_CONTRACT;
    shm_turn_begin(&w->port, 0, 0);
    if (priv->fresh_actor <= index)
        shm_store(&priv->fresh_actor, index + 1);
    int error = fill_configured(w, index, config);
    if (error != 0) {
        turn_undo(w);
        return error;
    }
    w->port.cold[index].name = config->name_entry + 1;
    shm_set(&w->port, &priv->booted, number + 1);
    turn_commit(w);
    return 0;
}

/* The end of a configured actor counts its generation up. */
const struct boot_actor *actor_config(const struct worker *w, uint32_t index)
{
    bool first = w->port.actors[index].gen == (w->boot->epoch << 24 | 1);
    return index <= w->boot->nactors && first ? &w->boot->actors[index - 1] : NULL;
}

static bool configured_adds_up(struct worker *w, uint32_t index)
{
    const struct boot_actor *config = actor_config(w, index);
    const struct shm_actor *actor = actor_at(w, index);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    if (config == NULL)
        return true; /* the record is another actor's by now, or free */
    return actor->state != SHM_FREE && actor->capacity == config->capacity &&
           actor->type == (uint32_t)type_of(w, config->contract) &&
           cold->name == config->name_entry + 1 &&
           memcmp(&w->port.priv->policy[actor->policy], &config->policy, sizeof config->policy) ==
               0;
}

/* Nobody waits longer for its restart than its policy lets it, or was told of more ends than there
 * were. */
static bool lives_add_up(struct worker *w)
{
    clock_read(w);
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++) {
        const struct shm_actor *actor = actor_at(w, index);
        if (actor->state == SHM_FREE) /* nothing of it has been checked */
            continue;
        uint64_t most = w->port.priv->policy[actor->policy].backoff_max_ns;
        if (actor->state == SHM_RESTARTING && !is_passive(w, index) &&
            w->port.cold[index].restart_at > restart_after(w->now, most))
            return false;
        if (!watch_adds_up(w, index))
            return false;
    }
    return true;
}

bool boot_adds_up(struct worker *w)
{
    const struct shm_private *priv = w->port.priv;
    if (!lives_add_up(w))
        return false;
    if (priv->booted > w->boot->nactors || priv->booted >= priv->fresh_actor)
        return false;
    for (uint32_t index = 1; index <= priv->booted; index++)
        if (!configured_adds_up(w, index))
            return false;
    for (uint32_t index = (uint32_t)priv->booted + 1; index <= w->boot->nactors; index++)
        if (index < priv->fresh_actor && actor_at(w, index)->state != SHM_FREE)
            return false;
    return true;
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
