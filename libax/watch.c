/* SPDX-License-Identifier: MIT */
/* libax/watch.c - monitors. Each has two records of one unit each: the watcher's, in the list
 * `monitors` of its actor, and the target's, in the list `watchers` of its actor. Both outlive the
 * process, so a monitor lasts over restarts of either side.
 *
 * A down travels as a frame of the target's slot, which carries how far its data lane goes before
 * it, so it keeps its place behind what the target sent. Where the whole process dies nobody is
 * left to send. To other slots axsup tells it (watch_far.c). Who watched from within the process is
 * told by the next one, which was told by axsup how the last ones ended (struct boot_end).
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
#include "libax/far.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/record.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <stdio.h>

#define TURN_ROOM 64u /* undo words for what follows in the turn */
#define DOWN_BYTES (sizeof(struct shm_frame) + sizeof(struct shm_down_body))
_Static_assert(sizeof(struct shm_chunk) + DOWN_BYTES <= SHM_UNIT << RECORD_ROOM, "room for a down");
#define BLOCKS_A_TURN (SHM_PENDING / 4) /* that it gives back */

int watch_add(struct worker *w, uint32_t index, uint64_t watcher, uint64_t id, bool final)
{
    const struct shm_watch as = {
        .peer = watcher,
        .id = id,
        .owner = index,
        .kind = SHM_WATCHED,
        .final = final,
        .told = actor_incarnation(w, index) - 1,
    };
    if (!shm_log_room(&w->port, TURN_ROOM))
        return AX_E_LIMIT;
    uint32_t unit = record_new(w, &as, true);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    record_push(w, unit);
    return watch_say_since(w, record_at(&w->port, unit));
}

int watch_refuse(struct worker *w, const struct shm_frame *frame, uint8_t reason)
{
    struct shm_down_body body = {.who = frame->to, .reason = reason};
    if (reason == SHM_OTHER)
        snprintf(body.words, sizeof body.words, "its worker has no room for it");
    const struct post post = {
        .to = frame->from,
        .from = frame->to,
        .corr = frame->corr,
        .kind = frame->kind == SHM_LINK ? SHM_EXIT : SHM_DOWN,
        .fixed = &body,
        .size = shm_down_size(&body),
    };
    return post_anywhere(w, SHM_CONTROL, &post);
}

void watch_remove(struct worker *w, uint32_t index, uint64_t watcher, uint64_t name)
{
    const struct shm_watch *record = record_asked(w, index, SHM_WATCHED, watcher, name);
    if (record != NULL)
        record_drop(w, record_unit(&w->port, record));
}

/* ---- a down on its way ---- */

/* Another block in place of one that was spent. False: there is none. */
static bool refill(struct worker *w, struct shm_watch *watch)
{
    uint32_t unit = watch->room == 0 ? shm_arena_take(&w->port, RECORD_ROOM) : 0;
    if (unit != 0)
        shm_set(&w->port, &watch->room, unit);
    return watch->room != 0;
}

/* The block kept with a record becomes the last chunk of a chain, which has been logged. */
static void spend(struct worker *w, struct shm_watch *watch, struct shm_chain *chain,
                  const struct post *post)
{
    uint64_t at = (uint64_t)watch->room << 32 | offsetof(struct shm_chunk, data);
    shm_chunk_at(&w->port, at)->order = RECORD_ROOM;
    post_fill(shm_chain_frame(&w->port, at), post);
    shm_set(&w->port, &watch->room, 0);
    shm_chain_append(&w->port, chain, at + shm_frame_size(post->size));
}

/* The two sides of a link within the worker share a block. */
static struct shm_watch *with_room(struct worker *w, struct shm_watch *watch)
{
    if (watch == NULL || watch->room != 0 || watch->kind != SHM_LINKED)
        return watch;
    uint32_t unit = record_other(&w->port, watch);
    struct shm_watch *other = unit == 0 ? watch : record_at(&w->port, unit);
    return other->room != 0 ? other : watch;
}

