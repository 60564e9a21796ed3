/* SPDX-License-Identifier: MIT */
/* libax/turn.c - a message becomes a turn.
 *
 * The message stays at the head of its mailbox until its last turn commits; an await commits the
 * turn so far and leaves it there, marked `suspended`. So whatever kills the process, the successor
 * finds either a message nobody began (or whose only turn was taken back), or one that is suspended
 * and can only be canceled. */
#include "libax/turn.h"

#include "libax/ask.h"
#include "libax/durable.h"
#include "libax/event.h"
#include "libax/far.h"
#include "libax/given.h"
#include "libax/io.h"
#include "libax/known.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/link.h"
#include "libax/meter.h"
#include "libax/order.h"
#include "libax/room.h"
#include "libax/timer.h"
#include "libax/watch.h"
#include "libax/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_ON_STACK 512u
#define REPLY_SAVED 64u /* of that, where the stack may be saved */

static uint32_t runq_pop(struct worker *w)
{
    uint32_t index = w->run_first;
    struct shm_actor *actor = actor_at(w, index);
    w->run_first = actor->next_run == RUN_END ? 0 : actor->next_run;
    if (w->run_first == 0)
        w->run_last = 0;
    actor->next_run = 0;
    return index;
}

/* What is volatile, and follows the turn. */
static void settle(struct worker *w, bool committed)
{
    if (w->unsettled & UNSETTLED_TIMERS)
        timers_settle(w, committed);
    if (w->unsettled & UNSETTLED_RECORDS)
        known_settle(w->records, committed);
    w->unsettled = 0;
}

void publish_all(struct worker *w)
{
    if (w->unsettled != 0)
        settle(w, true);
    for (uint32_t i = 0; i < w->npublish; i++)
        publish_now(w, w->publish[i]);
    w->npublish = 0;
    if (w->io_touched != 0)
        io_settle(w, true);
}

void turn_undo(struct worker *w)
{
    if (w->unsettled != 0)
        settle(w, false);
    shm_turn_undo(&w->port);
    if (w->io_touched != 0)
        io_settle(w, false);
    publish_all(w);
}

void ctx_release(struct ax_ctx *ctx)
{
    free(ctx->tail);
    free(ctx->reply_heap);
    given_drop(ctx);
    ctx->tail = NULL;
    ctx->order = 0;
    ctx->reply_heap = NULL;
    ctx->reply = NULL;
    ctx->frame = NULL;
    ctx->restoring = 0;
}

/* ---- the turn of a handler ---- */

/* For the meters. */
static uint32_t method_of(const struct ax_ctx *ctx)
{
    if (ctx->frame == NULL)
        return METER_HOOK;
    bool call = ctx->frame->kind == SHM_TELL || ctx->frame->kind == SHM_ASK;
    return call ? ctx->frame->method : METER_EVENT;
}

static void end_turn(struct worker *w, const struct ax_ctx *ctx)
{
    struct shm_actor *actor = actor_at(w, ctx->actor);
    kept_save(w, ctx->actor);
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 1;
    if (ctx->message == 0)
        actor->flags |= SHM_IN_HOOK;
    turn_commit(w);
    publish_depth(w, ctx->actor); /* others were handled before this one, which may take long */
    meter_end(w);
    meter_active(w, ctx->actor);
    if (shm_unlikely(meter_due(w)))
        meter_tick(w, ctx->actor, method_of(ctx));
}

void turn_pause(struct worker *w)
{
    end_turn(w, &w->current->ctx);
}

/* A stack can be saved whole when it is left. Where nothing is to be saved of a durable actor's, as
 * it awaits something else than a reply or room, the config may want the process to die all the
 * same. */
void turn_suspend(struct worker *w)
{
    w->strand_of[w->current->ctx.actor] = w->current;
    if (shm_unlikely(w->current->saved != 0)) {
        w->left = w->current;
    } else {
        turn_pause(w);
        if (shm_unlikely(w->current->ctx.type->durable))
            durable_torment(w);
    }
    strand_suspend(w);
}

void turn_left(struct worker *w)
{
    struct strand *left = w->left;
    w->left = NULL;
    durable_save(w, left);
    if (actor_at(w, left->ctx.actor)->flags & SHM_RETRIED)
        actor_relax(w, left->ctx.actor);
    end_turn(w, &left->ctx);
    durable_torment(w);
}

void turn_continue(struct worker *w)
{
    struct ax_ctx *ctx = &w->current->ctx;
    struct shm_actor *actor = actor_at(w, ctx->actor);
    shm_turn_begin(&w->port, ctx->actor, ctx->message);
    shm_log(&w->port, &actor->suspended);
    actor->suspended = 0;
    actor->flags &= (uint8_t)~SHM_IN_HOOK;
    if (shm_unlikely(ctx->type->durable))
        durable_give(w, ctx->actor);
}

