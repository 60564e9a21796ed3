/* SPDX-License-Identifier: MIT */
/* libax/durable.c - awaits that outlive their process.
 *
 * Every process of a template has code, stacks and private memory at the same addresses (place.h).
 * So what a suspended handler is can be saved as bytes: the used part of its stack with the strand
 * at its top, copied to a block of the arena in the turn that suspends it, and copied back to where
 * it was by a successor.
 *
 *      prepare   before the ask: take a block, so that nothing can be lacking later
 *      leave     switch away; the registers are on the stack now
 *      save      on the next strand: copy stack and strand | more.durable = block | commit
 *      answer    within the turn that takes it: keep it with the block | answer = kept
 *      go on     turn begins: more.durable = 0, the blocks are given back | ... the handler
 *
 * If the process dies after the commit of "save", the successor puts the stack back, enters the ask
 * under its old number and waits on; where an answer has been kept already it goes on with that. A
 * turn that went on and did not commit is undone, so the block is there as if it had not begun. The
 * deadline is written without a log: it is a note of what the clock says.
 *
 * A sum tells what a dying process may have written over, as far as the runtime relies on it: the
 * head and the strand. The stack itself is the handler's, as kept state is: where that is wrong,
 * the handler fails in its own turn, and is suspected. */
#include "libax/durable.h"

#include "libax/event.h"
#include "libax/memory.h"
#include "libax/more.h"
#include "libax/place.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLACK 16384u
#else
#define SLACK 1024u /* bytes of stack from durable_prepare to the switch */
#endif
#define SMALL_ANSWER 512u /* has its room in the block */

struct shm_durable *durable_of(const struct shm_port *port, uint32_t index)
{
    const struct shm_more *more = more_of(port, index);
    return more == NULL || more->durable == 0 ? NULL : shm_unit(port, more->durable);
}

uint32_t durable_answer_room(const struct ax_layout *reply)
{
    return reply->has_var || reply->size > SMALL_ANSWER ? 0 : (uint32_t)shm_round(reply->size, 8);
}

/* ---- before ---- */

bool durable_possible(struct worker *w, const struct strand *strand)
{
    static bool said;
    if (w->placed && strand_placed(strand))
        return true;
    if (!said)
        worker_log(w, AX_WARN, "ax",
                   "addresses that durable awaits need are taken: they will not outlive it");
    said = true;
    return false;
}

static bool within(const void *at, uint64_t size, const void *from, uint64_t bytes)
{
    uintptr_t first = (uintptr_t)at, start = (uintptr_t)from;
    return first >= start && size <= bytes && first - start <= bytes - size;
}

/* Where a successor has the bytes as well. */
static bool lasting(const struct ax_ctx *ctx, const void *at, uint32_t size)
{
    const struct strand *strand = ctx->worker->current;
    return size == 0 || within(at, size, strand->fiber.stack, strand->fiber.size) ||
           within(at, size, ctx->self, ctx->type->state_size) ||
           (strand->reply_room != 0 &&
            within(at, size, place_reply(strand->number), strand->reply_room));
}

/* Of a reply that is not on the stack: bytes made so far. */
static uint32_t reply_made(const struct strand *strand)
{
    const struct ax_ctx *ctx = &strand->ctx;
    bool ask = ctx->frame != NULL && ctx->frame->kind == SHM_ASK;
    return ask && strand->reply_room != 0 && ctx->reply == place_reply(strand->number)
               ? ctx->reply_size
               : 0;
}

/* `more`: bytes of an answer, or of what is to be sent. */
static int prepare(struct ax_ctx *ctx, uint64_t more)
{
    struct worker *w = ctx->worker;
    struct strand *strand = w->current;
    if (strand->saved != 0 || !durable_possible(w, strand))
        return 0;
    uint64_t used = (uint64_t)((uint8_t *)strand - (uint8_t *)__builtin_frame_address(0));
    uint64_t bytes = sizeof(struct shm_durable) + used + SLACK + sizeof *strand +
                     shm_round(reply_made(strand), 8) + more;
    uint32_t order = shm_order_of(bytes);
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!memory_room(w, (1u << order) + 16) || more_get(w, ctx->actor) == NULL)
        return AX_E_NO_MEMORY;
    while ((strand->saved = shm_arena_take(&w->port, order)) == 0)
        if (!memory_more(w))
            return AX_E_NO_MEMORY;
    ((struct shm_durable *)shm_unit(&w->port, strand->saved))->order = (uint8_t)order;
    return 0;
}