/* Into a mailbox here for which there is no memory; `watch` is the watcher's record. */
static int down_kept(struct worker *w, uint32_t index, struct shm_watch *watch,
                     const struct post *post)
{
    watch = with_room(w, watch);
    if (watch == NULL || !refill(w, watch))
        return AX_E_NO_MEMORY;
    spend(w, watch, &actor_at(w, index)->mail, post);
    runq_push(w, index);
    return 0;
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

/* To a side of a monitor or a link. `name`: by what it finds its record; `kind`: that record's. */
static struct post end_post(uint64_t to, uint64_t name, uint8_t kind,
                            const struct shm_down_body *body)
{
    return (struct post){
        .to = to,
        .from = body->who,
        .corr = name,
        .kind = kind == SHM_LINKED ? SHM_EXIT : SHM_DOWN,
        .fixed = body,
        .size = shm_down_size(body),
    };
}

/* Nothing would come of the exit but the end of a rest: linked actors that do not trap exits would
 * wake each other for ever. */
static bool leaves_at_rest(struct worker *w, const struct shm_watch *record,
                           const struct shm_down_body *body)
{
    if (record->kind != SHM_LINKED || !body->will_restart || !is_passive(w, record->owner))
        return false;
    const struct shm_more *more = more_of(&w->port, record->owner);
    return (more == NULL || !more->traps) && actor_at(w, record->owner)->mail.tail == 0;
}

int watch_tell_owner(struct worker *w, struct shm_watch *record, const struct shm_down_body *body)
{
    uint32_t index = record->owner;
    if (leaves_at_rest(w, record, body))
        return 0;
    struct post post = end_post(actor_ref(w, index), record->id, record->kind, body);
    post.stamp = record_unit(&w->port, record);
    int error = post_local(w, index, &post);
    return error == AX_E_NO_MEMORY ? down_kept(w, index, record, &post) : error;
}

/* Tells the other side of a target's or a link's record. */
static int tell_peer(struct worker *w, struct shm_watch *record, struct shm_down_body body)
{
    const struct post post = end_post(record->peer, record_name(record), record->kind, &body);
    uint32_t slot = SHM_REF_SLOT(record->peer);
    if (slot == w->port.slot)
        return record->other == 0 ? 0
                                  : watch_tell_owner(w, record_at(&w->port, record->other), &body);
    if (slot >= w->port.slots || record->twin == SHM_TWIN_SILENT)
        return 0;
    body.after = w->port.out[slot].staged[SHM_DATA];
    return down_remote(w, slot, record, &post);
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
    if (watch->final)
        return watch->told;
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

/* Who watches itself is not told that it has gone to rest: that would be mail, which ends the rest.
 * It is told before it does anything else, so it is passive still if that is what it ended of. */
static bool is_own_rest(struct worker *w, uint32_t index, const struct shm_watch *watch,
                        uint32_t incarnation)
{
    return watch->peer == actor_ref(w, index) && incarnation == w->port.cold[index].ended &&
           is_passive(w, index);
}

/* In the open turn. 0, AX_E_LIMIT, AX_E_NO_MEMORY. */
static int tell_one(struct worker *w, uint32_t index, struct shm_watch *watch)
{
    uint32_t last = last_end(w, index, watch);
    while (later_than(last, watch->told)) {
        uint32_t incarnation = told_of_deaths(w, watch) ? watch->told + 1 : last;
        int error = shm_log_room(&w->port, TURN_ROOM) ? 0 : AX_E_LIMIT;
        if (error == 0 && !is_own_rest(w, index, watch, incarnation))
            error = tell_peer(w, watch, end_of(w, index, incarnation));
        if (error != 0)
            return error;
        shm_set(&w->port, &watch->told, incarnation);
    }
    return 0;
}

static int tell_list(struct worker *w, uint32_t index, uint8_t kind, bool here)
{
    int error = 0;
    for (uint32_t unit = record_first(&w->port, index, kind); unit != 0 && error == 0;) {
        struct shm_watch *watch = record_at(&w->port, unit);
        record_look_ahead(&w->port, watch);
        if ((SHM_REF_SLOT(watch->peer) == w->port.slot) == here)
            error = tell_one(w, index, watch);
        unit = watch->next;
    }
    return error;
}

/* In the open turn. Who is elsewhere first: for them what we say stands against what axsup says of
 * a death that may follow. */
static int tell_all(struct worker *w, uint32_t index)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    int error = 0;
    for (int here = 0; here <= 1 && error == 0; here++) {
        error = tell_list(w, index, SHM_WATCHED, here);
        if (error == 0)
            error = tell_list(w, index, SHM_LINKED, here);
    }
    if (error == 0 && cold->ended != 0)
        shm_set(&w->port, &cold->ended, 0);
    return error;
}

static bool is_watched(struct worker *w, uint32_t index)
{
    return w->port.cold[index].watchers != 0 || record_first(&w->port, index, SHM_LINKED) != 0;
}

void watch_tell(struct worker *w, uint32_t index, uint8_t reason)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    if (!is_watched(w, index))
        return;
    shm_log(&w->port, &cold->ended); /* and its reason, in one word */
    cold->ended = actor_incarnation(w, index) - 1;
    cold->ended_by = reason;
    (void)tell_all(w, index); /* the rest is for watch_catch_up */
}

