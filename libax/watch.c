/* SPDX-License-Identifier: MIT */
/* libax/watch.c - monitors. Each has two records of one unit each: the watcher's, in the list
 * `monitors` of its actor, and the target's, in the list `watchers` of its actor. Both outlive the
 * process, so a monitor lasts over restarts of either side.
 *
 * A down travels as a frame of the target's slot, which carries how far its data lane goes before
 * it, so it keeps its place behind what the target sent. Where the whole process dies nobody is
 * left to send. To other slots axsup tells it, and the watcher's own record is all that is needed:
 * it remembers for which incarnation of the slot it went off, so that it does so once even when the
 * watcher's process dies in the middle of telling. Who watched from within the process is told by
 * the next one, which was told by axsup how the last ones ended (struct boot_end).
 *
 * No down is lost. That an incarnation ended is part of the turn in which it does: `ended` of the
 * target's cold part, and `told` of each target's record, which counts up to the incarnation whose
 * end its watcher was told last. What such a turn has no room for is told in turns that follow,
 * before the actor does anything else (watch_catch_up), whoever then lives in the slot. Nor does it
 * take memory that others may have used up: a block is kept with the record of the side that puts
 * the down into a chain, the watcher's mailbox or the overflow queue of the lane to its slot. Where
 * the arena has nothing else that block becomes the chain's. Another takes its place when there is
 * one; until then a further down may have to wait, and with it the target's next life. */
#include "libax/watch.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/send.h"
#include "libax/turn.h"

#define TURN_ROOM 64u /* undo words for what follows in the turn */
#define DOWN_BYTES (sizeof(struct shm_frame) + sizeof(struct shm_down_body))
#define DOWN_ORDER 1u /* of the block kept for one */
_Static_assert(sizeof(struct shm_chunk) + DOWN_BYTES <= SHM_UNIT << DOWN_ORDER, "room for a down");
#define BLOCKS_A_TURN (SHM_PENDING / 4) /* that it gives back */

static struct shm_watch *watch_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

/* A record that is in no list yet, with a block for a down if `keeps`; 0: no memory. */
static uint32_t record_new(struct worker *w, uint64_t peer, uint64_t id, bool keeps)
{
    uint32_t unit = shm_arena_take(&w->port, 0);
    uint32_t room = unit != 0 && keeps ? shm_arena_take(&w->port, DOWN_ORDER) : 0;
    if (unit != 0 && keeps && room == 0) {
        shm_arena_give(&w->port, unit, 0);
        return 0;
    }
    if (unit != 0)
        *watch_at(&w->port, unit) = (struct shm_watch){.peer = peer, .id = id, .room = room};
    return unit;
}

static void record_give(struct worker *w, uint32_t unit)
{
    uint32_t room = watch_at(&w->port, unit)->room;
    if (room != 0)
        shm_arena_give(&w->port, room, DOWN_ORDER);
    shm_arena_give(&w->port, unit, 0);
}

