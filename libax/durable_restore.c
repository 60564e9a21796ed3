/* SPDX-License-Identifier: MIT */
/* libax/durable_restore.c - a successor puts back the stacks of handlers that its predecessor left
 * suspended, before its loop runs, and whatever cannot be put back is said.
 *
 * What was saved is looked at before it is used: it is of a process with the same addresses, lies
 * within its block, adds up, and is of the message that the actor still has in hand. What the
 * runtime itself needs of a strand is not taken from there but set. */
#include "libax/durable.h"

#include "libax/event.h"
#include "libax/given.h"
#include "libax/life.h"
#include "libax/place.h"
#include "libax/room.h"
#include "libax/turn.h"

#include <stdio.h>
#include <string.h>

static const char *unfit(struct worker *w, uint32_t index, struct shm_durable *record)
{
    uint64_t block = (uint64_t)SHM_UNIT << record->order;
    uint64_t small = record->stack + shm_round(record->made, 8);
    uint64_t end = small + record->given;
    if (record->place != place_id())
        return "its plugin has been loaded anew";
    if (!w->placed || !w->plugin->actors[actor_at(w, index)->type]->durable)
        return "its addresses are taken";
    if (record->stack % 8 != 0 || record->stack < sizeof(struct strand) || end > block ||
        sizeof *record + end > block || durable_sum(record) != record->sum)
        return "what was saved of it does not add up";
    return NULL;
}

/* The message that was in hand is still there; a hook has none. */
static bool in_hand(struct worker *w, uint32_t index, const struct ax_ctx *ctx)
{
    const struct shm_actor *actor = actor_at(w, index);
    uint64_t first = actor->flags & SHM_IN_HOOK ? 0 : shm_chain_first(&w->port, &actor->mail);
    return ctx->message == first && (first != 0) == !(actor->flags & SHM_IN_HOOK);
}

/* Stack and strand as they were, and what has been made of a large reply. */
static bool put_back(struct worker *w, uint32_t index, struct strand *strand,
                     struct shm_durable *record)
{
    const struct strand empty = *strand;
    uint8_t *end = (uint8_t *)(strand + 1), *sp = end - record->stack;
    struct strand saved;
    memcpy(&saved, record->bytes + record->stack - sizeof saved, sizeof saved);
    if ((uint64_t)(uintptr_t)sp != record->sp || sp < empty.fiber.stack ||
        saved.ctx.self != w->self[index] || saved.ctx.actor != index ||
        saved.asks != record->corr || saved.ctx.given.size != record->given ||
        !in_hand(w, index, &saved.ctx))
        return false;
    memcpy(sp, record->bytes, record->stack);
    strand->fiber = empty.fiber;
    strand->fiber.sp = sp;
    strand->number = empty.number;
    strand->reply_room = empty.reply_room;
    strand->saved = 0;
    strand->ctx.worker = w;
    w->strand_of[index] = strand;
    strand->ctx.type = w->plugin->actors[actor_at(w, index)->type];
    strand->ctx.frame =
        saved.ctx.message == 0 ? NULL : shm_chain_frame(&w->port, saved.ctx.message);
    strand->ctx.reply_heap = strand->ctx.tail = strand->ctx.given.copy = NULL;
    if (record->given != 0 && !given_restore(&strand->ctx, durable_small(record), record->given))
        return false;
    if (record->made == 0)
        return true;
    void *reply = durable_reply(strand, w->port.geo.max_message + (uint64_t)record->made);
    if (reply == NULL || reply != strand->ctx.reply || record->made != strand->ctx.reply_size)
        return false;
    memcpy(reply, durable_made(record), record->made);
    return true;
}

static bool ask_again(struct worker *w, struct strand *strand, uint32_t unit,
                      const struct shm_durable *record)
{
    uint64_t deadline = record->deadline;
    if (record->corr == 0)
        return true;
    if (deadline == 0)
        deadline = deadline_after(w->now, record->timeout);
    struct pending *entry = pending_restore(w, record->corr, strand, deadline, record->answer != 0);
    if (entry == NULL)
        return false;
    entry->target = record->target;
    entry->contract =
        (const void *)(uintptr_t)record->contract;   // NOLINT(performance-no-int-to-ptr)
    entry->reply = (void *)(uintptr_t)record->reply; // NOLINT(performance-no-int-to-ptr)
    entry->method = record->method;
    entry->durable = unit;
    durable_stamp(w, entry);
    return true;
}

