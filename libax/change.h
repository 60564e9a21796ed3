/* SPDX-License-Identifier: MIT */
/* libax/change.h - changes of words that one turn changes again and again: who sets up many
 * monitors, links or timers in a turn touches the same head of a list each time. */
#ifndef LIBAX_CHANGE_H
#define LIBAX_CHANGE_H

#include "shm/journal.h"

#define CHANGE_NEAR 6u

/* shm_log, but for a word that is among the last that this turn has logged. */
static inline void log_near(struct shm_port *port, const void *field)
{
    const struct shm_journal *journal = &port->priv->journal;
    uint64_t where = (uint64_t)((const uint8_t *)field - (const uint8_t *)port->priv) & ~7ull;
    uint32_t n = journal->entries;
    for (uint32_t k = n; k > 0 && n - k < CHANGE_NEAR; k--)
        if (journal->undo[k - 1].where == where)
            return;
    shm_log(port, field);
}

/* shm_set by log_near. */
#define change(port, field, value)                                                                 \
    do {                                                                                           \
        log_near((port), (field));                                                                 \
        *(field) = (value);                                                                        \
        shm_order();                                                                               \
    } while (0)

#endif