struct ax_ctx *ctx_enter(struct worker *w, uint32_t index)
{
    struct ax_ctx *ctx = &w->current->ctx;
    ctx->actor = index;
    ctx->message = 0;
    ctx->frame = NULL;
    ctx->type = w->plugin->actors[actor_at(w, index)->type];
    ctx->self = w->self[index];
    return ctx;
}

void run_hook(struct worker *w, uint32_t index, hook_fn *hook, uint8_t sets, uint8_t clears)
{
    struct shm_actor *actor = actor_at(w, index);
    struct ax_ctx *ctx = ctx_enter(w, index);
    shm_turn_begin(&w->port, index, 0);
    if (hook != NULL)
        hook(ctx, ctx->self);
    kept_save(w, index);
    shm_log(&w->port, &actor->flags);
    actor->flags = (uint8_t)((actor->flags | sets) & ~clears);
    publish_later(w, index);
    turn_commit(w);
    ctx_release(ctx);
    meter_look(w, index, METER_HOOK);
}

/* axsup shows who was told of what. */
static void note_down(struct worker *w, uint32_t watcher, const struct shm_down_body *body)
{
    words_note(w, body);
    struct shm_event *event = event_next(w, SHM_ACTOR_DOWN, watcher);
    event->other = event->actor;
    event->actor = body->who;
    event->incarnation = body->incarnation;
    event->reason = body->reason;
    event->signal = body->signal;
    event->suspect = body->suspect;
    event->will_restart = body->will_restart;
}

/* Where many have been told at once, this is what the next down of the mailbox needs. */
static void look_ahead(struct worker *w, const struct ax_ctx *ctx)
{
    const struct shm_port *port = &w->port;
    const struct shm_chain *mail = &actor_at(w, ctx->actor)->mail;
    const struct shm_frame *next = shm_chain_behind(port, mail, ctx->message);
    shm_chain_look_ahead(port, mail, ctx->message);
    if (next != NULL && next->kind == SHM_DOWN)
        shm_prefetch(shm_unit(port, (uint32_t)next->stamp));
}

static void run_down(struct worker *w, struct ax_ctx *ctx, const struct shm_frame *frame)
{
    struct shm_down_body own, *body = &own;
    look_ahead(w, ctx);
    if (!shm_down_read(frame, &own) || !watch_fire(w, ctx->actor, SHM_WATCHES, frame))
        return;
    note_down(w, ctx->actor, body);
    const struct ax_down down = {
        .monitor = frame->corr,
        .who = ref_seen(w, body->who),
        .incarnation = body->incarnation,
        .reason = (enum ax_reason)body->reason,
        .signal = body->signal,
        .suspect = body->suspect,
        .will_restart = body->will_restart,
        .words = body->words,
    };
    if (ctx->type->on_down != NULL)
        ctx->type->on_down(ctx, ctx->self, &down);
}

static void run_reply(struct ax_ctx *ctx, const struct shm_frame *frame)
{
    struct ax_reply reply = {
        .ask = frame->corr,
        .error = frame->kind == SHM_ERROR ? frame->method : 0,
        .method = frame->kind == SHM_ERROR ? 0 : frame->method,
        .contract = frame->stamp,
        .body = frame->kind == SHM_ERROR ? NULL : frame->body,
        .size = frame->kind == SHM_ERROR ? 0 : shm_frame_body(frame),
    };
    if (ctx->type->on_reply == NULL)
        return;
    if (shm_unlikely(frame->kind != SHM_ERROR && is_far(ctx->worker, SHM_REF_SLOT(frame->from))) &&
        !far_reply(ctx, &reply))
        reply = (struct ax_reply){.ask = frame->corr, .error = AX_E_INVALID};
    ctx->type->on_reply(ctx, ctx->self, &reply);
}

static void run_life(struct ax_ctx *ctx, const struct shm_frame *frame)
{
    const struct shm_life_body *body = (const void *)frame->body;
    const struct ax_life life = {
        .who = {.addr = body->who},
        .event = (enum ax_life_event)(body->what - SHM_ACTOR_STARTED),
        .incarnation = body->incarnation,
        .reason = (enum ax_reason)body->reason,
        .stop = (enum ax_stop_reason)body->stop,
        .missed = body->missed,
    };
    if (ctx->type->on_lifecycle != NULL)
        ctx->type->on_lifecycle(ctx, ctx->self, &life);
}

/* The buffer that the handler fills: on the stack where it is small, for it must stay while the
 * handler awaits. */
