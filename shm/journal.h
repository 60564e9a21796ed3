/* SPDX-License-Identifier: MIT */
/* shm/journal.h - the turn: all of it or nothing, by one store.
 *
 * Each word of private memory that a turn changes goes to the undo log first, as an absolute old
 * value. What the turn sends is staged behind the published end of a lane, and the staged end is
 * such a word too. `committed = turn` makes all of it binding at once; heads are published after.
 * If the process dies before that store, its successor writes the old values back, last one first:
 *
 *      begin    entries = 0 | actor, message | turn = n
 *      change   undo[k] = {where, old} | entries = k + 1 | *where = new
 *      commit   committed = n
 *      undo     while (entries) *undo[entries - 1].where = old, entries-- | committed = n
 *
 * where | stands for "before, in program order". That is enough: the crash model is the death of a
 * process at an instruction boundary. The undo may itself die at any instruction and start again.
 * A redo log would need a copy of each word for the turn's own reads; an undo log lets the handler
 * work in place, and leaves nothing to apply after the commit.
 *
 * Turn numbers never restart while the slot's memory lives. */
#ifndef SHM_JOURNAL_H
#define SHM_JOURNAL_H

#include "shm/port.h"

#define SHM_IN_ORDER 1u /* the message in hand is the first of its control mailbox */

static inline void shm_turn_begin(struct shm_port *port, uint32_t actor, uint64_t message)
{
    struct shm_journal *journal = &port->priv->journal;
    shm_store(&journal->entries, 0);
    shm_store(&journal->actor, actor);
    shm_store(&journal->message, message);
    shm_order();
    shm_store(&journal->turn, ++port->turn);
    shm_order();
}

static inline bool shm_turn_open(const struct shm_port *port)
{
    return port->priv->journal.turn != port->pub->committed;
}

/* Is there room to log `words` more changes in this turn? */
static inline bool shm_log_room(const struct shm_port *port, uint32_t words)
{
    return port->priv->journal.entries + words <= SHM_UNDO;
}

static inline void shm_log_value(struct shm_port *port, uint64_t where, uint64_t old)
{
    struct shm_journal *journal = &port->priv->journal;
    uint32_t n = journal->entries;
    journal->undo[n].where = where;
    journal->undo[n].old = old;
    shm_order();
    shm_store(&journal->entries, n + 1);
    shm_order();
}

/* Logs the eight-byte word that holds *field. The caller has asked shm_log_room. */
static inline void shm_log(struct shm_port *port, const void *field)
{
    uint64_t where = (uint64_t)((const uint8_t *)field - (const uint8_t *)port->priv) & ~7ull;
    shm_log_value(port, where, *(const uint64_t *)((const uint8_t *)port->priv + where));
}

/* Logs a field and gives it a new value. */
#define shm_set(port, field, value)                                                                \
    do {                                                                                           \
        shm_log((port), (field));                                                                  \
        *(field) = (value);                                                                        \
        shm_order();                                                                               \
    } while (0)

/* Of a turn that is binding: frees what it gave back. */
void shm_turn_settle(struct shm_port *port);
/* Makes the turn binding. */
static inline void shm_turn_commit(struct shm_port *port)
{
    shm_order();
    shm_store_release(&port->pub->committed, port->turn); /* pairs with a peer's read after death */
    shm_order();
    port->arena.ntaken = 0;
    if (port->arena.ngiven != 0)
        shm_turn_settle(port);
}

/* Takes back all that the open turn did. Lanes, mailboxes and state are as before it. */
void shm_turn_undo(struct shm_port *port);

/* The part of shm_turn_undo that a successor runs as well: words only. False: the log does not
 * add up. */
bool shm_undo_words(struct shm_port *port);

#endif
