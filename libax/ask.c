/* SPDX-License-Identifier: MIT */
/* libax/ask.c - questions, and whoever waits for the answer.
 *
 * An ask that is awaited is known to this process alone: its number names an entry of the pending
 * table, a serial, and the incarnation of the process, so that a late reply to an earlier life
 * finds nobody. When the process dies the strand dies with it, so the number need not survive.
 *
 * An async ask must be answered across deaths. It is a timer of its actor (timer.c) whose message
 * is the timeout; the reply takes the timer's place. Its number is the timer's id with ASK_ASYNC.
 */
#include "libax/ask.h"

#include "libax/event.h"
#include "libax/timer.h"
#include "libax/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_BITS 16
#define SERIAL_BITS 32

static uint64_t number(struct worker *w, uint32_t index, uint32_t serial)
{
    uint64_t life = w->boot->incarnation & 0x7fff;
    return life << (INDEX_BITS + SERIAL_BITS) | (uint64_t)serial << INDEX_BITS | index;
}

int pending_open(struct worker *w)
{
    w->pending_count = w->boot->max_asks + 1;
    w->pending = calloc(w->pending_count, sizeof *w->pending);
    if (w->pending == NULL)
        return -ENOMEM;
    w->pending_used = 1; /* the rest is not even touched before it is needed */
    w->next_deadline = UINT64_MAX;
    return 0;
}

static uint64_t deadline_after(uint64_t now, uint64_t timeout_ns)
{
    if (timeout_ns == AX_FOREVER)
        return UINT64_MAX;
    return timeout_ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + timeout_ns;
}

static struct pending *find(struct worker *w, uint64_t corr)
{
    uint32_t index = (uint32_t)(corr & ((1u << INDEX_BITS) - 1));
    if (index == 0 || index >= w->pending_used)
        return NULL;
    struct pending *entry = &w->pending[index];
    return entry->strand != NULL && number(w, index, entry->serial) == corr ? entry : NULL;
}

/* Reading the clock for each ask would be a tenth of its cost. A timeout becomes a deadline when
 * the loop next reads the clock; most asks have been answered by then. */
void pending_stamp(struct worker *w)
{
    while (w->pending_unstamped != 0) {
        struct pending *entry = &w->pending[w->pending_unstamped];
        w->pending_unstamped = entry->next_unstamped;
        entry->unstamped = false;
        entry->deadline = deadline_after(w->now, entry->timeout);
        if (entry->strand != NULL && entry->deadline < w->next_deadline)
            w->next_deadline = entry->deadline;
    }
}

uint64_t pending_new(struct worker *w, uint64_t target, uint64_t timeout_ns)
{
    uint32_t index = w->pending_free != 0 ? w->pending_free : w->pending_used;
    if (index == w->pending_count || !strand_spare(w))
        return 0;
    struct pending *entry = &w->pending[index];
    if (index == w->pending_used)
        w->pending_used++;
    else
        w->pending_free = entry->next_free;
    entry->strand = w->current;
    entry->target = target;
    entry->timeout = timeout_ns;
    entry->deadline = UINT64_MAX;
    entry->serial++;
    entry->reply = NULL;
    entry->contract = NULL;
    if (!entry->unstamped) {
        entry->unstamped = true;
        entry->next_unstamped = w->pending_unstamped;
        w->pending_unstamped = index;
    }
    return number(w, index, entry->serial);
}

static struct strand *release(struct worker *w, struct pending *entry)
{
    struct strand *strand = entry->strand;
    entry->strand = NULL;
    entry->next_free = w->pending_free;
    w->pending_free = (uint32_t)(entry - w->pending);
    return strand;
}

static void finish(struct worker *w, struct pending *entry, int result)
{
    struct strand *strand = release(w, entry);
    strand->result = result;
    strand_ready(w, strand);
}

/* Copies a reply to where the asker wants it. */
static int take_reply(struct pending *entry, const void *body, uint32_t size, bool checked)
{
    const struct ax_layout *layout = entry->contract->methods[entry->method].reply;
    struct ax_ctx *ctx = &entry->strand->ctx;
    if (!checked && ax_layout_validate(layout, body, size) != 0)
        return AX_E_INVALID;
    if (!layout->has_var) {
        if (shm_likely(layout->size == 8))
            memcpy(entry->reply, body, 8);
        else
            memcpy(entry->reply, body, layout->size);
        return 0;
    }
    ctx->tail = malloc(size);
    if (ctx->tail == NULL)
        return -ENOMEM;
    memcpy(ctx->tail, body, size);
    memcpy(entry->reply, body, layout->size);
    ax_layout_relocate(layout, entry->reply, ctx->tail);
    return 0;
}

bool pending_answer(struct worker *w, uint64_t corr, int error, const void *body, uint32_t size,
                    uint16_t method, bool checked)
{
    struct pending *entry = find(w, corr);
    if (entry == NULL) {
        w->port.priv->late_replies++;
        return false;
    }
    if (error == 0 && entry->contract != NULL)
        error = method == entry->method ? take_reply(entry, body, size, checked) : AX_E_INVALID;
    else if (error == 0 && entry->reply != NULL && size >= sizeof(uint32_t))
        memcpy(entry->reply, body, sizeof(uint32_t)); /* a claim: the name's entry */
    finish(w, entry, error);
    return true;
}

void pending_expire(struct worker *w)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 1; i < w->pending_used; i++) {
        struct pending *entry = &w->pending[i];
        if (entry->strand == NULL)
            continue;
        if (entry->deadline <= w->now)
            finish(w, entry, AX_E_TIMEOUT);
        else if (entry->deadline < next)
            next = entry->deadline;
    }
    w->next_deadline = next;
}