static void push(struct worker *w, uint32_t *list, uint32_t unit)
{
    watch_at(&w->port, unit)->next = *list;
    shm_set(&w->port, list, unit);
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

static struct shm_watch *monitor_of(struct worker *w, uint32_t index, uint64_t id, uint64_t who)
{
    const uint32_t *link = find(w, &w->port.cold[index].monitors, id, who);
    return link == NULL ? NULL : watch_at(&w->port, *link);
}

static void unlink_at(struct worker *w, uint32_t *link)
{
    uint32_t unit = *link;
    shm_set(&w->port, link, watch_at(&w->port, unit)->next);
    record_give(w, unit);
}

int watch_add(struct worker *w, uint32_t index, uint64_t watcher, uint64_t id)
{
    if (!shm_log_room(&w->port, 1))
        return AX_E_LIMIT;
    uint32_t unit = record_new(w, watcher, id, SHM_REF_SLOT(watcher) != w->port.slot);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    watch_at(&w->port, unit)->told = actor_incarnation(w, index) - 1;
    push(w, &w->port.cold[index].watchers, unit);
    return 0;
}

void watch_remove(struct worker *w, uint32_t index, uint64_t watcher, uint64_t id)
{
    uint32_t *link = find(w, &w->port.cold[index].watchers, id, watcher);
    if (link != NULL)
        unlink_at(w, link);
}

/* ---- a down on its way ---- */

/* Another block in place of one that was spent. False: there is none. */
static bool refill(struct worker *w, struct shm_watch *watch)
{
    uint32_t unit = watch->room == 0 ? shm_arena_take(&w->port, DOWN_ORDER) : 0;
    if (unit != 0)
        shm_set(&w->port, &watch->room, unit);
    return watch->room != 0;
}

/* The block kept with a record becomes the last chunk of a chain, which has been logged. */
static void spend(struct worker *w, struct shm_watch *watch, struct shm_chain *chain,
                  const struct post *post)
{
    uint64_t at = (uint64_t)watch->room << 32 | offsetof(struct shm_chunk, data);
    shm_chunk_at(&w->port, at)->order = DOWN_ORDER;
    post_fill(shm_chain_frame(&w->port, at), post);
    shm_set(&w->port, &watch->room, 0);
    shm_chain_append(&w->port, chain, at + DOWN_BYTES);
}

/* Into a mailbox here for which there is no memory; `watch` is the watcher's record. */
static int down_kept(struct worker *w, uint32_t index, struct shm_watch *watch,
                     const struct post *post)
{
    if (watch == NULL || !refill(w, watch))
        return AX_E_NO_MEMORY;
    spend(w, watch, &actor_at(w, index)->mail, post);
    runq_push(w, index);
    return 0;
}

static int down_local(struct worker *w, uint32_t index, struct shm_watch *watch,
                      const struct post *post)
{
    int error = post_local(w, index, post);
    return error == AX_E_NO_MEMORY ? down_kept(w, index, watch, post) : error;
}

/* To another slot; `watch` is the target's record. */
static int down_remote(struct worker *w, uint32_t slot, struct shm_watch *watch,
                       const struct post *post)
{
    int error = post_slot(w, slot, SHM_CONTROL, post);
    if (error != AX_E_NO_MEMORY || !refill(w, watch))
        return error;
    spend(w, watch, &w->port.priv->over_control[slot], post);
    return 0;
}

static struct post down_post(uint64_t to, uint64_t id, const struct shm_down_body *body)
{
    return (struct post){
        .to = to,
        .from = body->who,
        .corr = id,
        .kind = SHM_DOWN,
        .fixed = body,
        .size = sizeof *body,
    };
}

/* Tells the watcher of a target's record, if it is there. */
static int send_down(struct worker *w, struct shm_watch *watch, struct shm_down_body body)
{
    const struct post post = down_post(watch->peer, watch->id, &body);
    uint32_t slot = SHM_REF_SLOT(watch->peer);
    if (slot == w->port.slot) {
        uint32_t index = actor_local(w, watch->peer);
        int error = index == 0 ? 0 : post_local(w, index, &post);
        if (error != AX_E_NO_MEMORY)
            return error;
        return down_kept(w, index, monitor_of(w, index, watch->id, body.who), &post);
    }
    if (slot >= w->port.slots)
        return 0;
    body.after = w->port.out[slot].staged[SHM_DATA];
    return down_remote(w, slot, watch, &post);
}

/* ---- the end of an incarnation here ---- */

static bool later_than(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* Is it for us to tell the watcher of a target's record of the deaths of processes? Other slots
 * are told by axsup. */
static bool told_of_deaths(const struct worker *w, const struct shm_watch *watch)
{
    return SHM_REF_SLOT(watch->peer) == w->port.slot && w->boot->nends != 0;
}

/* The last incarnation whose end that watcher is to be told by us. */
static uint32_t last_end(struct worker *w, uint32_t index, const struct shm_watch *watch)
{
    uint32_t ended = w->port.cold[index].ended;
    if (told_of_deaths(w, watch))
        return actor_incarnation(w, index) - 1;
    return ended != 0 ? ended : watch->told;
}

/* It ended by itself, as `ended` says, or else with the process. */
static struct shm_down_body end_of(struct worker *w, uint32_t index, uint32_t incarnation)
{
    const struct shm_actor_cold *cold = &w->port.cold[index];
    struct shm_down_body body = {
        .who = actor_ref(w, index), .incarnation = incarnation, .will_restart = 1};
    if (incarnation == cold->ended) {
        body.reason = cold->ended_by;
        body.suspect = cold->ended_by == SHM_FAILED;
        return body;
    }
    uint32_t age = actor_incarnation(w, index) - 1 - incarnation;
    const struct boot_end *end = &w->boot->ends[age < w->boot->nends ? age : w->boot->nends - 1];
    body.reason = end->reason;
    body.signal = end->signal;
    body.suspect = end->suspect == index;
    return body;
}

/* In the open turn. 0, AX_E_LIMIT, AX_E_NO_MEMORY. */
static int tell_one(struct worker *w, uint32_t index, struct shm_watch *watch)
{
    uint32_t last = last_end(w, index, watch);
    while (later_than(last, watch->told)) {
        uint32_t incarnation = told_of_deaths(w, watch) ? watch->told + 1 : last;
        int error = shm_log_room(&w->port, TURN_ROOM)
                        ? send_down(w, watch, end_of(w, index, incarnation))
                        : AX_E_LIMIT;
        if (error != 0)
            return error;
        shm_set(&w->port, &watch->told, incarnation);
    }
    return 0;
}

/* In the open turn. Watchers elsewhere first: for them what we say stands against what axsup says
 * of a death that may follow. */
static int tell_all(struct worker *w, uint32_t index)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    int error = 0;
    for (int here = 0; here <= 1 && error == 0; here++)
        for (uint32_t unit = cold->watchers; unit != 0 && error == 0;) {
            struct shm_watch *watch = watch_at(&w->port, unit);
            if ((SHM_REF_SLOT(watch->peer) == w->port.slot) == here)
                error = tell_one(w, index, watch);
            unit = watch->next;
        }
    if (error == 0 && cold->ended != 0)
        shm_set(&w->port, &cold->ended, 0);
    return error;
}

void watch_tell(struct worker *w, uint32_t index, uint8_t reason)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    if (cold->watchers == 0)
        return;
    shm_log(&w->port, &cold->ended); /* and its reason, in one word */
    cold->ended = actor_incarnation(w, index) - 1;
    cold->ended_by = reason;
    (void)tell_all(w, index); /* the rest is for watch_catch_up */
}

