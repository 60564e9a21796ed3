/* SPDX-License-Identifier: MIT */
/* libax/record.h - the records of monitors and links: two for each, one of either side, in a list
 * of its actor. Where both sides live here each knows the other's unit; where the peer lives in
 * another slot the record is in a list of that slot besides, so that the death of a process is told
 * to those alone whom it concerns. A number names the unit of the side that has set it up, so that
 * nothing is searched for; and since another process, or an actor, may have made it up, there must
 * be a record in that unit (known.h), of that number, kind and actor. The side that was asked tells
 * its own unit with its answer (SHM_SINCE), and is named by that unit from then on (RECORD_THERE)
 * instead of being looked for in its list. */
#ifndef LIBAX_RECORD_H
#define LIBAX_RECORD_H

#include "libax/known.h"
#include "libax/more.h"
#include "libax/worker.h"

#define RECORD_ROOM 1u /* order of the block kept for a down or an exit */
/* In the number that a frame brings: its lower half is the unit of the receiver's record. */
#define RECORD_THERE (UINT64_C(1) << 63)

static inline struct shm_watch *record_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

static inline uint32_t record_unit(const struct shm_port *port, const struct shm_watch *record)
{
    return (uint32_t)(((const uint8_t *)record - port->units) / SHM_UNIT);
}

/* 0 or -ENOMEM. */
int records_open(struct worker *w);
void records_close(struct worker *w);

/* The first of an actor's records of a kind; 0: none. */
uint32_t record_first(const struct shm_port *port, uint32_t owner, uint8_t kind);
/* In the open turn: a record in no list yet, with a block kept if `keeps`; 0: no memory. Its number
 * is `id`, 0: a new one that names its unit. */
uint32_t record_new(struct worker *w, const struct shm_watch *as, bool keeps);
/* Into the lists. For a first link the actor has got its shm_more before. */
void record_push(struct worker *w, uint32_t unit);
/* Gives back one that is in no list yet. */
void record_give(struct worker *w, uint32_t unit);
/* Out of the lists, and gives it back; the other side knows that it is gone. */
void record_drop(struct worker *w, uint32_t unit);
/* The record in `unit`, if it is this actor's of this kind and number. */
struct shm_watch *record_in(struct worker *w, uint32_t unit, uint32_t owner, uint8_t kind,
                            uint64_t id);
/* The same with the unit that the number names. */
static inline struct shm_watch *record_of(struct worker *w, uint32_t owner, uint8_t kind,
                                          uint64_t id)
{
    return record_in(w, (uint32_t)id, owner, kind, id);
}
/* The other side's record; 0: it is not here, or gone. */
static inline uint32_t record_other(const struct shm_port *port, const struct shm_watch *record)
{
    return SHM_REF_SLOT(record->peer) == port->slot ? record->other : 0;
}
/* A long list is in no cache: what the next record needs is fetched while this one is told. */
static inline void record_look_ahead(const struct shm_port *port, const struct shm_watch *record)
{
    if (record->next == 0)
        return;
    const struct shm_watch *next = record_at(port, record->next);
    shm_prefetch(record_at(port, record_other(port, next)));
    shm_prefetch(record_at(port, next->next));
}
/* By what number its other side, in another slot, finds its own record. */
uint64_t record_name(const struct shm_watch *record);
/* The number where that side was the one that was asked, and is known to keep its own in `unit`. */
static inline uint64_t record_there(uint64_t id, uint32_t unit)
{
    return RECORD_THERE | (id & ~UINT64_C(0xffffffff)) | unit;
}
/* The record that `peer`, in another slot, has asked this actor for and so names. */
struct shm_watch *record_asked(struct worker *w, uint32_t owner, uint8_t kind, uint64_t peer,
                               uint64_t name);
/* Marks an actor's records; false where they do not add up. */
bool record_mark(const struct shm_port *port, uint32_t owner, uint8_t kind, uint64_t *used);
/* After a recovery: the lists of slots, made anew. */
void records_revive(struct worker *w, uint32_t owner);

#endif
