/* SPDX-License-Identifier: MIT */
/* libax/watch.c - monitors. Each has two records of one unit each: the watcher's, in the list
 * `monitors` of its actor, and the target's, in the list `watchers` of its actor. Both outlive the
 * process, so a monitor lasts over restarts of either side.
 *
 * A down travels as a frame of the target's slot, which carries how far its data lane goes before
 * it, so it keeps its place behind what the target sent. Where the whole process dies nobody is
 * left to send: axsup tells each slot, and the watcher's own record is all that is needed. The
 * record remembers for which incarnation of the slot it went off, so that it does so once even when
 * the watcher's process dies in the middle of telling. */
#include "libax/watch.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/send.h"
#include "libax/turn.h"

#define TURN_ROOM 64u

static struct shm_watch *watch_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

static int push(struct worker *w, uint32_t *list, uint64_t peer, uint64_t id)
{
    if (!shm_log_room(&w->port, 1))
        return AX_E_LIMIT;
    uint32_t unit = shm_arena_take(&w->port, 0);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    *watch_at(&w->port, unit) = (struct shm_watch){.peer = peer, .id = id, .next = *list};
    shm_set(&w->port, list, unit);
    return 0;
}

/* The link that leads to the record, or NULL. */
static uint32_t *find(struct worker *w, uint32_t *list, uint64_t id, uint64_t peer)
{
    for (uint32_t *link = list; *link != 0; link = &watch_at(&w->port, *link)->next) {
        const struct shm_watch *watch = watch_at(&w->port, *link);
        if (watch->id == id && (peer == 0 || watch->peer == peer))
            return link;
    }
    return NULL;
}

static void unlink_at(struct worker *w, uint32_t *link)
{
    uint32_t unit = *link;
    shm_set(&w->port, link, watch_at(&w->port, unit)->next);
    shm_arena_give(&w->port, unit, 0);
}

int watch_add(struct worker *w, uint32_t index, uint64_t watcher, uint64_t id)
{
    return push(w, &w->port.cold[index].watchers, watcher, id);
}

void watch_remove(struct worker *w, uint32_t index, uint64_t watcher, uint64_t id)
{
    uint32_t *link = find(w, &w->port.cold[index].watchers, id, watcher);
    if (link != NULL)
        unlink_at(w, link);
}

static int send_down(struct worker *w, uint64_t watcher, uint64_t id, struct shm_down_body body)
{
    uint32_t slot = SHM_REF_SLOT(watcher);
    if (slot != w->port.slot && slot < w->port.slots)
        body.after = w->port.out[slot].staged[SHM_DATA];
    const struct post post = {
        .to = watcher,
        .from = body.who,
        .corr = id,
        .kind = SHM_DOWN,
        .fixed = &body,
        .size = sizeof body,
    };
    return post_anywhere(w, SHM_CONTROL, &post);
}

void watch_tell(struct worker *w, uint32_t index, const struct shm_down_body *body)
{
    for (uint32_t unit = w->port.cold[index].watchers; unit != 0;) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        if (!shm_log_room(&w->port, TURN_ROOM)) { /* very many: in several turns */
            turn_commit(w);
            shm_turn_begin(&w->port, 0, 0);
        }
        (void)send_down(w, watch->peer, watch->id, *body);
        unit = watch->next;
    }
}

bool watch_fire(struct worker *w, uint32_t index, uint64_t id, uint64_t who, bool final)
{
    uint32_t *link = find(w, &w->port.cold[index].monitors, id, who);
    if (link == NULL)
        return false;
    if (final)
        unlink_at(w, link);
    return true;
}

void watch_clear(struct worker *w, uint32_t index)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    for (uint32_t unit = cold->watchers; unit != 0; unit = watch_at(&w->port, unit)->next)
        shm_arena_give(&w->port, unit, 0);
    for (uint32_t unit = cold->monitors; unit != 0; unit = watch_at(&w->port, unit)->next) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        const struct post post = {
            .to = watch->peer,
            .from = actor_ref(w, index),
            .corr = watch->id,
            .kind = SHM_DEMONITOR,
        };
        uint32_t target = actor_local(w, watch->peer);
        if (SHM_REF_SLOT(watch->peer) != w->port.slot)
            (void)post_anywhere(w, SHM_CONTROL, &post);
        else if (target != 0 && target != index)
            watch_remove(w, target, actor_ref(w, index), watch->id);
        shm_arena_give(&w->port, unit, 0);
    }
    shm_set(&w->port, &cold->watchers, 0);
    shm_set(&w->port, &cold->monitors, 0);
}

void watch_count(struct worker *w, uint32_t index)
{
    for (uint32_t unit = w->port.cold[index].monitors; unit != 0;) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        w->remote_monitors[SHM_REF_SLOT(watch->peer) % SHM_SLOTS]++;
        unit = watch->next;
    }
}

static bool mark_list(const struct shm_port *port, uint32_t unit, uint64_t *used)
{
    for (; unit != 0; unit = watch_at(port, unit)->next)
        if (!shm_mark(port, used, unit, 0))
            return false;
    return true;
}

bool watch_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    return mark_list(port, port->cold[index].watchers, used) &&
           mark_list(port, port->cold[index].monitors, used);
}

/* ---- a whole process has died ---- */

/* Which incarnation of the target ended with that process. Ends are told in order, so it is the one
 * behind the last that was told. Before the first it is what the target has published; we may look
 * late, and what a newer process has published of its own restarts does not count. */