static bool anyone_untold(struct worker *w, uint32_t index)
{
    const struct shm_actor_cold *cold = &w->port.cold[index];
    bool untold = cold->ended != 0;
    for (uint32_t unit = cold->watchers; unit != 0 && !untold;) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        untold = later_than(last_end(w, index, watch), watch->told);
        unit = watch->next;
    }
    return untold;
}

bool watch_catch_up(struct worker *w, uint32_t index)
{
    while (anyone_untold(w, index)) {
        shm_turn_begin(&w->port, 0, 0);
        int error = tell_all(w, index);
        turn_commit(w);
        if (error == AX_E_NO_MEMORY)
            return false;
    }
    return true;
}

bool watch_adds_up(struct worker *w, uint32_t index)
{
    uint32_t now = actor_incarnation(w, index);
    for (uint32_t unit = w->port.cold[index].watchers; unit != 0;) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        if (SHM_REF_SLOT(watch->peer) == w->port.slot &&
            now - 1 - watch->told > w->boot->incarnation)
            return false;
        unit = watch->next;
    }
    return true;
}

/* ---- the end for good ---- */

static int withdraw(struct worker *w, uint32_t index, const struct shm_watch *watch)
{
    uint64_t self = actor_ref(w, index);
    uint32_t slot = SHM_REF_SLOT(watch->peer), target = actor_local(w, watch->peer);
    const struct post post = {
        .to = watch->peer, .from = self, .corr = watch->id, .kind = SHM_DEMONITOR};
    if (slot != w->port.slot)
        return slot < w->port.slots ? post_slot(w, slot, SHM_CONTROL, &post) : 0;
    if (target != 0)
        watch_remove(w, target, self, watch->id);
    return 0;
}

static bool turn_is_full(const struct worker *w)
{
    return !shm_log_room(&w->port, TURN_ROOM) || w->port.arena.ngiven > BLOCKS_A_TURN;
}

int watch_end(struct worker *w, uint32_t index, const struct shm_down_body *body)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    int error = 0;
    while (cold->watchers != 0 && error == 0) {
        struct shm_watch *watch = watch_at(&w->port, cold->watchers);
        error = turn_is_full(w) ? AX_E_LIMIT : 0;
        if (error == 0 && watch->peer != body->who) /* else nobody is left to be told */
            error = send_down(w, watch, *body);
        if (error == 0)
            unlink_at(w, &cold->watchers);
    }
    while (cold->monitors != 0 && error == 0) {
        error =
            turn_is_full(w) ? AX_E_LIMIT : withdraw(w, index, watch_at(&w->port, cold->monitors));
        if (error == 0)
            unlink_at(w, &cold->monitors);
    }
    return error;
}

