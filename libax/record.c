/* SPDX-License-Identifier: MIT */
#include "libax/record.h"

#include "shm/arena.h"
#include "shm/chain.h"

#include <errno.h>
#include <stdlib.h>

#define NEAR 6u

int records_open(struct worker *w)
{
    w->records = calloc(1, sizeof *w->records);
    return w->records == NULL ? -ENOMEM : known_open(w->records, w->port.geo.units);
}

void records_close(struct worker *w)
{
    if (w->records != NULL)
        free(w->records->set);
    free(w->records);
    w->records = NULL;
}

/* In the open turn: it is one now, or is none any more. */
static void turn_over(struct worker *w, uint32_t unit)
{
    known_turn(w->records, unit);
    w->unsettled |= UNSETTLED_RECORDS;
}

/* shm_log, but for a word that is among the last that this turn has logged: who makes many records
 * in a turn changes the same words again and again. */
static void log_near(struct shm_port *port, const void *field)
{
    const struct shm_journal *journal = &port->priv->journal;
    uint64_t where = (uint64_t)((const uint8_t *)field - (const uint8_t *)port->priv) & ~7ull;
    uint32_t n = journal->entries;
    for (uint32_t k = n; k > 0 && n - k < NEAR; k--)
        if (journal->undo[k - 1].where == where)
            return;
    shm_log(port, field);
}

#define change(port, field, value)                                                                 \
    do {                                                                                           \
        log_near((port), (field));                                                                 \
        *(field) = (value);                                                                        \
        shm_order();                                                                               \
    } while (0)

static uint32_t *list_of(const struct shm_port *port, uint32_t owner, uint8_t kind)
{
    struct shm_more *more = more_of(port, owner);
    if (kind == SHM_WATCHES)
        return &port->cold[owner].monitors;
    if (kind == SHM_WATCHED)
        return &port->cold[owner].watchers;
    return more == NULL ? NULL : &more->links;
}

uint32_t record_first(const struct shm_port *port, uint32_t owner, uint8_t kind)
{
    const uint32_t *list = list_of(port, owner, kind);
    return list == NULL ? 0 : *list;
}

uint32_t record_new(struct worker *w, const struct shm_watch *as, bool keeps)
{
    struct shm_port *port = &w->port;
    uint32_t unit = shm_arena_take(port, 0);
    uint32_t room = unit != 0 && keeps ? shm_arena_take(port, RECORD_ROOM) : 0;
    if (unit != 0 && keeps && room == 0) {
        shm_arena_give(port, unit, 0);
        return 0;
    }
    if (unit == 0)
        return 0;
    struct shm_watch *record = record_at(port, unit);
    *record = *as;
    record->room = room;
    if (record->id == 0) {
        record->id = (port->priv->next_id & 0x7fffffff) << 32 | unit;
        change(port, &port->priv->next_id, port->priv->next_id + 1);
    }
    return unit;
}

void record_give(struct worker *w, uint32_t unit)
{
    uint32_t room = record_at(&w->port, unit)->room;
    if (room != 0)
        shm_arena_give(&w->port, room, RECORD_ROOM);
    shm_arena_give(&w->port, unit, 0);
}

/* The list of the slot that the peer lives in, NULL: here, or nowhere. */
static uint32_t *slot_list(struct worker *w, const struct shm_watch *record)
{
    uint32_t slot = SHM_REF_SLOT(record->peer);
    return slot == w->port.slot || slot >= w->port.slots ? NULL : &w->port.priv->of_slot[slot];
}

/* Was it set up by the slot that its peer lives in? */
static bool asked_for(const struct shm_watch *record)
{
    return record->kind == SHM_WATCHED || (record->kind == SHM_LINKED && !record->mine);
}

static void count_asked(struct worker *w, const struct shm_watch *record, uint32_t more)
{
    uint32_t *asked = &w->port.priv->asked[SHM_REF_SLOT(record->peer)];
    if (asked_for(record))
        change(&w->port, asked, *asked + more);
}

void record_push(struct worker *w, uint32_t unit)
{
    struct shm_watch *record = record_at(&w->port, unit);
    uint32_t *list = list_of(&w->port, record->owner, record->kind);
    uint32_t *at = slot_list(w, record);
    turn_over(w, unit);
    record->next = *list;
    if (*list != 0)
        change(&w->port, &record_at(&w->port, *list)->prev, unit);
    change(&w->port, list, unit);
    if (at == NULL)
        return;
    record->at_next = *at;
    if (*at != 0)
        change(&w->port, &record_at(&w->port, *at)->at_prev, unit);
    change(&w->port, at, unit);
    count_asked(w, record, 1);
}

static void leave_list(struct worker *w, uint32_t unit)
{
    struct shm_port *port = &w->port;
    const struct shm_watch *record = record_at(port, unit);
    uint32_t *list = list_of(port, record->owner, record->kind);
    if (*list == unit) {
        change(port, list, record->next);
        return;
    }
    change(port, &record_at(port, record->prev)->next, record->next);
    if (record->next != 0)
        change(port, &record_at(port, record->next)->prev, record->prev);
}