static bool list_untold(struct worker *w, uint32_t index, uint8_t kind)
{
    for (uint32_t unit = record_first(&w->port, index, kind); unit != 0;) {
        const struct shm_watch *watch = record_at(&w->port, unit);
        if (later_than(last_end(w, index, watch), watch->told))
            return true;
        unit = watch->next;
    }
    return false;
}

/* Of deaths that came before this process. */
static bool deaths_untold(struct worker *w, uint32_t index)
{
    return list_untold(w, index, SHM_WATCHED) || list_untold(w, index, SHM_LINKED);
}

bool watch_catch_up(struct worker *w, uint32_t index)
{
    const struct shm_actor_cold *cold = &w->port.cold[index];
    if (cold->ended == 0 && w->behind == 0)
        return true;
    bool deaths = deaths_untold(w, index);
    while (cold->ended != 0 || deaths_untold(w, index)) {
        shm_turn_begin(&w->port, 0, 0);
        int error = tell_all(w, index);
        turn_commit(w);
        if (error == AX_E_NO_MEMORY)
            return false;
    }
    if (deaths && w->behind > 0)
        w->behind--;
    return true;
}

static bool list_adds_up(struct worker *w, uint32_t index, uint8_t kind)
{
    uint32_t now = actor_incarnation(w, index);
    for (uint32_t unit = record_first(&w->port, index, kind); unit != 0;) {
        const struct shm_watch *watch = record_at(&w->port, unit);
        if (SHM_REF_SLOT(watch->peer) == w->port.slot && !watch->final &&
            now - 1 - watch->told > w->boot->incarnation)
            return false;
        unit = watch->next;
    }
    return true;
}

bool watch_adds_up(struct worker *w, uint32_t index)
{
    return list_adds_up(w, index, SHM_WATCHED) && list_adds_up(w, index, SHM_LINKED);
}

/* ---- the end for good ---- */

/* Takes back a monitor of which we are the watcher: both sides. */
static int withdraw(struct worker *w, struct shm_watch *watch)
{
    const struct post post = {.to = watch->peer,
                              .from = actor_ref(w, watch->owner),
                              .corr = record_name(watch),
                              .kind = SHM_DEMONITOR};
    uint32_t slot = SHM_REF_SLOT(watch->peer);
    int error =
        slot != w->port.slot && slot < w->port.slots ? post_slot(w, slot, SHM_CONTROL, &post) : 0;
    if (error != 0)
        return error;
    uint32_t other = record_other(&w->port, watch);
    if (other != 0)
        record_drop(w, other);
    record_drop(w, record_unit(&w->port, watch));
    return 0;
}

static bool turn_is_full(const struct worker *w)
{
    return !shm_log_room(&w->port, TURN_ROOM) || w->port.arena.ngiven > BLOCKS_A_TURN;
}

/* Tells the other side of each record of a kind, and drops it. */
static int end_list(struct worker *w, uint32_t index, uint8_t kind,
                    const struct shm_down_body *body)
{
    uint32_t unit;
    while ((unit = record_first(&w->port, index, kind)) != 0) {
        struct shm_watch *watch = record_at(&w->port, unit);
        int error = turn_is_full(w) ? AX_E_LIMIT : 0;
        record_look_ahead(&w->port, watch);
        if (error == 0 && watch->peer != body->who) /* else nobody is left to be told */
            error = tell_peer(w, watch, *body);
        if (error != 0)
            return error;
        record_drop(w, unit);
    }
    return 0;
}

int watch_end(struct worker *w, uint32_t index, const struct shm_down_body *body)
{
    struct shm_actor_cold *cold = &w->port.cold[index];
    int error = end_list(w, index, SHM_WATCHED, body);
    if (error == 0)
        error = end_list(w, index, SHM_LINKED, body);
    while (cold->monitors != 0 && error == 0)
        error = turn_is_full(w) ? AX_E_LIMIT : withdraw(w, record_at(&w->port, cold->monitors));
    return error;
}

