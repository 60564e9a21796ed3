/* SPDX-License-Identifier: MIT */
/* libax/ask.c - questions and their answers.
 *
 * An ask that is awaited is known to this process alone, by its number in the pending table.
 *
 * An async ask must be answered across deaths. It is a timer of its actor (timer.c) whose message
 * is the timeout; the reply takes the timer's place. Its number is the timer's id with ASK_ASYNC.
 */
#include "libax/ask.h"

#include "libax/deadlock.h"
#include "libax/durable.h"
#include "libax/far.h"
#include "libax/given.h"
#include "libax/room.h"
#include "libax/timer.h"
#include "libax/turn.h"

#include <stdlib.h>
#include <string.h>

/* Sends the question. An ask that waits for room has no number meanwhile: only one thing at a time
 * may end its wait. */
static inline int ask_once(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out,
                           void *reply, uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    if (shm_unlikely(ctx->type->durable)) {
        int error = durable_prepare(ctx, reply, &out->contract->methods[out->method]);
        if (error != 0)
            return error;
    }
    struct pending *entry = pending_new(w, to, timeout_ns);
    if (shm_unlikely(entry == NULL))
        return AX_E_LIMIT;
    entry->contract = out->contract;
    entry->method = out->method;
    entry->reply = reply;
    w->current->asks = entry->corr;
    int error = send_once(ctx, to, out, SHM_ASK, entry->corr);
    if (shm_unlikely(error != 0))
        pending_cancel(w, entry);
    return error;
}

/* The same when there was no room, with one deadline over both waits. */
static int ask_for_room(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, void *reply,
                        uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    struct ax_outgoing given = *out;
    int error = given_keep(ctx, &given);
    if (error != 0)
        return error;
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns);
    error = AX_E_FULL;
    for (bool again = false; error == AX_E_FULL; again = true) {
        error = room_wait(ctx, to, (uint32_t)outgoing_size(&given), deadline, again);
        if (error != 0)
            break;
        clock_read(w);
        uint64_t left = w->now < deadline ? deadline - w->now : 0;
        error = ask_once(ctx, to, &given, reply, deadline == UINT64_MAX ? AX_FOREVER : left);
        w->current->let_on = false;
    }
    given_drop(ctx);
    return error;
}

int ax_ask_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, void *reply,
            uint64_t timeout_ns, bool wait)
{
    struct worker *w = ctx->worker;
    if (shm_unlikely(to.node != 0))
        return far_ask(ctx, to, out, reply, timeout_ns, wait);
    uint32_t local = actor_local(w, to.addr);
    if (local != 0 && (local == ctx->actor || actor_at(w, local)->suspended) &&
        deadlock(ctx, local))
        return AX_E_DEADLOCK;
    if (shm_unlikely(ctx->tail != NULL)) {
        free(ctx->tail);
        ctx->tail = NULL;
    }
    int error = ask_once(ctx, to.addr, out, reply, timeout_ns);
    if (shm_unlikely(error == AX_E_FULL && wait))
        error = ask_for_room(ctx, to.addr, out, reply, timeout_ns);
    if (shm_unlikely(error != 0)) {
        durable_unprepare(w);
        return error;
    }
    w->current->waits_on = local;
    return pending_wait(w);
}

int ax_ask_async_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                  uint64_t timeout_ns, uint64_t *ask)
{
    struct worker *w = ctx->worker;
    if (to.node != 0)
        return far_ask_async(ctx, to, out, timeout_ns, ask);
    int error = admit(w, to.addr, out->contract, outgoing_size(out));
    if (error != 0) /* before the timer is made */
        return error;
    const struct post timeout = {
        .to = actor_ref(w, ctx->actor),
        .from = to.addr,
        .method = AX_E_TIMEOUT,
        .kind = SHM_ERROR,
    };
    uint64_t id;
    clock_read(w);
    error = timer_set(w, ctx->actor, deadline_after(w->now, timeout_ns), 0, &timeout,
                      contract_hash(w, out->contract), ASK_ASYNC, &id);
    if (error != 0)
        return error;
    error = send_once(ctx, to.addr, out, SHM_ASK, id);
    if (error != 0)
        timer_clear(w, ctx->actor, id);
    else if (ask != NULL)
        *ask = id;
    return error;
}

