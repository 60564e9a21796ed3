/* SPDX-License-Identifier: MIT */
/* libax/link.c - links. A link is two records, one of either side, each of which hears of the other
 * side's ends as a monitor does, and by the same path: an exit is a frame behind all that its
 * sender sent before, and room for it is kept with the record. So it lasts over restarts and the
 * deaths of processes, until one side is gone for good or takes it back.
 *
 * What an exit does:
 *
 *   the receiver   the sender comes back   gone, normal   gone, other reason
 *   traps          on_exit                 on_exit        on_exit
 *   does not       nothing                 nothing        it ends for that reason, for good
 *
 * A restart is no end for who does not look: an actor that the crash of its process has cost
 * nothing costs nobody else his life.
 *
 * Both sides may set up a link at once, so that two are under way between their slots. Both then
 * know both; the one that the lower address has set up tells, its twin is silent. */
#include "libax/link.h"

#include "libax/event.h"
#include "libax/far.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/record.h"
#include "libax/send.h"
#include "libax/share.h"
#include "libax/signal.h"
#include "libax/turn.h"
#include "libax/watch.h"
#include "libax/words.h"

#include <string.h>

#define TURN_ROOM 64u /* words of the undo log */

/* The links of `owner` to `peer`, one after the other, from `unit` on; 0: no more. */
static uint32_t next_to(struct worker *w, uint32_t unit, uint64_t peer)
{
    while (unit != 0 && record_at(&w->port, unit)->peer != peer)
        unit = record_at(&w->port, unit)->next;
    return unit;
}

/* Within the worker there is one link at most between two actors: the shorter list is looked
 * through. */
static uint32_t find_local(struct worker *w, uint32_t a, uint32_t b)
{
    uint64_t to_b = actor_ref(w, b), to_a = actor_ref(w, a);
    uint32_t at_a = record_first(&w->port, a, SHM_LINKED);
    uint32_t at_b = record_first(&w->port, b, SHM_LINKED);
    while (at_a != 0 && at_b != 0) {
        const struct shm_watch *of_a = record_at(&w->port, at_a), *of_b = record_at(&w->port, at_b);
        if (of_a->peer == to_b)
            return at_a;
        if (of_b->peer == to_a)
            return of_b->other;
        at_a = of_a->next;
        at_b = of_b->next;
    }
    return 0;
}

static uint32_t find(struct worker *w, uint32_t owner, uint64_t peer)
{
    uint32_t local = actor_local(w, peer);
    return local != 0 ? find_local(w, owner, local)
                      : next_to(w, record_first(&w->port, owner, SHM_LINKED), peer);
}

static struct shm_watch side(struct worker *w, uint32_t owner, uint64_t peer, uint64_t id)
{
    return (struct shm_watch){
        .peer = peer,
        .id = id,
        .owner = owner,
        .kind = SHM_LINKED,
        .told = actor_incarnation(w, owner) - 1,
    };
}

/* ---- what other slots say ---- */

/* One of two links set up at once is silent, the same for both sides. */
static void pair_off(struct worker *w, uint32_t unit)
{
    struct shm_watch *theirs = record_at(&w->port, unit);
    uint32_t at = next_to(w, record_first(&w->port, theirs->owner, SHM_LINKED), theirs->peer);
    while (at != 0 && !record_at(&w->port, at)->mine)
        at = next_to(w, record_at(&w->port, at)->next, theirs->peer);
    if (at == 0)
        return;
    bool ours_tells = theirs->peer > actor_ref(w, theirs->owner);
    shm_set(&w->port, &record_at(&w->port, at)->twin,
            ours_tells ? SHM_TWIN_TELLS : SHM_TWIN_SILENT);
    theirs->twin = ours_tells ? SHM_TWIN_SILENT : SHM_TWIN_TELLS;
}

int link_asked(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    if (shm_frame_body(frame) < sizeof(struct shm_since_body))
        return 0;
    if (index == 0)
        return watch_refuse(w, frame, SHM_GONE);
    if (!share_of_records(w, slot))
        return watch_refuse(w, frame, SHM_OTHER);
    if (!shm_log_room(&w->port, TURN_ROOM))
        return AX_E_LIMIT;
    struct shm_more *more = more_get(w, index);
    if (more == NULL)
        return AX_E_NO_MEMORY;
    struct shm_watch as = side(w, index, frame->from, frame->corr);
    struct shm_since_body since;
    memcpy(&since, frame->body, sizeof since);
    watch_is_known(&as, since);
    uint32_t unit = record_new(w, &as, true);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    if (more->own_links != 0)
        pair_off(w, unit);
    record_push(w, unit);
    return watch_say_since(w, record_at(&w->port, unit));
}

static uint32_t twin_of(struct worker *w, const struct shm_watch *link)
{
    if (link->twin == SHM_NO_TWIN)
        return 0;
    uint32_t at = next_to(w, record_first(&w->port, link->owner, SHM_LINKED), link->peer);
    return at == 0 || record_at(&w->port, at) != link ? at : next_to(w, link->next, link->peer);
}