/* ---- the watcher's side ---- */

bool watch_fire(struct worker *w, uint32_t index, uint8_t kind, const struct shm_frame *frame)
{
    const struct shm_down_body *body = (const void *)frame->body;
    struct shm_watch *watch = record_in(w, (uint32_t)frame->stamp, index, kind, frame->corr);
    if (watch == NULL || watch->peer != body->who)
        return false;
    if (!body->will_restart)
        record_drop(w, record_unit(&w->port, watch));
    else
        (void)refill(w, with_room(w, watch));
    return true;
}

int watch_deliver(struct worker *w, struct shm_watch *watch, const struct shm_down_body *body)
{
    if (watch == NULL || watch->peer != body->who)
        return 0;
    int error = watch_tell_owner(w, watch, body);
    if (error == 0 && body->incarnation != 0)
        shm_set(&w->port, &watch->heard, body->incarnation);
    return error;
}

void watch_revive(struct worker *w, uint32_t index)
{
    bool deaths = deaths_untold(w, index);
    w->behind += deaths;
    if (deaths || w->port.cold[index].ended != 0)
        runq_push(w, index);
}

bool watch_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    return record_mark(port, index, SHM_WATCHED, used) &&
           record_mark(port, index, SHM_WATCHES, used) &&
           record_mark(port, index, SHM_LINKED, used);
}

/* ---- what actors call ---- */

/* The target's side here: each knows the other. */
static int monitor_local(struct worker *w, uint32_t target, struct shm_watch *watch)
{
    const struct shm_watch as = {
        .peer = actor_ref(w, watch->owner),
        .id = watch->id,
        .owner = target,
        .other = record_unit(&w->port, watch),
        .kind = SHM_WATCHED,
        .final = watch->final,
        .told = actor_incarnation(w, target) - 1,
    };
    uint32_t unit = record_new(w, &as, false);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    watch->other = unit;
    record_push(w, unit);
    return 0;
}

/* The target's half of a monitor whose watcher's half is `watch`, in no list yet. `why` not 0:
 * there is nobody. */
static int monitor(struct worker *w, uint64_t who, struct shm_watch *watch, uint8_t why)
{
    uint32_t slot = SHM_REF_SLOT(who);
    uint32_t target = actor_local(w, who);
    const struct shm_down_body gone = {.who = who, .reason = why != 0 ? why : SHM_GONE};
    const struct post post = {
        .to = who,
        .from = actor_ref(w, watch->owner),
        .corr = watch->id,
        .method = watch->final,
        .kind = SHM_MONITOR,
    };
    if (target != 0)
        return monitor_local(w, target, watch);
    if (why != 0 || slot == w->port.slot || slot_gone(w, slot))
        return watch_tell_owner(w, watch, &gone);
    return post_slot(w, slot, SHM_CONTROL, &post);
}

int ax_monitor_with(struct ax_ctx *ctx, struct ax_ref who, unsigned flags, uint64_t *number)
{
    struct worker *w = ctx->worker;
    if (flags & ~(unsigned)AX_MONITOR_FINAL)
        return AX_E_INVALID;
    uint64_t addr = who.node == 0 ? who.addr : 0;
    uint8_t gone = 0;
    if (shm_unlikely(who.node != 0))
        AX_TRY(far_watched(ctx, who, &addr, &gone));
    const struct shm_watch as = {.peer = addr,
                                 .owner = ctx->actor,
                                 .kind = SHM_WATCHES,
                                 .final = (flags & AX_MONITOR_FINAL) != 0};
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!memory_room(w, 16))
        return AX_E_NO_MEMORY;
    uint32_t unit = record_new(w, &as, true);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    int error = monitor(w, addr, record_at(&w->port, unit), gone);
    if (error != 0) {
        record_give(w, unit);
        return error;
    }
    record_push(w, unit);
    if (number != NULL)
        *number = record_at(&w->port, unit)->id;
    return 0;
}

int ax_monitor(struct ax_ctx *ctx, struct ax_ref who, uint64_t *number)
{
    return ax_monitor_with(ctx, who, 0, number);
}

int ax_demonitor(struct ax_ctx *ctx, uint64_t number)
{
    struct worker *w = ctx->worker;
    struct shm_watch *watch = record_of(w, ctx->actor, SHM_WATCHES, number);
    if (watch == NULL)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    return withdraw(w, watch);
}
