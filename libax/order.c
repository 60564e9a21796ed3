/* SPDX-License-Identifier: MIT */
/* libax/order.c - orders: questions to the runtime about an actor, and to its hooks. They wait in a
 * mailbox of their own, the chain `control` of its struct shm_more, with a capacity of its own; the
 * actor takes them before its messages, at most 64 in a row, so neither starves the other.
 *
 *   ping       answered also while the actor awaits or waits for its restart
 *   snapshot   runs the hook between two messages; the answer is what it has kept (snapshot.c)
 *
 * A stop is no order in this sense: it is a flag (SHM_STOPPING), so it is never refused and there
 * is no place in a queue that it would have to wait for. Downs and replies keep their place among
 * the messages, for order from one actor to another holds over them.
 *
 * An order is consumed in the turn that answers it. It is asked like an ask, of a contract that
 * every actor has. */
#include "libax/order.h"

#include "libax/ask.h"
#include "libax/deadlock.h"
#include "libax/life.h"
#include "libax/meter.h"
#include "libax/send.h"
#include "libax/snapshot.h"
#include "libax/turn.h"

#include <stdlib.h>
#include <string.h>

#define AX_CONTRACT order
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(ping, (), ())                                                                              \
    ASK(save, (), (bytes, data))
#include <ax/contract.h>
_Static_assert((int)order_method_ping == (int)SHM_ORDER_PING &&
                   (int)order_method_save == (int)SHM_ORDER_SNAPSHOT,
               "one number");

#define IN_A_ROW 64u
#define CAPACITY_LEAST 8u
#define CAPACITY_MOST 1024u
#define PING_NS AX_SECONDS(1)
#define SNAPSHOT_NS AX_SECONDS(3)
#define SMALL 64u /* bytes of an answer that goes by the control lane */

static uint32_t capacity(struct worker *w, const struct shm_actor *actor)
{
    uint32_t own = w->port.priv->policy[actor->policy].control_capacity;
    if (own != 0)
        return own;
    if (actor->capacity < CAPACITY_LEAST)
        return CAPACITY_LEAST;
    return actor->capacity < CAPACITY_MOST ? actor->capacity : CAPACITY_MOST;
}

/* ---- into the mailbox and out of it ---- */

static int add(struct worker *w, uint32_t index, const struct post *post)
{
    struct shm_actor *actor = actor_at(w, index);
    uint32_t size = shm_frame_size(post->size);
    if (actor->state == SHM_CLOSING)
        return AX_E_CLOSED;
    if (order_depth(&w->port, index) >= capacity(w, actor))
        return AX_E_FULL;
    if (!shm_log_room(&w->port, SHM_CHAIN_WORDS + 2))
        return AX_E_LIMIT;
    struct shm_more *more = more_get(w, index);
    if (more == NULL)
        return AX_E_NO_MEMORY;
    shm_chain_log_again(&w->port, &more->control);
    uint64_t word = shm_chain_reserve(&w->port, &more->control, size);
    if (word == 0)
        return AX_E_NO_MEMORY;
    post_fill(shm_chain_frame(&w->port, word - size), post);
    shm_chain_append(&w->port, &more->control, word);
    shm_log(&w->port, &actor->urgent);
    actor->urgent = 1;
    publish_later(w, index);
    runq_append(w, index);
    return 0;
}

/* In the open turn, which ends with it. */
static void consume(struct worker *w, uint32_t index, uint64_t first)
{
    struct shm_more *more = more_of(&w->port, index);
    struct shm_actor *actor = actor_at(w, index);
    shm_chain_log_again(&w->port, &more->control);
    shm_chain_consume(&w->port, &more->control, first);
    shm_log(&w->port, &actor->urgent);
    actor->urgent = shm_chain_depth(&more->control) != 0;
    publish_later(w, index);
}

static uint64_t first_order(struct worker *w, uint32_t index)
{
    const struct shm_more *more = more_of(&w->port, index);
    return more == NULL ? 0 : shm_chain_first(&w->port, &more->control);
}