static uint32_t ended(struct worker *w, const struct shm_watch *watch,
                      const struct shm_slot_down_body *body)
{
    uint32_t target = SHM_REF_INDEX(watch->peer);
    if (watch->told != 0)
        return watch->told + (watch->fell == 0 ? 1 : body->incarnation - watch->fell);
    if (target >= w->port.peer_actors[body->slot])
        return 0;
    const struct shm_directory *entry = &w->port.directories[body->slot][target];
    uint32_t own = shm_load_acquire(&entry->incarnation); /* pairs with publish_now */
    if (shm_load(&w->port.peers[body->slot]->incarnation) > body->incarnation)
        own = shm_load(&entry->before);
    return own + body->incarnation;
}

void watch_told(struct worker *w, uint32_t index, uint64_t id, uint32_t incarnation)
{
    uint32_t *link = find(w, &w->port.cold[index].monitors, id, 0);
    if (link != NULL && incarnation != 0)
        shm_set(&w->port, &watch_at(&w->port, *link)->told, incarnation);
}

static bool fire_slot(struct worker *w, uint32_t index, struct shm_watch *watch,
                      const struct shm_slot_down_body *body)
{
    uint32_t target = SHM_REF_INDEX(watch->peer);
    const struct shm_down_body down = {
        .who = watch->peer,
        .incarnation = ended(w, watch, body),
        .reason = body->reason,
        .signal = body->signal,
        .suspect = target == body->suspect,
        .will_restart = body->will_restart,
    };
    const struct post post = {
        .to = actor_ref(w, index),
        .from = watch->peer,
        .corr = watch->id,
        .kind = SHM_DOWN,
        .fixed = &down,
        .size = sizeof down,
    };
    shm_turn_begin(&w->port, 0, 0);
    if (post_local(w, index, &post) != 0) {
        turn_undo(w);
        return false;
    }
    shm_set(&w->port, &watch->fell, body->incarnation);
    shm_set(&w->port, &watch->told, down.incarnation);
    turn_commit(w);
    return true;
}

static bool fire_actor(struct worker *w, uint32_t index, const struct shm_slot_down_body *body)
{
    for (uint32_t unit = w->port.cold[index].monitors; unit != 0;) {
        struct shm_watch *watch = watch_at(&w->port, unit);
        if (SHM_REF_SLOT(watch->peer) == body->slot && watch->fell != body->incarnation &&
            !fire_slot(w, index, watch, body))
            return false;
        unit = watch->next;
    }
    return true;
}

bool watch_slot_down(struct worker *w, const struct shm_slot_down_body *body)
{
    if (w->remote_monitors[body->slot] == 0)
        return true;
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        if (actor_at(w, index)->state != SHM_FREE && !fire_actor(w, index, body))
            return false;
    return true;
}

/* ---- what actors call ---- */

static int down_at_once(struct worker *w, uint32_t index, uint64_t who, uint64_t id)
{
    const struct shm_down_body body = {.who = who, .reason = SHM_NO_ACTOR};
    return send_down(w, actor_ref(w, index), id, body);
}

static bool gone(const struct worker *w, uint32_t slot)
{
    if (slot >= w->port.slots || slot == 0)
        return true;
    uint32_t state = shm_load(&w->port.slot_info[slot].state);
    return state == SHM_SLOT_FAILED || state == SHM_SLOT_STOPPED;
}

static int monitor_remote(struct worker *w, uint32_t index, uint64_t who, uint64_t id)
{
    const struct post post = {
        .to = who,
        .from = actor_ref(w, index),
        .corr = id,
        .kind = SHM_MONITOR,
    };
    w->remote_monitors[SHM_REF_SLOT(who)]++;
    return post_slot(w, SHM_REF_SLOT(who), SHM_CONTROL, &post);
}

int ax_monitor(struct ax_ctx *ctx, struct ax_ref who, uint64_t *monitor)
{
    struct worker *w = ctx->worker;
    uint64_t id = w->port.priv->next_id;
    uint32_t slot = SHM_REF_SLOT(who.addr);
    if (!shm_log_room(&w->port, TURN_ROOM))
        return AX_E_LIMIT;
    shm_set(&w->port, &w->port.priv->next_id, id + 1);
    int error = push(w, &w->port.cold[ctx->actor].monitors, who.addr, id);
    if (error != 0)
        return error;
    uint32_t target = actor_local(w, who.addr);
    if (slot == w->port.slot && target != 0)
        error = watch_add(w, target, actor_ref(w, ctx->actor), id);
    else if (slot == w->port.slot || gone(w, slot) || who.node != 0)
        error = down_at_once(w, ctx->actor, who.addr, id);
    else
        error = monitor_remote(w, ctx->actor, who.addr, id);
    if (error == 0 && monitor != NULL)
        *monitor = id;
    return error;
}

int ax_demonitor(struct ax_ctx *ctx, uint64_t monitor)
{
    struct worker *w = ctx->worker;
    uint32_t *link = find(w, &w->port.cold[ctx->actor].monitors, monitor, 0);
    if (link == NULL || !shm_log_room(&w->port, TURN_ROOM))
        return link == NULL ? AX_E_NO_ACTOR : AX_E_LIMIT;
    uint64_t who = watch_at(&w->port, *link)->peer;
    unlink_at(w, link);
    uint32_t target = actor_local(w, who);
    if (target != 0)
        watch_remove(w, target, actor_ref(w, ctx->actor), monitor);
    const struct post post = {
        .to = who,
        .from = actor_ref(w, ctx->actor),
        .corr = monitor,
        .kind = SHM_DEMONITOR,
    };
    bool remote = SHM_REF_SLOT(who) != w->port.slot && SHM_REF_SLOT(who) < w->port.slots;
    return remote ? post_slot(w, SHM_REF_SLOT(who), SHM_CONTROL, &post) : 0;
}
