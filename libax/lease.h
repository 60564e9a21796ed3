/* SPDX-License-Identifier: MIT */
/* libax/lease.h - actors whose shard is leased to this node: no turn of theirs begins when the
 * lease has run out, whatever the gateway does or does not.
 *
 * The gateway writes the leases into its public memory; who runs the actors looks there before each
 * turn, with a clock that goes on while the machine sleeps. An actor is of the epoch in which it
 * was spawned, and ends with it. So is one that it spawns, in the same slot, for it does the other
 * one's work.
 *
 * Half a second after a lease has ended at most, those of its actors that had nothing to do begin
 * to end, too. */
#ifndef LIBAX_LEASE_H
#define LIBAX_LEASE_H

#include "libax/worker.h"

/* Finds the leases, where some registry of this slot is of the cluster. 0 or -ENOMEM. */
int lease_open(struct worker *w);

/* Of a key in a registry of the cluster: its lease, counted from 1, and the epoch of it.
 * AX_E_STALE: this node has no lease of it. */
int lease_of(struct worker *w, const struct boot_registry *registry, struct ax_span key,
             uint32_t *lease, uint64_t *epoch);

/* In the open turn, in which the actor is spawned by `parent`: it lives under the same lease, if
 * that has one. 0 or AX_E_NO_MEMORY. */
int lease_inherit(struct worker *w, uint32_t parent, uint32_t index);

/* Before a turn of the actor: whether it may begin. */
bool lease_holds(struct worker *w, uint32_t index);
static inline bool lease_allows(struct worker *w, uint32_t index)
{
    return shm_likely(!w->leased) || lease_holds(w, index);
}
/* A turn of its own: it is to end, reason lease lost, and what it awaits is over. */
void lease_end(struct worker *w, uint32_t index);

/* Ends those that nothing wakes, some at a time: who knows of them may have died. To be called as
 * often as it is due, which also says for how long a worker may sleep. */
void lease_look(struct worker *w);
/* Some lease is closing. */
void lease_look_now(struct worker *w);
/* When that is by w->now; UINT64_MAX: never. */
static inline uint64_t lease_look_at(const struct worker *w)
{
    if (shm_likely(!w->leased))
        return UINT64_MAX;
    return w->lease_next != 0 || w->lease_ended ? 0 : w->lease_look_at;
}

#endif