static void leave_slot(struct worker *w, uint32_t unit)
{
    struct shm_port *port = &w->port;
    const struct shm_watch *record = record_at(port, unit);
    uint32_t *list = slot_list(w, record);
    if (list == NULL)
        return;
    count_asked(w, record, UINT32_MAX);
    if (*list == unit) {
        change(port, list, record->at_next);
        return;
    }
    change(port, &record_at(port, record->at_prev)->at_next, record->at_next);
    if (record->at_next != 0)
        change(port, &record_at(port, record->at_next)->at_prev, record->at_prev);
}

void record_drop(struct worker *w, uint32_t unit)
{
    struct shm_watch *record = record_at(&w->port, unit);
    turn_over(w, unit);
    leave_list(w, unit);
    leave_slot(w, unit);
    uint32_t other = record_other(&w->port, record);
    if (other != 0)
        change(&w->port, &record_at(&w->port, other)->other, 0);
    change(&w->port, &record->kind, 0); /* its number is nobody's now */
    record_give(w, unit);
}

struct shm_watch *record_in(struct worker *w, uint32_t unit, uint32_t owner, uint8_t kind,
                            uint64_t id)
{
    if (!known_has(w->records, &w->port, unit))
        return NULL;
    struct shm_watch *record = record_at(&w->port, unit);
    return record->id == id && record->owner == owner && record->kind == kind ? record : NULL;
}

uint64_t record_name(const struct shm_watch *record)
{
    bool asked = record->kind == SHM_WATCHES || record->mine;
    return asked && record->other != 0 ? record_there(record->id, record->other) : record->id;
}

/* Who was not told the unit, or not yet, gives the number alone: then it is looked for. */
struct shm_watch *record_asked(struct worker *w, uint32_t owner, uint8_t kind, uint64_t peer,
                               uint64_t name)
{
    bool told = (name & RECORD_THERE) != 0;
    uint32_t unit = told ? (uint32_t)name : record_first(&w->port, owner, kind);
    if (told && !known_has(w->records, &w->port, unit))
        return NULL;
    while (unit != 0) {
        struct shm_watch *record = record_at(&w->port, unit);
        uint64_t known_as = told ? record_there(record->id, unit) : record->id;
        if (record->peer == peer && known_as == name && record->owner == owner &&
            record->kind == kind && asked_for(record))
            return record;
        unit = told ? 0 : record->next;
    }
    return NULL;
}

/* ---- after the death of the process ---- */

/* Does what the record says of the other side agree with what that says? */
static bool agrees(const struct shm_port *port, uint32_t unit)
{
    static const uint8_t opposite[] = {
        [SHM_WATCHES] = SHM_WATCHED, [SHM_WATCHED] = SHM_WATCHES, [SHM_LINKED] = SHM_LINKED};
    const struct shm_watch *record = record_at(port, unit);
    if (SHM_REF_SLOT(record->peer) != port->slot)
        return true;
    if (record->other == 0)
        return record->kind != SHM_WATCHED;
    if (record->other >= port->arena.fresh)
        return false;
    const struct shm_watch *other = record_at(port, record->other);
    return other->other == unit && other->id == record->id &&
           other->kind == opposite[record->kind] && other->owner == SHM_REF_INDEX(record->peer) &&
           SHM_REF_INDEX(other->peer) == record->owner;
}

bool record_mark(const struct shm_port *port, uint32_t owner, uint8_t kind, uint64_t *used)
{
    uint32_t prev = 0;
    for (uint32_t unit = record_first(port, owner, kind); unit != 0;) {
        if (!shm_mark(port, used, unit, 0))
            return false;
        const struct shm_watch *record = record_at(port, unit);
        if (record->kind != kind || record->owner != owner || (prev != 0 && record->prev != prev) ||
            !agrees(port, unit))
            return false;
        if (record->room != 0 && !shm_mark(port, used, record->room, RECORD_ROOM))
            return false;
        prev = unit;
        unit = record->next;
    }
    return true;
}

/* Not logged: nothing of these lists is believed that a dead process has left. */
static void revive_one(struct worker *w, uint32_t unit)
{
    struct shm_watch *record = record_at(&w->port, unit);
    uint32_t *at = slot_list(w, record);
    if (at == NULL)
        return;
    record->at_next = *at;
    record->at_prev = 0;
    if (*at != 0)
        record_at(&w->port, *at)->at_prev = unit;
    *at = unit;
    w->port.priv->asked[SHM_REF_SLOT(record->peer)] += asked_for(record);
}

void records_revive(struct worker *w, uint32_t owner)
{
    for (unsigned kind = SHM_WATCHES; kind <= SHM_LINKED; kind++)
        for (uint32_t unit = record_first(&w->port, owner, (uint8_t)kind); unit != 0;) {
            known_load(w->records, unit);
            revive_one(w, unit);
            unit = record_at(&w->port, unit)->next;
        }
}
