/* SPDX-License-Identifier: MIT */
/* libax/pending.c - the table of what strands wait for: asks and claims.
 *
 * A number names an entry, a serial, and the incarnation of the process, so that a late reply to an
 * earlier life finds nobody. When the process dies the strand dies with it, so the number need not
 * survive; that of a durable actor's ask does, and is entered again as it was. */
#include "libax/pending.h"

#include "libax/deadlock.h"
#include "libax/durable.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_BITS 16
#define SERIAL_BITS 32

static uint64_t number(struct worker *w, uint32_t index, uint32_t serial)
{
    uint64_t life = w->boot->incarnation & 0x3fff;
    uint64_t mark = w->current->saved != 0 ? ASK_DURABLE : 0;
    return mark | life << (INDEX_BITS + SERIAL_BITS) | (uint64_t)serial << INDEX_BITS | index;
}

static uint32_t index_of(uint64_t corr)
{
    return (uint32_t)(corr & ((1u << INDEX_BITS) - 1));
}

int pending_open(struct worker *w)
{
    w->pending_count = w->boot->max_asks + 1;
    w->pending = calloc(w->pending_count, sizeof *w->pending);
    if (w->pending == NULL)
        return -ENOMEM;
    w->pending_used = 1; /* the rest is not even touched before it is needed */
    w->next_deadline = w->room_deadline = UINT64_MAX;
    return 0;
}

struct pending *pending_find(struct worker *w, uint64_t corr)
{
    uint32_t index = index_of(corr);
    if (index == 0 || index >= w->pending_used)
        return NULL;
    struct pending *entry = &w->pending[index];
    return entry->strand != NULL && entry->corr == corr ? entry : NULL;
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
        if (entry->strand == NULL)
            continue;
        if (entry->durable != 0)
            durable_stamp(w, entry);
        if (entry->target != 0)
            deadlock_show(w, entry->strand, entry->target);
        if (entry->deadline < w->next_deadline)
            w->next_deadline = entry->deadline;
    }
}

/* Takes any free entry; w->pending_count: there is none. */
static uint32_t take_any(struct worker *w)
{
    uint32_t index = w->pending_free != 0 ? w->pending_free : w->pending_used;
    if (index == w->pending_count)
        return index;
    if (index == w->pending_used)
        w->pending_used++;
    else
        w->pending_free = w->pending[index].next_free;
    return index;
}

struct pending *pending_new(struct worker *w, uint64_t target, uint64_t timeout_ns)
{
    uint32_t index = strand_spare(w) ? take_any(w) : w->pending_count;
    if (index == w->pending_count)
        return NULL;
    struct pending *entry = &w->pending[index];
    entry->strand = w->current;
    entry->target = target;
    entry->timeout = timeout_ns;
    entry->deadline = UINT64_MAX;
    entry->corr = number(w, index, ++entry->serial);
    entry->durable = 0;
    entry->reply = NULL;
    entry->contract = NULL;
    if (!entry->unstamped) {
        entry->unstamped = true;
        entry->next_unstamped = w->pending_unstamped;
        w->pending_unstamped = index;
    }
    return entry;
}

static void push_free(struct worker *w, struct pending *entry, uint32_t index)
{
    entry->next_free = w->pending_free;
    w->pending_free = index;
}

/* Takes an entry that nobody uses out of the free ones. */
static bool take_free(struct worker *w, uint32_t index)
{
    for (; w->pending_used <= index; w->pending_used++)
        push_free(w, &w->pending[w->pending_used], w->pending_used);
    uint32_t *link = &w->pending_free;
    while (*link != 0 && *link != index)
        link = &w->pending[*link].next_free;
    if (*link == 0)
        return false;
    *link = w->pending[index].next_free;
    return true;
}

struct pending *pending_restore(struct worker *w, uint64_t corr, struct strand *strand,
                                uint64_t deadline, bool answered)
{
    uint32_t index = index_of(corr);
    if (index == 0 || index >= w->pending_count)
        return NULL;
    if (!take_free(w, index)) {
        /* its own may have been given to a later ask */
        index = answered ? take_any(w) : w->pending_count;
        if (index == w->pending_count)
            return NULL;
        corr = number(w, index, ++w->pending[index].serial);
        strand->asks = corr;
    }
    struct pending *entry = &w->pending[index];
    entry->strand = strand;
    entry->corr = corr;
    entry->deadline = deadline;
    if (deadline < w->next_deadline)
        w->next_deadline = deadline;
    return entry;
}

static struct strand *release(struct worker *w, struct pending *entry)
{
    struct strand *strand = entry->strand;
    entry->strand = NULL;
    push_free(w, entry, index_of(entry->corr));
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
    if (!checked && !image_valid(layout, body, size))
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
    struct pending *entry = pending_find(w, corr);
    if (entry == NULL) {
        w->port.priv->late_replies++;
        return false;
    }
    if (error == 0 && entry->contract != NULL)
        error = method == entry->method ? take_reply(entry, body, size, checked) : AX_E_INVALID;
    else if (error == 0 && entry->reply != NULL && size >= entry->bytes)
        memcpy(entry->reply, body, entry->bytes);
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
            finish(w, entry,
                   deadlock_found(w, entry->strand, entry->target) ? AX_E_DEADLOCK : AX_E_TIMEOUT);
        else if (entry->deadline < next)
            next = entry->deadline;
    }
    w->next_deadline = next;
}

static void fail(struct worker *w, struct pending *entry, int error)
{
    if (entry->durable != 0)
        durable_fail(w, entry, error);
    finish(w, entry, error);
}

void pending_fail_slot(struct worker *w, uint32_t slot, int error)
{
    for (uint32_t i = 1; i < w->pending_used; i++)
        if (w->pending[i].strand != NULL && w->pending[i].target != 0 &&
            SHM_REF_SLOT(w->pending[i].target) == slot)
            fail(w, &w->pending[i], error);
}

void pending_fail_all(struct worker *w, int error)
{
    for (uint32_t i = 1; i < w->pending_used; i++)
        if (w->pending[i].strand != NULL)
            fail(w, &w->pending[i], error);
}

struct strand *pending_drop(struct worker *w, uint32_t actor)
{
    for (uint32_t i = 1; i < w->pending_used; i++) {
        struct pending *entry = &w->pending[i];
        if (entry->strand != NULL && entry->strand->ctx.actor == actor)
            return release(w, entry);
    }
    return NULL;
}

void pending_cancel(struct worker *w, struct pending *entry)
{
    release(w, entry);
}

int pending_wait(struct worker *w)
{
    struct strand *strand = w->current;
    turn_suspend(w);
    turn_continue(w);
    if (shm_unlikely(strand->shown))
        deadlock_hide(w, strand);
    return strand->result;
}