void pending_fail_slot(struct worker *w, uint32_t slot, int error)
{
    for (uint32_t i = 1; i < w->pending_used; i++)
        if (w->pending[i].strand != NULL && w->pending[i].target != 0 &&
            SHM_REF_SLOT(w->pending[i].target) == slot)
            finish(w, &w->pending[i], error);
}

void pending_reply_to(struct worker *w, uint64_t corr, void *reply)
{
    struct pending *entry = find(w, corr);
    if (entry != NULL)
        entry->reply = reply;
}

void pending_cancel(struct worker *w, uint64_t corr)
{
    struct pending *entry = find(w, corr);
    if (entry != NULL)
        release(w, entry);
}

int pending_wait(struct worker *w)
{
    struct strand *strand = w->current;
    turn_pause(w);
    strand_suspend(w);
    turn_continue(w);
    strand->waits_on = 0;
    return strand->result;
}

/* ---- deadlocks within the worker ---- */

static struct strand *strand_of(struct worker *w, uint32_t actor)
{
    for (uint32_t i = 1; i < w->pending_used; i++) {
        struct strand *strand = w->pending[i].strand;
        if (strand != NULL && strand->ctx.actor == actor)
            return strand;
    }
    for (struct strand *strand = w->room.first; strand != NULL;
         strand = (struct strand *)strand->fiber.next)
        if (strand->ctx.actor == actor)
            return strand;
    return NULL;
}

static size_t name_link(struct worker *w, uint32_t index, const char *arrow, char *text,
                        size_t room)
{
    char name[AX_NAME_MAX + 1];
    actor_name(w, index, name);
    int length = snprintf(text, room, "%s%s", arrow, name);
    return length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

/* Would waiting for `local` wait for ourselves? Follows who waits for whom in this worker, and logs
 * the chain. */
static bool deadlock(struct ax_ctx *ctx, uint32_t local)
{
    struct worker *w = ctx->worker;
    char chain[512];
    size_t used = name_link(w, ctx->actor, "", chain, sizeof chain);
    for (uint32_t at = local, hops = 0; at != 0 && hops < w->port.geo.actors; hops++) {
        used += name_link(w, at, " -> ", chain + used, sizeof chain - used);
        if (at == ctx->actor) {
            ax_log(ctx, AX_WARN, "deadlock: %s would wait for itself", chain);
            return true;
        }
        const struct strand *strand = actor_at(w, at)->suspended ? strand_of(w, at) : NULL;
        at = strand != NULL ? strand->waits_on : 0;
    }
    return false;
}

/* ---- waiting for room ---- */

int room_wait(struct ax_ctx *ctx, uint64_t to, uint32_t bytes, uint64_t deadline)
{
    struct worker *w = ctx->worker;
    struct strand *strand = w->current;
    uint32_t local = actor_local(w, to);
    if (local != 0 && deadlock(ctx, local))
        return AX_E_DEADLOCK;
    if (!strand_spare(w))
        return AX_E_LIMIT;
    turn_pause(w);
    strand->wants = (struct wants){.to = to, .bytes = bytes, .deadline = deadline};
    strand->waits_on = local;
    strand_push(&w->room, strand);
    strand_suspend(w);
    turn_continue(w);
    strand->waits_on = 0;
    return strand->result;
}

void room_wake(struct worker *w)
{
    struct strand_queue all = w->room;
    w->room = (struct strand_queue){0};
    for (struct strand *strand; (strand = strand_pop(&all)) != NULL;) {
        const struct wants *wants = &strand->wants;
        bool late = w->now >= wants->deadline;
        strand->result = late ? AX_E_TIMEOUT : 0;
        strand_push(late || may_have_room(w, wants->to, wants->bytes) ? &w->ready : &w->room,
                    strand);
    }
}

/* Sends the question. An ask that waits for room has no number meanwhile: only one thing at a time
 * may end its wait. */
static inline int ask_once(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out,
                           void *reply, uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    uint64_t corr = pending_new(w, to, timeout_ns);
    if (shm_unlikely(corr == 0))
        return AX_E_LIMIT;
    struct pending *entry = &w->pending[corr & ((1u << INDEX_BITS) - 1)];
    entry->contract = out->contract;
    entry->method = out->method;
    entry->reply = reply;
    int error = send_once(ctx, to, out, SHM_ASK, corr);
    if (shm_unlikely(error != 0))
        release(w, entry);
    return error;
}

/* The same when there was no room, with one deadline over both waits. */
static int ask_for_room(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, void *reply,
                        uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns);
    int error = AX_E_FULL;
    while (error == AX_E_FULL) {
        error = room_wait(ctx, to, (uint32_t)outgoing_size(out), deadline);
        if (error != 0)
            return error;
        clock_read(w);
        uint64_t left = w->now < deadline ? deadline - w->now : 0;
        error = ask_once(ctx, to, out, reply, deadline == UINT64_MAX ? AX_FOREVER : left);
    }
    return error;
}

int ax_ask_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, void *reply,
            uint64_t timeout_ns, bool wait)
{
    struct worker *w = ctx->worker;
    if (shm_unlikely(to.node != 0))
        return AX_E_NO_ACTOR;
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
    if (shm_unlikely(error != 0))
        return error;
    w->current->waits_on = local;
    return pending_wait(w);
}

int ax_ask_async_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                  uint64_t timeout_ns, uint64_t *ask)
{
    struct worker *w = ctx->worker;
    if (to.node != 0)
        return AX_E_NO_ACTOR;
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
    error = timer_set(w, ctx->actor, deadline_after(w->now, timeout_ns), &timeout,
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
    const struct pending *entry = find(w, corr);
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
        return 0;
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