/* ---- the watcher's side ---- */

bool watch_fire(struct worker *w, uint32_t index, uint64_t id, uint64_t who, bool final)
{
    uint32_t *link = find(w, &w->port.cold[index].monitors, id, who);
    if (link == NULL)
        return false;
    if (final)
        unlink_at(w, link);
    else
        (void)refill(w, watch_at(&w->port, *link));
    return true;
}

int watch_deliver(struct worker *w, uint32_t index, uint64_t id, const struct shm_down_body *body)
{
    struct shm_watch *watch = monitor_of(w, index, id, body->who);
    if (watch == NULL)
        return 0;
    const struct post post = down_post(actor_ref(w, index), id, body);
    int error = down_local(w, index, watch, &post);
    if (error == 0 && body->incarnation != 0)
        shm_set(&w->port, &watch->told, body->incarnation);
    return error;
}

void watch_revive(struct worker *w, uint32_t index)
{
    for (uint32_t unit = w->port.cold[index].monitors; unit != 0;) {
        const struct shm_watch *watch = watch_at(&w->port, unit);
        w->remote_monitors[SHM_REF_SLOT(watch->peer) % SHM_SLOTS]++;
        unit = watch->next;
    }
    if (anyone_untold(w, index))
        runq_push(w, index);
}

static bool mark_list(const struct shm_port *port, uint32_t unit, uint64_t *used)
{
    for (; unit != 0; unit = watch_at(port, unit)->next) {
        if (!shm_mark(port, used, unit, 0))
            return false;
        uint32_t room = watch_at(port, unit)->room;
        if (room != 0 && !shm_mark(port, used, room, DOWN_ORDER))
            return false;
    }
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

static bool fire_slot(struct worker *w, uint32_t index, struct shm_watch *watch,
                      const struct shm_slot_down_body *body)
{
    const struct shm_down_body down = {
        .who = watch->peer,
        .incarnation = ended(w, watch, body),
        .reason = body->reason,
        .signal = body->signal,
        .suspect = SHM_REF_INDEX(watch->peer) == body->suspect,
        .will_restart = body->will_restart,
    };
    const struct post post = down_post(actor_ref(w, index), watch->id, &down);
    shm_turn_begin(&w->port, 0, 0);
    if (down_local(w, index, watch, &post) != 0) {
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

/* The target's half of a monitor whose watcher's half is `watch`, in no list yet. */
static int monitor(struct worker *w, uint32_t index, struct ax_ref who, struct shm_watch *watch)
{
    uint32_t slot = SHM_REF_SLOT(who.addr);
    uint32_t target = who.node == 0 ? actor_local(w, who.addr) : 0;
    if (target != 0)
        return watch_add(w, target, actor_ref(w, index), watch->id);
    if (who.node == 0 && slot != w->port.slot && !gone(w, slot))
        return monitor_remote(w, index, who.addr, watch->id);
    const struct shm_down_body body = {.who = who.addr, .reason = SHM_NO_ACTOR};
    const struct post post = down_post(actor_ref(w, index), watch->id, &body);
    return down_local(w, index, watch, &post);
}

int ax_monitor(struct ax_ctx *ctx, struct ax_ref who, uint64_t *number)
{
    struct worker *w = ctx->worker;
    uint64_t id = w->port.priv->next_id;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!memory_room(w, 16))
        return AX_E_NO_MEMORY;
    uint32_t unit = record_new(w, who.addr, id, true);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    int error = monitor(w, ctx->actor, who, watch_at(&w->port, unit));
    if (error != 0) {
        record_give(w, unit);
        return error;
    }
    shm_set(&w->port, &w->port.priv->next_id, id + 1);
    push(w, &w->port.cold[ctx->actor].monitors, unit);
    if (number != NULL)
        *number = id;
    return 0;
}

int ax_demonitor(struct ax_ctx *ctx, uint64_t number)
{
    struct worker *w = ctx->worker;
    uint32_t index = ctx->actor;
    uint32_t *link = find(w, &w->port.cold[index].monitors, number, 0);
    if (link == NULL)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    int error = withdraw(w, index, watch_at(&w->port, *link));
    if (error == 0)
        unlink_at(w, link);
    return error;
}