static const char *restore(struct worker *w, uint32_t index, struct shm_durable *record)
{
    const char *wrong = unfit(w, index, record);
    if (wrong != NULL)
        return wrong;
    struct strand *strand = strand_claim(w, record->strand);
    if (strand == NULL)
        return "its place is taken";
    uint32_t unit = (uint32_t)(((uint8_t *)record - w->port.units) / SHM_UNIT);
    if (self_open(w, index) == 0 && put_back(w, index, strand, record) &&
        ask_again(w, strand, unit, record)) {
        strand->restored = w->restored;
        w->restored = strand;
        return NULL;
    }
    self_close(w, index);
    given_drop(&strand->ctx);
    strand_unclaim(w, strand);
    return "what was saved of it does not fit";
}

static void say_lost(struct worker *w, uint32_t index, const char *why)
{
    char text[160], who[SHM_NAME_MAX + 1];
    actor_name(w, index, who);
    snprintf(text, sizeof text, "a durable await is canceled: %s", why);
    worker_log(w, AX_WARN, who, text);
    shm_turn_begin(&w->port, 0, 0);
    event_next(w, SHM_AWAIT_LOST, index);
    turn_commit(w);
}

/* Those that were answered come last: others need the very places of their asks. */
static void restore_all(struct worker *w, bool answered)
{
    for (uint32_t index = w->port.priv->fresh_actor - 1; index > 0; index--) {
        const struct shm_actor *actor = actor_at(w, index);
        if (actor->state == SHM_FREE || !actor->suspended)
            continue;
        struct shm_durable *record = durable_of(&w->port, index);
        if (answered != (record != NULL && record->answer != 0))
            continue;
        const char *wrong =
            w->plugin->actors[actor->type]->durable ? "nothing was saved of it" : NULL;
        if (record != NULL)
            wrong = restore(w, index, record);
        if (wrong != NULL)
            say_lost(w, index, wrong);
    }
}

void durable_restore(struct worker *w)
{
    restore_all(w, false);
    restore_all(w, true);
}

void durable_discard(struct worker *w, uint32_t index)
{
    for (struct strand *strand = w->restored; strand != NULL; strand = strand->restored) {
        if (strand->ctx.actor != index)
            continue;
        struct pending *entry = pending_find(w, strand->asks);
        if (entry != NULL)
            pending_cancel(w, entry);
        strand->ctx.actor = 0;
    }
}

static void answer_kept(struct worker *w, const struct strand *strand)
{
    struct pending *entry = pending_find(w, strand->asks);
    if (entry == NULL) /* it has been answered since */
        return;
    struct shm_durable *record = shm_unit(&w->port, entry->durable);
    const uint8_t *body = durable_small(record);
    const struct ax_layout *layout = entry->contract->methods[entry->method].reply;
    uint32_t size = layout->size, unit = (uint32_t)(record->answer >> 32);
    if (record->answer == 0)
        return;
    if (unit != 0) {
        const struct shm_answer *kept = shm_unit(&w->port, unit);
        body = kept->body;
        size = kept->size;
    }
    int error = (uint16_t)record->answer;
    if (body + size > (uint8_t *)record + (SHM_UNIT << record->order) && unit == 0)
        error = AX_E_INVALID;
    pending_answer(w, strand->asks, error, body, size, entry->method, false);
}

void durable_resume(struct worker *w)
{
    for (struct strand *strand; (strand = w->restored) != NULL;) {
        w->restored = strand->restored;
        if (strand->ctx.actor == 0)
            strand_unclaim(w, strand);
        else if (strand->asks == 0)
            room_enter(w, strand, false);
        else
            answer_kept(w, strand);
    }
}
