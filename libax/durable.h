/* SPDX-License-Identifier: MIT */
/* libax/durable.h - awaits that outlive their process; see durable.c. */
#ifndef LIBAX_DURABLE_H
#define LIBAX_DURABLE_H

#include "libax/pending.h"
#include "libax/worker.h"

/* Does what a handler on this strand awaits outlive the process? */
bool durable_possible(struct worker *w, const struct strand *strand);

/* In the open turn of a durable actor, before it asks: keeps a block for its stack. 0, AX_E_LIMIT,
 * AX_E_NO_MEMORY, AX_E_INVALID (the reply is to be written where it would be lost). */
int durable_prepare(struct ax_ctx *ctx, const void *reply, const struct ax_method *method);
/* The same before it waits for room. */
int durable_prepare_room(struct ax_ctx *ctx);
/* It does not suspend after all. */
void durable_unprepare(struct worker *w);
/* In the turn that suspends a strand, which has been left: saves it. */
void durable_save(struct worker *w, struct strand *strand);
/* After that turn: the config may want the process to die here. */
void durable_torment(const struct worker *w);
/* In the open turn: the wait is over, or nobody will go on with it. */
void durable_give(struct worker *w, uint32_t actor);

/* Where a durable handler makes a large reply; NULL: no memory. */
void *durable_reply(struct strand *strand, uint64_t bytes);

/* In the open turn: keeps the answer to an ask of this process, where that is durable, until who
 * asked goes on. As pending_answer, which is to follow. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int durable_keep(struct worker *w, struct pending *entry, int error, const void *body,
                 uint32_t size, uint16_t method, bool checked);
static inline int durable_answer(struct worker *w, uint64_t corr, int error, const void *body,
                                 uint32_t size, uint16_t method, bool checked)
{
    if (shm_likely(!(corr & ASK_DURABLE)))
        return 0;
    struct pending *entry = pending_find(w, corr);
    return entry == NULL || entry->durable == 0
               ? 0
               : durable_keep(w, entry, error, body, size, method, checked);
}
/* The same with an error, a turn of its own. */
void durable_fail(struct worker *w, const struct pending *entry, int error);
/* The deadline has become known. */
void durable_stamp(struct worker *w, const struct pending *entry);

/* Marks what is saved of an actor, for shm_recover. */
bool durable_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

/* ---- a successor, before its loop runs (durable_restore.c) ---- */

/* Puts back every stack that can be gone on with; w->self of its actor is set then. */
void durable_restore(struct worker *w);
/* Gives up on an actor whose stack was put back. */
void durable_discard(struct worker *w, uint32_t actor);
/* Answers that have been kept reach who asked. */
void durable_resume(struct worker *w);

/* ---- for the two files ---- */

struct shm_durable *durable_of(const struct shm_port *port, uint32_t actor);
uint32_t durable_answer_room(const struct ax_layout *reply);
uint64_t durable_sum(const struct shm_durable *record);
static inline uint8_t *durable_made(struct shm_durable *record)
{
    return record->bytes + record->stack;
}
/* The small answer, or what is to be sent. */
static inline uint8_t *durable_small(struct shm_durable *record)
{
    return durable_made(record) + shm_round(record->made, 8);
}

#endif