void link_drop(struct worker *w, uint32_t unit)
{
    const struct shm_watch *link = record_at(&w->port, unit);
    struct shm_more *more = more_of(&w->port, link->owner);
    uint32_t twin = twin_of(w, link);
    if (twin != 0)
        shm_set(&w->port, &record_at(&w->port, twin)->twin, SHM_NO_TWIN);
    uint32_t other = record_other(&w->port, link);
    if (link->mine && SHM_REF_SLOT(link->peer) != w->port.slot)
        shm_set(&w->port, &more->own_links, more->own_links - 1);
    if (other != 0)
        record_drop(w, other);
    record_drop(w, unit);
}

/* The peer is gone for good. */
static void drop_both(struct worker *w, uint32_t unit)
{
    uint32_t twin = twin_of(w, record_at(&w->port, unit));
    link_drop(w, unit);
    if (twin != 0)
        link_drop(w, twin);
}

/* The side here of a link that `peer` so names. */
static struct shm_watch *named(struct worker *w, uint32_t index, uint64_t name, uint64_t peer)
{
    struct shm_watch *own = record_of(w, index, SHM_LINKED, name);
    return own != NULL && own->mine && own->peer == peer
               ? own
               : record_asked(w, index, SHM_LINKED, peer, name);
}

void link_undone(struct worker *w, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    struct shm_watch *link = index == 0 ? NULL : named(w, index, frame->corr, frame->from);
    if (link != NULL)
        link_drop(w, record_unit(&w->port, link));
}

int link_exit(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    struct shm_down_body body;
    uint32_t index = actor_local(w, frame->to);
    if (index == 0 || !shm_down_read(frame, &body) || SHM_REF_SLOT(body.who) != slot)
        return 0;
    if (frame->corr != 0)
        return watch_deliver(w, named(w, index, frame->corr, body.who), &body);
    return signal_arrived(w, index, frame, &body);
}

/* ---- an exit is handled ---- */

static void note(struct worker *w, uint32_t index, const struct shm_down_body *body)
{
    words_note(w, body);
    struct shm_event *event = event_next(w, SHM_ACTOR_EXIT, index);
    event->other = event->actor;
    event->actor = body->who;
    event->incarnation = body->incarnation;
    event->reason = body->reason;
    event->signal = body->signal;
    event->suspect = body->suspect;
    event->will_restart = body->will_restart;
}

static void run_hook_of(struct ax_ctx *ctx, const struct shm_down_body *body)
{
    const struct ax_exit exit = {
        .from = ref_seen(ctx->worker, body->who),
        .incarnation = body->incarnation,
        .reason = (enum ax_reason)body->reason,
        .signal = body->signal,
        .suspect = body->suspect,
        .will_restart = body->will_restart,
        .words = body->words,
    };
    if (ctx->type->on_exit != NULL)
        ctx->type->on_exit(ctx, ctx->self, &exit);
}

/* It ends for the reason of another. Where there is no memory for the words it ends without. */
static void end_for(struct worker *w, uint32_t index, const struct shm_down_body *body)
{
    if (body->reason == SHM_OTHER && !(actor_at(w, index)->flags & SHM_STOPPING))
        (void)words_keep(w, index, body->words);
    actor_stop(w, index, body->reason, body->signal, AX_STOP_NORMAL);
}

void exit_run(struct worker *w, struct ax_ctx *ctx, const struct shm_frame *frame)
{
    struct shm_down_body own, *body = &own;
    if (!shm_down_read(frame, &own))
        return;
    const struct shm_more *more = more_of(&w->port, ctx->actor);
    struct shm_watch *link = frame->corr == 0 ? NULL
                                              : record_in(w, (uint32_t)frame->stamp, ctx->actor,
                                                          SHM_LINKED, frame->corr);
    if (frame->corr != 0 && (link == NULL || link->peer != body->who))
        return;
    if (link != NULL && !body->will_restart)
        drop_both(w, record_unit(&w->port, link));
    else if (link != NULL)
        (void)watch_fire(w, ctx->actor, SHM_LINKED, frame);
    bool traps = more != NULL && more->traps;
    if (!traps && (body->reason == SHM_NORMAL || body->will_restart))
        return;
    note(w, ctx->actor, body);
    if (traps)
        run_hook_of(ctx, body);
    else
        end_for(w, ctx->actor, body);
}

void actor_kill(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->state == SHM_CLOSING && !actor->suspended)
        return;
    shm_log(&w->port, &actor->flags);
    actor->flags = (uint8_t)((actor->flags | SHM_STOPPING) & ~SHM_STARTED);
    shm_set(&w->port, &w->port.cold[index].reason, SHM_KILLED);
    w->port.cold[index].stop = AX_STOP_NORMAL; /* in the same word */
    shm_set(&w->port, &w->port.cold[index].signal, 0);
    publish_later(w, index);
    runq_push(w, index);
}

/* ---- what actors call ---- */