bool asked_of(struct worker *w, uint64_t to, uint64_t corr, uint32_t slot)
{
    const struct pending *entry = pending_find(w, corr);
    if (!(corr & ASK_ASYNC))
        return entry == NULL || SHM_REF_SLOT(entry->target) == slot;
    uint32_t actor = actor_local(w, to);
    const struct shm_frame *timeout = actor == 0 ? NULL : timer_frame(w, actor, corr);
    return timeout == NULL || SHM_REF_SLOT(timeout->from) == slot;
}

int async_answer(struct worker *w, uint32_t actor, const struct post *reply)
{
    struct post post = *reply;
    const struct shm_frame *timeout = timer_frame(w, actor, reply->corr);
    if (timeout == NULL) {
        w->port.priv->late_replies++;
        return 0;
    }
    post.stamp = timeout->stamp; /* the contract */
    int error = post_local(w, actor, &post);
    if (error == 0)
        timer_clear(w, actor, reply->corr);
    return error;
}

int answer(struct worker *w, const struct shm_frame *ask, const struct post *reply, uint64_t *wake)
{
    uint32_t slot = SHM_REF_SLOT(ask->from);
    *wake = 0;
    if (slot == w->port.slot && !(ask->corr & ASK_ASYNC)) {
        *wake = ask->corr;
        return durable_answer(w, ask->corr, reply->kind == SHM_ERROR ? reply->method : 0,
                              reply->fixed, reply->size, reply->method, true);
    }
    struct post post = *reply;
    post.to = ask->from;
    post.from = ask->to;
    post.corr = ask->corr;
    if (slot != w->port.slot) {
        uint32_t lane = post.kind == SHM_REPLY ? SHM_DATA : SHM_CONTROL;
        return slot < w->port.slots ? post_slot(w, slot, lane, &post) : 0;
    }
    uint32_t actor = actor_local(w, ask->from);
    return actor != 0 ? async_answer(w, actor, &post) : 0;
}

int answer_error(struct worker *w, const struct shm_frame *ask, int error, uint64_t *wake)
{
    const struct post post = {.kind = SHM_ERROR,
                              .method = (uint16_t)(error > 0 ? error : AX_E_CANCELED)};
    *wake = 0;
    return ask->kind == SHM_ASK ? answer(w, ask, &post, wake) : 0;
}

static int reply_part(struct ax_ctx *ctx, struct ax_str *field, const void *ptr, uint32_t len)
{
    uint8_t *base = ctx->reply, *at = (uint8_t *)field;
    if (base == NULL || at < base || at + sizeof *field > base + ctx->reply_size)
        return AX_E_INVALID;
    uint32_t most = ctx->worker->port.geo.max_message;
    if (ctx->reply_size >= most || len >= most - ctx->reply_size)
        return AX_E_TOO_BIG;
    field->off = base + ctx->reply_size - at;
    field->len = len;
    field->zero = 0;
    if (len != 0)
        memcpy(base + ctx->reply_size, ptr, len);
    base[ctx->reply_size + len] = 0;
    ctx->reply_size += len + 1;
    return 0;
}

int ax_reply_str(struct ax_ctx *ctx, struct ax_str *field, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    return len > UINT32_MAX / 2 ? AX_E_TOO_BIG : reply_part(ctx, field, text, (uint32_t)len);
}

int ax_reply_bytes(struct ax_ctx *ctx, struct ax_bytes *field, const void *ptr, uint32_t len)
{
    return reply_part(ctx, (struct ax_str *)(void *)field, ptr, len);
}