int durable_prepare(struct ax_ctx *ctx, const void *reply, const struct ax_method *method)
{
    if (method->reply == NULL || !lasting(ctx, reply, method->reply->size))
        return AX_E_INVALID;
    return prepare(ctx, durable_answer_room(method->reply));
}

int durable_prepare_room(struct ax_ctx *ctx)
{
    return prepare(ctx, shm_round(ctx->given.size, 8));
}

void durable_unprepare(struct worker *w)
{
    struct strand *strand = w->current;
    if (shm_likely(strand->saved == 0))
        return;
    const struct shm_durable *record = shm_unit(&w->port, strand->saved);
    shm_arena_give(&w->port, strand->saved, record->order);
    strand->saved = 0;
}

void *durable_reply(struct strand *strand, uint64_t bytes)
{
    void *place = place_reply(strand->number);
    if (strand->reply_room < bytes) {
        if (strand->reply_room != 0)
            munmap(place, strand->reply_room);
        bytes = shm_round(bytes, SHM_PAGE);
        strand->reply_room = place_map(place, bytes) != NULL ? bytes : 0;
    }
    return strand->reply_room != 0 ? place : NULL;
}

/* ---- save ---- */

/* Multiples of 8 bytes. On another strand's stack the sanitizer has forbidden parts. */
#if defined(__SANITIZE_ADDRESS__)
__attribute__((no_sanitize("address", "undefined"))) static void
copy_stack(void *to, const void *from, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes / 8; i++)
        ((volatile uint64_t *)to)[i] = ((const volatile uint64_t *)from)[i];
}
#else
#define copy_stack memcpy
#endif

uint64_t durable_sum(const struct shm_durable *record)
{
    const uint8_t *strand = record->bytes + record->stack - sizeof(struct strand);
    uint64_t sum = record->place + record->corr + record->target + record->timeout +
                   record->contract + record->reply + record->sp + record->stack + record->made +
                   record->given + record->strand +
                   ((uint64_t)record->order << 16 | record->method);
    for (uint32_t i = 0; i < sizeof(struct strand) / 8; i++) {
        uint64_t word;
        memcpy(&word, strand + (uint64_t)8 * i, sizeof word);
        sum += word;
    }
    return sum;
}

static void note_ask(struct worker *w, struct shm_durable *record, const struct strand *strand)
{
    struct pending *entry = pending_find(w, strand->asks);
    record->corr = strand->asks;
    record->target = record->timeout = record->contract = record->reply = 0;
    record->method = 0;
    if (strand->asks == 0)
        return;
    record->target = entry->target;
    record->timeout = entry->timeout;
    record->contract = (uint64_t)(uintptr_t)entry->contract;
    record->reply = (uint64_t)(uintptr_t)entry->reply;
    record->method = entry->method;
    entry->durable = strand->saved;
}

void durable_save(struct worker *w, struct strand *strand)
{
    struct ax_ctx *ctx = &strand->ctx;
    uint32_t unit = strand->saved, made = reply_made(strand);
    struct shm_durable *record = shm_unit(&w->port, unit);
    const uint8_t *sp = strand->fiber.sp;
    uint64_t stack = (uint64_t)((uint8_t *)(strand + 1) - sp);
    uint64_t more = strand->asks != 0 ? SMALL_ANSWER : shm_round(ctx->given.size, 8);
    if (sizeof *record + stack + shm_round(made, 8) + more > (uint64_t)SHM_UNIT << record->order)
        abort(); /* more of the stack than was foreseen */
    note_ask(w, record, strand);
    free(ctx->tail); /* readable up to here */
    ctx->tail = NULL;
    strand->saved = 0;
    record->answer = record->deadline = 0;
    record->place = place_id();
    record->sp = (uint64_t)(uintptr_t)sp;
    record->stack = (uint32_t)stack;
    record->made = made;
    record->strand = strand->number;
    record->given = ctx->given.size;
    memset(record->spare, 0, sizeof record->spare);
    copy_stack(record->bytes, sp, stack);
    record->sum = durable_sum(record);
    if (made != 0)
        memcpy(durable_made(record), ctx->reply, made);
    if (record->given != 0)
        memcpy(durable_small(record), ctx->given.copy, record->given);
    shm_set(&w->port, &more_of(&w->port, ctx->actor)->durable, unit);
}