static int link_local(struct worker *w, uint32_t self, uint32_t target)
{
    struct shm_watch one = side(w, self, actor_ref(w, target), 0);
    uint32_t a = record_new(w, &one, true);
    if (a == 0)
        return AX_E_NO_MEMORY;
    struct shm_watch two = side(w, target, actor_ref(w, self), record_at(&w->port, a)->id);
    two.other = a;
    uint32_t b = record_new(w, &two, false); /* they share a block */
    if (b == 0) {
        record_give(w, a);
        return AX_E_NO_MEMORY;
    }
    record_at(&w->port, a)->other = b;
    record_at(&w->port, a)->mine = 1;
    record_push(w, a);
    record_push(w, b);
    return 0;
}

/* Nobody to link to: the exit is there at once, and can be taken back as any other. */
static int tell_gone(struct worker *w, struct shm_watch *link)
{
    const struct shm_down_body body = {.who = link->peer, .reason = SHM_GONE};
    return watch_deliver(w, link, &body);
}

static int link_remote(struct worker *w, uint32_t self, uint64_t who, bool gone)
{
    struct shm_watch as = side(w, self, who, 0);
    as.mine = 1;
    uint32_t unit = record_new(w, &as, true);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct shm_watch *link = record_at(&w->port, unit);
    const struct shm_since_body since = since_now(w, link);
    const struct post post = {.to = who,
                              .from = actor_ref(w, self),
                              .corr = link->id,
                              .kind = SHM_LINK,
                              .fixed = &since,
                              .size = sizeof since};
    int error = gone ? tell_gone(w, link) : post_slot(w, SHM_REF_SLOT(who), SHM_CONTROL, &post);
    if (error != 0) {
        record_give(w, unit);
        return error;
    }
    struct shm_more *more = more_of(&w->port, self);
    if (SHM_REF_SLOT(who) != w->port.slot)
        shm_set(&w->port, &more->own_links, more->own_links + 1);
    record_push(w, unit);
    return 0;
}

int ax_link(struct ax_ctx *ctx, struct ax_ref who)
{
    struct worker *w = ctx->worker;
    if (shm_unlikely(who.node != 0))
        return AX_E_UNSUPPORTED;
    uint32_t slot = SHM_REF_SLOT(who.addr);
    uint32_t target = actor_local(w, who.addr);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (target == ctx->actor)
        return 0;
    if (find(w, ctx->actor, who.addr) != 0)
        return 0;
    if (!memory_room(w, 32) || more_get(w, ctx->actor) == NULL)
        return AX_E_NO_MEMORY;
    if (target == 0)
        return link_remote(w, ctx->actor, who.addr, slot == w->port.slot || slot_gone(w, slot));
    return more_get(w, target) == NULL ? AX_E_NO_MEMORY : link_local(w, ctx->actor, target);
}

int ax_unlink(struct ax_ctx *ctx, struct ax_ref who)
{
    struct worker *w = ctx->worker;
    uint32_t slot = SHM_REF_SLOT(who.addr);
    uint32_t unit = find(w, ctx->actor, who.addr);
    if (unit == 0)
        return AX_E_NO_ACTOR;
    for (; unit != 0; unit = find(w, ctx->actor, who.addr)) { /* and its twin */
        struct shm_watch *link = record_at(&w->port, unit);
        const struct post post = {.to = who.addr,
                                  .from = actor_ref(w, ctx->actor),
                                  .corr = record_name(link),
                                  .kind = SHM_UNLINK};
        if (!log_room_for_user(w))
            return AX_E_LIMIT;
        int error = slot == w->port.slot || slot >= w->port.slots
                        ? 0
                        : post_slot(w, slot, SHM_CONTROL, &post);
        if (error != 0)
            return error;
        link_drop(w, unit);
    }
    return 0;
}

int ax_trap_exit(struct ax_ctx *ctx, bool on)
{
    struct worker *w = ctx->worker;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    struct shm_more *more = on ? more_get(w, ctx->actor) : more_of(&w->port, ctx->actor);
    if (more == NULL)
        return on ? AX_E_NO_MEMORY : 0;
    shm_set(&w->port, &more->traps, on);
    return 0;
}

int ax_stop_exit(struct ax_ctx *ctx, enum ax_reason reason)
{
    if ((unsigned)reason >= AX_REASON_COUNT)
        return AX_E_INVALID;
    if (!log_room_for_user(ctx->worker))
        return AX_E_LIMIT;
    actor_stop(ctx->worker, ctx->actor, (uint8_t)reason, 0, AX_STOP_CONTEXT_STOP);
    return 0;
}

/* Who is ending already ends for the reason that it has. */
int ax_stop_other(struct ax_ctx *ctx, const char *words)
{
    struct worker *w = ctx->worker;
    if (!words_fit(words))
        return AX_E_TOO_BIG;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (actor_at(w, ctx->actor)->flags & SHM_STOPPING)
        return 0;
    int error = memory_room(w, 16) ? words_keep(w, ctx->actor, words) : AX_E_NO_MEMORY;
    if (error == 0)
        actor_stop(w, ctx->actor, SHM_OTHER, 0, AX_STOP_CONTEXT_STOP);
    return error;
}