static int reply_open(struct worker *w, struct ax_ctx *ctx, const struct ax_layout *layout,
                      uint8_t *small, uint32_t small_room)
{
    ctx->reply_size = layout->size;
    ctx->reply = small;
    if (layout->has_var || layout->size > small_room) {
        uint64_t room = w->port.geo.max_message + layout->size;
        if (shm_unlikely(ctx->type->durable) && durable_possible(w, w->current))
            ctx->reply = durable_reply(w->current, room);
        else
            ctx->reply = ctx->reply_heap = malloc(room);
        if (ctx->reply == NULL)
            return -ENOMEM;
    }
    if (shm_likely(layout->size <= REPLY_SAVED)) /* any buffer is as large */
        memset(ctx->reply, 0, REPLY_SAVED);
    else
        memset(ctx->reply, 0, layout->size);
    return 0;
}

static __attribute__((noinline)) uint64_t reply_post(struct worker *w, struct ax_ctx *ctx,
                                                     const struct shm_frame *frame)
{
    const struct post post = {
        .kind = SHM_REPLY,
        .method = frame->method,
        .fixed = ctx->reply,
        .size = ctx->reply_size,
    };
    uint64_t wake;
    if (is_far(w, SHM_REF_SLOT(frame->from)) &&
        far_export(w, ctx->type->contract->methods[frame->method].reply, ctx->reply) != 0)
        ax_fail(ctx, "the reply to another node holds a ref that means nothing there");
    if (answer(w, frame, &post, &wake) != 0)
        ax_fail(ctx, "no memory for the reply");
    return wake;
}

/* The number of a local strand that is to be told, 0: none. */
static inline uint64_t reply_send(struct worker *w, struct ax_ctx *ctx,
                                  const struct shm_frame *frame)
{
    if (shm_unlikely(ctx->reply_size > w->port.geo.max_message))
        ax_fail(ctx, "the reply is larger than max_message");
    return shm_likely(awaited_here(w, frame)) ? frame->corr : reply_post(w, ctx, frame);
}

/* A message from another process is checked when it is handled: it is in our memory by then. */
static bool valid(const struct ax_ctx *ctx, struct shm_frame *frame)
{
    const struct ax_contract *contract = ctx->type->contract;
    if (frame->method >= contract->nmethods)
        return false;
    const struct ax_method *method = &contract->methods[frame->method];
    if (method->is_ask != (frame->kind == SHM_ASK))
        return false;
    if (frame->pad != 0 && !image_valid(method->msg, frame->body, shm_frame_body(frame)))
        return false;
    if (is_far(ctx->worker, SHM_REF_SLOT(frame->from)))
        far_import(ctx->worker, method->msg, frame->body);
    return true;
}

void actor_relax(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    uint8_t flags = actor->flags & (uint8_t)~SHM_RETRIED;
    if (flags & SHM_OVERLOAD &&
        shm_chain_depth(&actor->mail) <= w->port.priv->policy[actor->policy].low) {
        flags &= (uint8_t)~SHM_OVERLOAD;
        event_next(w, SHM_OVERLOAD_OFF, index);
        publish_later(w, index);
    }
    shm_set(&w->port, &actor->flags, flags);
    shm_set(&w->port, &w->port.cold[index].retries, 0);
}

/* Consumes the message in hand and ends its turn; tells a local strand its answer. `method`: of a
 * call, else METER_EVENT. */
FORCED void conclude(struct worker *w, struct ax_ctx *ctx, uint16_t method, uint64_t wake)
{
    struct shm_actor *actor = actor_at(w, ctx->actor);
    kept_save(w, ctx->actor);
    shm_chain_log(&w->port, &actor->mail, &actor->logged);
    shm_chain_consume(&w->port, &actor->mail, ctx->message);
    if (shm_unlikely(actor->flags & (SHM_OVERLOAD | SHM_RETRIED)))
        actor_relax(w, ctx->actor);
    turn_commit(w);
    meter_end(w);
    w->messages++;
    room_freed(w);
    if (wake != 0)
        pending_answer(w, wake, 0, ctx->reply, ctx->reply_size, method, true);
    meter_look(w, ctx->actor, method);
}

static __attribute__((noinline)) void conclude_event(struct worker *w, struct ax_ctx *ctx)
{
    conclude(w, ctx, METER_EVENT, 0);
}

/* `room` bytes of the stack for a small reply. */
static inline void run_ask(struct worker *w, struct ax_ctx *ctx, const struct shm_frame *frame,
                           uint8_t *small, uint32_t room)
{
    const struct ax_layout *layout = ctx->type->contract->methods[frame->method].reply;
    if (reply_open(w, ctx, layout, small, room) != 0)
        ax_fail(ctx, "no memory for the reply");
    ctx->deferred = false;
    ctx->type->handlers[frame->method](ctx, ctx->self, frame->body, ctx->reply);
    uint16_t method = frame->method;
    uint64_t wake = shm_unlikely(ctx->deferred) ? 0 : reply_send(w, ctx, frame);
    conclude(w, ctx, method, wake);
}