/* In the open turn. A strand here is told after the commit. */
static int reply(struct worker *w, const struct shm_frame *order, struct post post)
{
    uint32_t slot = SHM_REF_SLOT(order->from);
    post.to = order->from;
    post.from = order->to;
    post.corr = order->corr;
    if (slot == w->port.slot || slot >= w->port.slots)
        return 0;
    return post_slot(w, slot, post.size <= SMALL ? SHM_CONTROL : SHM_DATA, &post);
}

static int reply_error(struct worker *w, const struct shm_frame *order, int error)
{
    return reply(w, order, (struct post){.kind = SHM_ERROR, .method = (uint16_t)error});
}

static uint64_t local_asker(struct worker *w, const struct shm_frame *order)
{
    return SHM_REF_SLOT(order->from) == w->port.slot ? order->corr : 0;
}

int order_arrived(struct worker *w, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    const struct post post = {
        .to = frame->to,
        .from = frame->from,
        .corr = frame->corr,
        .method = frame->method,
        .kind = SHM_ORDER,
    };
    int error = index == 0 ? AX_E_NO_ACTOR : add(w, index, &post);
    bool refused = error == AX_E_NO_ACTOR || error == AX_E_CLOSED || error == AX_E_FULL;
    return refused ? reply_error(w, frame, error) : error;
}

bool order_drop(struct worker *w, uint32_t index, int error)
{
    uint64_t first = first_order(w, index);
    if (first == 0)
        return true;
    const struct shm_frame *order = shm_chain_frame(&w->port, first);
    uint64_t wake = local_asker(w, order);
    shm_turn_begin(&w->port, 0, 0);
    if (reply_error(w, order, error) != 0) {
        turn_undo(w);
        return false;
    }
    consume(w, index, first);
    turn_commit(w);
    if (wake != 0)
        pending_answer(w, wake, error, NULL, 0, 0, true);
    return true;
}

/* ---- each of them ---- */

static bool pong(struct worker *w, uint32_t index, uint64_t first)
{
    const struct shm_frame *order = shm_chain_frame(&w->port, first);
    uint64_t wake = local_asker(w, order);
    struct order_ping_reply body; /* of no bytes */
    shm_turn_begin(&w->port, 0, 0);
    if (reply(w, order,
              (struct post){.kind = SHM_REPLY,
                            .method = SHM_ORDER_PING,
                            .fixed = &body,
                            .size = sizeof body}) != 0) {
        turn_undo(w);
        return false;
    }
    consume(w, index, first);
    turn_commit(w);
    if (wake != 0)
        pending_answer(w, wake, 0, &body, sizeof body, SHM_ORDER_PING, true);
    return true;
}

/* The image of the answer, in the worker's scratch; 0: the hook has kept nothing that fits. */
static uint32_t image_of(struct worker *w, uint32_t index)
{
    struct order_save_reply *body = (struct order_save_reply *)(void *)w->scratch;
    struct ax_span span = snapshot_of(&w->port, index);
    if (sizeof *body + span.len + 1 > w->port.geo.max_message)
        return 0;
    body->data = (struct ax_bytes){.off = span.len == 0 ? 0 : sizeof *body, .len = span.len};
    if (span.len != 0)
        memcpy(w->scratch + sizeof *body, span.ptr, span.len);
    w->scratch[sizeof *body + span.len] = 0;
    return (uint32_t)sizeof *body + span.len + 1;
}

/* The hook's turn answers; if it fails, strand_recover does. */
static void save(struct worker *w, uint32_t index, uint64_t first)
{
    struct shm_frame *order = shm_chain_frame(&w->port, first);
    uint64_t wake = local_asker(w, order);
    struct ax_ctx *ctx = ctx_enter(w, index);
    ctx->order = first;
    ctx->kept = 0;
    shm_turn_begin(&w->port, index, SHM_IN_ORDER);
    ctx->type->snapshot(ctx, ctx->self);
    kept_save(w, index);
    uint32_t size = ctx->kept != 0 ? image_of(w, index) : 0;
    const struct post done = {
        .kind = SHM_REPLY, .method = SHM_ORDER_SNAPSHOT, .fixed = w->scratch, .size = size};
    int error = size != 0 ? reply(w, order, done) : reply_error(w, order, AX_E_FAILED);
    if (error != 0)
        ax_fail(ctx, "no memory for the answer to a snapshot");
    consume(w, index, first);
    turn_commit(w);
    ctx_release(ctx);
    meter_look(w, index, METER_HOOK);
    if (wake != 0)
        pending_answer(w, wake, size != 0 ? 0 : AX_E_FAILED, w->scratch, size, SHM_ORDER_SNAPSHOT,
                       true);
}