void durable_torment(const struct worker *w)
{
    if (shm_unlikely(w->boot->torment))
        (void)kill(getpid(), SIGKILL);
}

void durable_give(struct worker *w, uint32_t index)
{
    const struct shm_durable *record = durable_of(&w->port, index);
    if (record == NULL)
        return;
    uint32_t answer = (uint32_t)(record->answer >> 32);
    struct shm_more *more = more_of(&w->port, index);
    if (answer != 0) {
        const struct shm_answer *kept = shm_unit(&w->port, answer);
        shm_arena_give(&w->port, answer, kept->order);
    }
    shm_arena_give(&w->port, more->durable, record->order);
    shm_set(&w->port, &more->durable, 0);
}

/* ---- answers ---- */

static struct shm_durable *record_of(struct worker *w, const struct pending *entry)
{
    return shm_unit(&w->port, entry->durable);
}

/* The unit of the block, 0: no memory. */
static uint32_t keep_large(struct worker *w, const void *body, uint32_t size)
{
    uint32_t order = shm_order_of(sizeof(struct shm_answer) + (uint64_t)size);
    uint32_t unit = shm_arena_take(&w->port, order);
    if (unit == 0)
        return 0;
    struct shm_answer *answer = shm_unit(&w->port, unit);
    answer->order = order;
    answer->size = size;
    memcpy(answer->body, body, size);
    return unit;
}

int durable_keep(struct worker *w, struct pending *entry, int error, const void *body,
                 uint32_t size, uint16_t method, bool checked)
{
    struct shm_durable *record = record_of(w, entry);
    const struct ax_layout *layout = entry->contract->methods[entry->method].reply;
    uint64_t unit = 0;
    if (!shm_log_room(&w->port, 1))
        return AX_E_LIMIT;
    if (error == 0 &&
        (method != entry->method || (!checked && ax_layout_validate(layout, body, size) != 0)))
        error = AX_E_INVALID;
    if (error == 0 && (layout->size == 0 || durable_answer_room(layout) != 0))
        memcpy(durable_small(record), body, layout->size);
    else if (error == 0 && (unit = keep_large(w, body, size)) == 0)
        return AX_E_NO_MEMORY;
    shm_set(&w->port, &record->answer, unit << 32 | SHM_ANSWERED | (uint16_t)error);
    return 0;
}

void durable_fail(struct worker *w, const struct pending *entry, int error)
{
    shm_turn_begin(&w->port, 0, 0);
    shm_set(&w->port, &record_of(w, entry)->answer, SHM_ANSWERED | (uint16_t)error);
    turn_commit(w);
}

void durable_stamp(struct worker *w, const struct pending *entry)
{
    shm_store(&record_of(w, entry)->deadline, entry->deadline);
}

/* ---- after a death ---- */

static bool block_fits(uint32_t order, uint64_t least)
{
    return order < SHM_ORDERS && least <= (uint64_t)SHM_UNIT << order;
}

bool durable_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_more *more = more_of(port, index);
    if (more == NULL || more->durable == 0)
        return true;
    uint64_t head = (uint64_t)more->durable * SHM_UNIT + sizeof(struct shm_durable);
    if (!port->actors[index].suspended || head > (uint64_t)port->arena.fresh * SHM_UNIT)
        return false;
    const struct shm_durable *record = shm_unit(port, more->durable);
    uint64_t large = record->answer >> 32;
    if (!block_fits(record->order, sizeof *record) ||
        !shm_mark(port, used, more->durable, record->order))
        return false;
    if (large == 0)
        return true;
    if (large >= port->arena.fresh)
        return false;
    const struct shm_answer *answer = shm_unit(port, (uint32_t)large);
    return block_fits(answer->order, sizeof *answer + (uint64_t)answer->size) &&
           shm_mark(port, used, (uint32_t)large, answer->order);
}