/* The two have frames of their own: a stack that is saved is not to have room for what is not in
 * it. */
static __attribute__((noinline)) void run_plain_ask(struct worker *w, struct ax_ctx *ctx,
                                                    const struct shm_frame *frame)
{
    uint8_t small[REPLY_ON_STACK] __attribute__((aligned(16)));
    run_ask(w, ctx, frame, small, sizeof small);
}

static __attribute__((noinline)) void run_durable_ask(struct worker *w, struct ax_ctx *ctx,
                                                      const struct shm_frame *frame)
{
    uint8_t small[REPLY_SAVED] __attribute__((aligned(16)));
    run_ask(w, ctx, frame, small, sizeof small);
}

static void run_call(struct worker *w, struct ax_ctx *ctx, const struct shm_frame *frame)
{
    if (frame->kind == SHM_TELL) {
        ctx->type->handlers[frame->method](ctx, ctx->self, frame->body, NULL);
        conclude(w, ctx, frame->method, 0);
    } else if (shm_unlikely(ctx->type->durable)) {
        run_durable_ask(w, ctx, frame);
    } else {
        run_plain_ask(w, ctx, frame);
    }
}

static void run_message(struct worker *w, struct ax_ctx *ctx, uint32_t index, uint64_t first)
{
    struct shm_frame *frame = shm_chain_frame(&w->port, first);
    ctx->message = first;
    ctx->frame = frame;
    meter_begin(w, index);
    shm_turn_begin(&w->port, index, first);
    switch (frame->kind) {
    case SHM_TELL:
    case SHM_ASK:
        if (shm_likely(valid(ctx, frame))) {
            run_call(w, ctx, frame);
            break;
        }
        turn_undo(w);
        actor_drop(w, index, first, AX_E_INVALID);
        break;
    case SHM_DOWN:
        run_down(w, ctx, frame);
        conclude_event(w, ctx);
        break;
    case SHM_LIFE:
        run_life(ctx, frame);
        conclude_event(w, ctx);
        break;
    case SHM_EXIT:
        exit_run(w, ctx, frame);
        conclude_event(w, ctx);
        break;
    default:
        run_reply(ctx, frame);
        conclude_event(w, ctx);
    }
    if (shm_unlikely(ctx->tail != NULL || ctx->reply_heap != NULL))
        ctx_release(ctx);
}

static uint32_t run_actor(struct worker *w, uint32_t index, uint32_t messages)
{
    struct shm_actor *actor = actor_at(w, index);
    uint32_t handled = actor->urgent ? orders_run(w, index, false) : 0;
    if (actor->state != SHM_CLOSING && !lease_allows(w, index))
        lease_end(w, index);
    if (shm_unlikely(actor->suspended)) { /* it told itself something, and then it awaited */
        if (handled != 0)
            meter_active(w, index);
        if (!actor_killed(w, index))
            return handled;
        actor_cancel(w, index);
    }
    if (shm_unlikely(w->self[index] == NULL || actor->state != SHM_LIVE ||
                     actor->flags & (SHM_STOPPING | SHM_DROPPING | SHM_RETIRING)) &&
        !actor_prepare(w, index))
        return handled + 1;
    if (shm_unlikely(actor->urgent))
        handled += orders_run(w, index, true);
    messages += handled;
    if (shm_unlikely(io_waits(w, index)))
        handled += io_deliver(w, index, messages - handled);
    struct ax_ctx *ctx = ctx_enter(w, index);
    while (handled < messages) {
        uint64_t first = shm_chain_first(&w->port, &actor->mail);
        if (first == 0)
            break;
        if (!lease_allows(w, index)) {
            lease_end(w, index);
            break;
        }
        run_message(w, ctx, index, first);
        handled++;
        if (shm_unlikely(w->pressing)) {
            w->pressing = false;
            shm_lane_flush(&w->port);
        }
        if (shm_unlikely(actor->urgent |
                         (actor->flags & (SHM_STOPPING | SHM_DROPPING | SHM_RETIRING))))
            break;
    }
    publish_depth(w, index);
    meter_active(w, index);
    if (shm_chain_first(&w->port, &actor->mail) != 0 || actor->urgent ||
        actor->flags & (SHM_STOPPING | SHM_RETIRING) || io_waits(w, index))
        runq_push(w, index);
    return handled;
}

uint32_t run_actors(struct worker *w, uint32_t actors, uint32_t messages)
{
    uint32_t handled = 0;
    while (w->run_first != 0 && actors-- > 0)
        handled += run_actor(w, runq_pop(w), messages);
    return handled;
}