/* False: not now. */
static bool run_one(struct worker *w, uint32_t index, uint64_t first, bool ready)
{
    const struct ax_actor_type *type = w->plugin->actors[actor_at(w, index)->type];
    switch ((enum shm_order)shm_chain_frame(&w->port, first)->method) {
    case SHM_ORDER_PING:
        return pong(w, index, first);
    case SHM_ORDER_SNAPSHOT:
        if (type->snapshot == NULL)
            return order_drop(w, index, AX_E_UNSUPPORTED);
        if (!ready)
            return false;
        save(w, index, first);
        return true;
    }
    return order_drop(w, index, AX_E_INVALID);
}

uint32_t orders_run(struct worker *w, uint32_t index, bool ready)
{
    uint32_t done = 0;
    for (uint64_t first; done < IN_A_ROW && (first = first_order(w, index)) != 0; done++)
        if (!run_one(w, index, first, ready))
            break;
    return done;
}

bool order_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_more *more = more_of(port, index);
    return more == NULL || shm_chain_mark(port, &more->control, used);
}

/* ---- what actors call ---- */

static int send_order(struct ax_ctx *ctx, uint64_t to, const struct post *post)
{
    struct worker *w = ctx->worker;
    uint32_t slot = SHM_REF_SLOT(to), local = actor_local(w, to);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (local != 0)
        return add(w, local, post);
    int error = slot == w->port.slot ? AX_E_NO_ACTOR : look_at_life(w, to);
    return error != 0 ? error : post_slot(w, slot, SHM_CONTROL, post);
}

static int ask(struct ax_ctx *ctx, struct ax_ref to, enum shm_order method, void *answer,
               uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    uint32_t local = actor_local(w, to.addr);
    if (to.node != 0)
        return AX_E_NO_ACTOR;
    if (method != SHM_ORDER_PING && local != 0 && deadlock(ctx, local))
        return AX_E_DEADLOCK;
    struct pending *entry = pending_new(w, to.addr, timeout_ns);
    if (entry == NULL)
        return AX_E_LIMIT;
    entry->contract = &order_contract;
    entry->method = (uint16_t)method;
    entry->reply = answer;
    const struct post post = {
        .to = to.addr,
        .from = actor_ref(w, ctx->actor),
        .corr = entry->corr,
        .method = (uint16_t)method,
        .kind = SHM_ORDER,
    };
    int error = send_order(ctx, to.addr, &post);
    if (error != 0) {
        pending_cancel(w, entry);
        return error;
    }
    free(ctx->tail);
    ctx->tail = NULL;
    w->current->waits_on = method == SHM_ORDER_PING ? 0 : local;
    return pending_wait(w);
}

int ax_ping(struct ax_ctx *ctx, struct ax_ref who, uint64_t timeout_ns)
{
    struct order_ping_reply answer;
    return ask(ctx, who, SHM_ORDER_PING, &answer, timeout_ns == 0 ? PING_NS : timeout_ns);
}

int ax_take_snapshot(struct ax_ctx *ctx, struct ax_ref who, struct ax_span *out,
                     uint64_t timeout_ns)
{
    struct order_save_reply answer = {0};
    int error =
        ask(ctx, who, SHM_ORDER_SNAPSHOT, &answer, timeout_ns == 0 ? SNAPSHOT_NS : timeout_ns);
    *out = (struct ax_span){0};
    if (error == 0)
        *out = (struct ax_span){ax_bytes(&answer.data), answer.data.len};
    return error;
}
