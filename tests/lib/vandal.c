/* SPDX-License-Identifier: MIT */
#include "tests/lib/vandal.h"

#include <string.h>

#define BLOWS_MOST 6u
#define PLACES 64u

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
uint64_t vandal_random(struct vandal *vandal)
{
    uint64_t z = vandal->random += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

#define below vandal_below

static bool chance(struct vandal *v, uint32_t one_in)
{
    return below(v, one_in) == 0;
}

/* ---- values ---- */

/* A number that is near `old`, on an edge of some type, or anything. */
static uint64_t value(struct vandal *v, uint64_t old)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     7,
                                     8,
                                     39,
                                     40,
                                     63,
                                     64,
                                     255,
                                     256,
                                     0x7fffffff,
                                     0x80000000,
                                     0xfffffff8,
                                     0xffffffff,
                                     0x100000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xfffffffffffffff8,
                                     0xffffffffffffffff};
    switch (below(v, 7)) {
    case 0:
        return edges[below(v, sizeof edges / sizeof *edges)];
    case 1:
        return old + below(v, 17) - 8;
    case 2:
        return old + 8 * (below(v, 65) - 32);
    case 3:
        return old ^ 1ull << below(v, 64);
    case 4:
        return below(v, 0x10000) * 8;
    case 5:
        return old + (uint64_t)v->geo.data_ring * (below(v, 9) - 4);
    default:
        return vandal_random(v) >> below(v, 64);
    }
}

static void put(struct vandal *v, void *field, uint32_t size)
{
    uint64_t old = 0, new;
    memcpy(&old, field, size);
    new = value(v, old);
    memcpy(field, &new, size);
}

#define PUT(v, field) put((v), &(field), sizeof(field))

static uint32_t any_actor(struct vandal *v)
{
    return (uint32_t)below(v, chance(v, 8) ? v->geo.actors : 6);
}

static uint64_t any_ref(struct vandal *v)
{
    uint64_t ref = SHM_REF(below(v, v->geo.slots + 1), any_actor(v), below(v, 3));
    return chance(v, 8) ? value(v, ref) : ref;
}

static uint32_t other_slot(struct vandal *v)
{
    uint32_t slot = (uint32_t)below(v, v->geo.slots - 1);
    return slot + (slot >= v->geo.slot);
}

static struct shm_private *private_of(struct vandal *v)
{
    return (struct shm_private *)(void *)v->private;
}

static struct shm_public *public_of(struct vandal *v)
{
    return (struct shm_public *)(void *)v->public;
}

static struct shm_actor *actor_of(struct vandal *v)
{
    uint32_t index = any_actor(v) % v->geo.actors;
    return (struct shm_actor *)(void *)(v->private + v->geo.actor_off) + index;
}

static struct shm_actor_cold *cold_of(struct vandal *v)
{
    uint32_t index = any_actor(v) % v->geo.actors;
    return (struct shm_actor_cold *)(void *)(v->private + v->geo.cold_off) + index;
}

/* A unit of the arena that something lies in, as far as can be told. */
static uint8_t *unit_at(struct vandal *v, uint64_t unit)
{
    return v->private + v->geo.arena_off + unit % v->geo.units * 64;
}

static uint64_t any_unit(struct vandal *v)
{
    uint32_t used = private_of(v)->fresh_unit;
    return chance(v, 8) || used == 0 ? value(v, used) : below(v, used);
}

/* ---- anywhere ---- */

static void scribble(struct vandal *v, uint8_t *base, uint64_t bytes)
{
    uint64_t at = below(v, bytes / 8) * 8, run = 8 * (1 + below(v, chance(v, 4) ? 64 : 2));
    if (run > bytes - at)
        run = bytes - at;
    if (chance(v, 3)) {
        memset(base + at, (int)below(v, 256), run);
        return;
    }
    for (uint64_t i = 0; i < run; i += 8)
        put(v, base + at + i, 8);
}

static void anywhere_private(struct vandal *v)
{
    scribble(v, v->private, v->geo.private_bytes);
}

static void anywhere_public(struct vandal *v)
{
    scribble(v, v->public, v->geo.public_bytes);
}

static uint8_t *any_edge(struct vandal *v, uint32_t *to)
{
    *to = other_slot(v);
    return v->edge[*to];
}

static void anywhere_edge(struct vandal *v)
{
    uint32_t to;
    scribble(v, any_edge(v, &to), v->geo.edge_bytes);
}

/* ---- lanes ---- */

static struct shm_ends *ends_of(struct vandal *v, uint32_t to)
{
    return shm_edge_ends(v->edge[to], v->geo.slot, to);
}

static uint8_t *ring_of(struct vandal *v, uint32_t to, uint32_t lane, uint64_t *mask)
{
    *mask = (lane == 0 ? v->geo.data_ring : v->geo.control_ring) - 1;
    return v->edge[to] + SHM_PAGE + (lane == 0 ? v->geo.control_ring : 0);
}

static void ends(struct vandal *v)
{
    struct shm_ends *line = ends_of(v, other_slot(v));
    switch (below(v, 4)) {
    case 0:
        PUT(v, line->data);
        break;
    case 1:
        PUT(v, line->control);
        break;
    case 2:
        PUT(v, line->read_data);
        break;
    default:
        PUT(v, line->read_control);
    }
}

static void staged(struct vandal *v)
{
    uint32_t to = other_slot(v);
    PUT(v, shm_edge_staged(v->edge[to], v->geo.slot, to)->end[below(v, 2)]);
}

/* Both ends of a lane, in agreement. */
static void lane_moved(struct vandal *v)
{
    uint32_t to = other_slot(v), lane = (uint32_t)below(v, 2);
    struct shm_ends *line = ends_of(v, to);
    uint64_t *end = lane == 0 ? &line->data : &line->control;
    put(v, end, 8);
    shm_edge_staged(v->edge[to], v->geo.slot, to)->end[lane] = *end;
}

/* A frame that is in the ring, read or not; NULL where there is none. */
static struct shm_frame *any_frame(struct vandal *v, uint32_t to, uint32_t lane)
{
    uint64_t mask, end = lane == 0 ? ends_of(v, to)->data : ends_of(v, to)->control;
    uint8_t *ring = ring_of(v, to, lane, &mask);
    uint64_t places[PLACES], at = v->heard[to][lane];
    uint32_t n = 0;
    while (at != end && end - at <= mask + 1 && n < PLACES) {
        const struct shm_frame *frame = (const struct shm_frame *)(void *)(ring + (at & mask));
        uint64_t room = mask + 1 - (at & mask);
        if (at & 7 || room < sizeof *frame || frame->size < 8 || frame->size > room)
            break;
        places[n++] = at & mask;
        at += frame->size;
    }
    return n == 0 ? NULL : (struct shm_frame *)(void *)(ring + places[below(v, n)]);
}

static void frame_field(struct vandal *v, struct shm_frame *frame)
{
    switch (below(v, 8)) {
    case 0:
    case 1:
        PUT(v, frame->size);
        break;
    case 2:
        frame->kind = (uint8_t)(chance(v, 3) ? value(v, frame->kind) : below(v, 17));
        break;
    case 3:
        PUT(v, frame->method);
        break;
    case 4:
        frame->to = any_ref(v);
        break;
    case 5:
        frame->from = any_ref(v);
        break;
    case 6:
        PUT(v, frame->corr);
        break;
    default:
        PUT(v, frame->stamp);
    }
}

static void lane_frame(struct vandal *v)
{
    struct shm_frame *frame = any_frame(v, other_slot(v), (uint32_t)below(v, 2));
    if (frame != NULL)
        frame_field(v, frame);
}

static void lane_body(struct vandal *v)
{
    struct shm_frame *frame = any_frame(v, other_slot(v), (uint32_t)below(v, 2));
    if (frame != NULL && frame->size >= sizeof *frame + 8 && frame->size < 4096)
        scribble(v, frame->body, frame->size - sizeof *frame);
}

static void fill_lie(struct vandal *v, struct shm_frame *frame, uint32_t lane, uint32_t body)
{
    static const uint8_t control[] = {SHM_ERROR,   SHM_DOWN,   SHM_MONITOR,   SHM_DEMONITOR,
                                      SHM_STOP,    SHM_READY,  SHM_CLAIM,     SHM_GRANT,
                                      SHM_STOPPED, SHM_ACCUSE, SHM_SLOT_DOWN, SHM_SINCE};
    static const uint8_t data[] = {SHM_TELL, SHM_ASK, SHM_REPLY, SHM_ERROR};
    uint64_t words[4] = {any_ref(v), value(v, 8), value(v, 1), value(v, 64)};
    memset(frame, 0, sizeof *frame + body);
    frame->size = (uint32_t)sizeof *frame + body;
    frame->kind = lane == 0 ? data[below(v, sizeof data)] : control[below(v, sizeof control)];
    if (frame->kind == v->spare)
        frame->kind = SHM_MONITOR;
    frame->method = (uint16_t)below(v, 6);
    frame->to = chance(v, 4) ? 0 : any_ref(v);
    frame->from = chance(v, 4) ? any_ref(v) : SHM_REF(v->geo.slot, any_actor(v), 1);
    /* the numbers that asks, timers and monitors really have are small */
    frame->corr = chance(v, 2) ? below(v, 8) : below(v, 8) | 1ull << 63;
    if (chance(v, 4))
        frame->corr = 1ull << 48 | below(v, 4) << 16 | below(v, 4);
    frame->stamp = value(v, public_of(v)->committed);
    memcpy(frame->body, words, body < sizeof words ? body : sizeof words);
}

/* A frame that is none of its business, in perfect order, published. */
static void lie(struct vandal *v)
{
    uint32_t to = other_slot(v), lane = (uint32_t)below(v, 2);
    struct shm_ends *line = ends_of(v, to);
    uint64_t mask, *end = lane == 0 ? &line->data : &line->control;
    uint8_t *ring = ring_of(v, to, lane, &mask);
    uint32_t body = 8 * (uint32_t)below(v, 9);
    if (*end & 7 || mask + 1 - (*end & mask) < sizeof(struct shm_frame) + body)
        return;
    fill_lie(v, (struct shm_frame *)(void *)(ring + (*end & mask)), lane, body);
    *end += sizeof(struct shm_frame) + body;
    shm_edge_staged(v->edge[to], v->geo.slot, to)->end[lane] = *end;
}

/* Says of somebody else that his lane is malformed. */
static void accuse(struct vandal *v)
{
    struct shm_ends *line = ends_of(v, 0);
    uint64_t mask, *end = &line->control;
    uint8_t *ring = ring_of(v, 0, 1, &mask);
    uint64_t position = chance(v, 2) ? below(v, 512) * 8 : value(v, 0);
    if (*end & 7 || mask + 1 - (*end & mask) < sizeof(struct shm_frame) + 8)
        return;
    struct shm_frame *frame = (struct shm_frame *)(void *)(ring + (*end & mask));
    *frame = (struct shm_frame){.size = sizeof *frame + 8,
                                .kind = SHM_ACCUSE,
                                .method = (uint16_t)below(v, 3),
                                .corr = below(v, v->geo.slots + 1)};
    memcpy(frame->body, &position, sizeof position);
    *end += frame->size;
    shm_edge_staged(v->edge[0], v->geo.slot, 0)->end[1] = *end;
}

/* ---- public ---- */

static void committed(struct vandal *v)
{
    PUT(v, public_of(v)->committed);
}

static void parked(struct vandal *v)
{
    if (chance(v, 2))
        PUT(v, public_of(v)->parked);
    else
        PUT(v, public_of(v)->park_seq);
}

static void death(struct vandal *v)
{
    if (chance(v, 2))
        PUT(v, public_of(v)->death);
    else
        PUT(v, public_of(v)->death_next);
}

static void incarnation(struct vandal *v)
{
    struct shm_public *pub = public_of(v);
    pub->incarnation = (uint32_t)(chance(v, 2) ? below(v, 4) : value(v, v->incarnation));
}

static void pulse(struct vandal *v)
{
    struct shm_public *pub = public_of(v);
    if (chance(v, 2))
        PUT(v, pub->turn_started_at);
    else
        PUT(v, pub->squeezed);
}

static void directory(struct vandal *v)
{
    uint32_t index = any_actor(v) % v->geo.actors;
    struct shm_directory *entry =
        (struct shm_directory *)(void *)(v->public + v->geo.directory_off) + index;
    uint32_t *depth = (uint32_t *)(void *)(v->public + v->geo.depth_off) + index;
    if (chance(v, 4))
        put(v, depth, sizeof *depth);
    else
        put(v, (uint64_t *)(void *)entry + below(v, sizeof *entry / 8), 8);
}

static void geometry(struct vandal *v)
{
    struct shm_geometry *geo = chance(v, 2) ? &public_of(v)->geometry : &private_of(v)->geometry;
    put(v, (uint64_t *)(void *)geo + below(v, sizeof *geo / 8), 8);
    if (chance(v, 4))
        geo->directory_off = UINT64_MAX - below(v, 1 << 20) + 1;
}

/* ---- private ---- */

static void journal(struct vandal *v)
{
    struct shm_journal *log = &private_of(v)->journal;
    switch (below(v, 4)) {
    case 0:
        PUT(v, log->turn);
        break;
    case 1:
        PUT(v, log->entries);
        break;
    case 2:
        PUT(v, log->actor);
        break;
    default:
        PUT(v, log->message);
    }
}

static uint64_t undo_target(struct vandal *v)
{
    const uint64_t words = offsetof(struct shm_private, read_data);
    switch (below(v, 5)) {
    case 0:
        return SHM_UNDO_STAGED | below(v, chance(v, 2) ? 8 : 200);
    case 1: /* lanes, counters, high-water marks, policies */
        return words + below(v, (sizeof(struct shm_private) - words) / 8) * 8;
    case 2:
        return v->geo.actor_off + below(v, 12 * sizeof(struct shm_actor) / 8) * 8;
    case 3:
        return v->geo.cold_off + below(v, 12 * sizeof(struct shm_actor_cold) / 8) * 8;
    default:
        return value(v, v->geo.private_bytes);
    }
}

/* An open turn whose undo log names what it likes. */
static void undo(struct vandal *v)
{
    struct shm_journal *log = &private_of(v)->journal;
    log->turn = public_of(v)->committed + 1;
    log->entries = (uint32_t)(chance(v, 16) ? SHM_UNDO : 1 + below(v, 12));
    for (uint32_t i = 0; i < log->entries; i++)
        log->undo[i] = (struct shm_undo){undo_target(v), value(v, 1)};
}

static void marks(struct vandal *v)
{
    struct shm_private *priv = private_of(v);
    switch (below(v, 8)) {
    case 0:
        PUT(v, priv->fresh_actor);
        break;
    case 1:
        PUT(v, priv->fresh_unit);
        break;
    case 2:
        PUT(v, priv->policies);
        break;
    case 3:
        PUT(v, priv->booted);
        break;
    case 4:
        PUT(v, priv->suspect);
        break;
    case 5:
        PUT(v, priv->next_id);
        break;
    case 6:
        PUT(v, priv->events);
        break;
    default:
        PUT(v, priv->letters);
    }
}

static void positions(struct vandal *v)
{
    struct shm_private *priv = private_of(v);
    uint32_t from = other_slot(v);
    if (chance(v, 3))
        PUT(v, priv->seen_down[from]);
    else if (chance(v, 2))
        PUT(v, priv->read_data[from]);
    else
        PUT(v, priv->read_control[from]);
}

static void policy(struct vandal *v)
{
    struct shm_policy *one = &private_of(v)->policy[below(v, 3)];
    put(v, (uint64_t *)(void *)one + below(v, sizeof *one / 8), 8);
}

static void one_chain(struct vandal *v, struct shm_chain *chain)
{
    put(v, (uint64_t *)(void *)chain + below(v, 4), 8);
    if (chance(v, 4)) /* empty, and yet not */
        chain->head = chain->tail = any_unit(v) << 32 | below(v, 512) * 8;
    if (chance(v, 4))
        chain->tail = chain->head >> 32 << 32 | below(v, 512) * 8;
}

static void overflow(struct vandal *v)
{
    struct shm_private *priv = private_of(v);
    uint32_t slot = (uint32_t)below(v, chance(v, 2) ? 3 : SHM_SLOTS);
    one_chain(v, chance(v, 2) ? &priv->over_data[slot] : &priv->over_control[slot]);
}

static void mailbox(struct vandal *v)
{
    one_chain(v, &actor_of(v)->mail);
}

static void actor(struct vandal *v)
{
    struct shm_actor *one = actor_of(v);
    uint64_t at = sizeof one->mail + below(v, (sizeof *one - sizeof one->mail) / 4) * 4;
    put(v, (uint8_t *)one + at, chance(v, 2) ? 4 : 1);
    if (chance(v, 4))
        one->state = (uint8_t)below(v, 5);
}

static void cold(struct vandal *v)
{
    struct shm_actor_cold *one = cold_of(v);
    put(v, (uint32_t *)(void *)one + below(v, sizeof *one / 4), 4);
    if (chance(v, 2))
        *(chance(v, 2) ? &one->watchers : &one->timers) = (uint32_t)any_unit(v);
}

/* Whatever a mailbox begins with. */
static void chunk(struct vandal *v)
{
    struct shm_chunk *one = (struct shm_chunk *)(void *)unit_at(v, actor_of(v)->mail.head >> 32);
    switch (below(v, 4)) {
    case 0:
        one->next = (uint32_t)any_unit(v);
        break;
    case 1:
        PUT(v, one->end);
        break;
    case 2:
        PUT(v, one->order);
        break;
    default:
        frame_field(v, (struct shm_frame *)(void *)one->data);
    }
}

static void kept(struct vandal *v)
{
    put(v, unit_at(v, actor_of(v)->kept) + 4 * below(v, 2), 4);
}

static void watch(struct vandal *v)
{
    struct shm_actor_cold *one = cold_of(v);
    uint32_t unit = chance(v, 2) ? one->watchers : one->monitors;
    struct shm_watch *record = (struct shm_watch *)(void *)unit_at(v, unit);
    if (chance(v, 2))
        record->next = chance(v, 2) ? unit : (uint32_t)any_unit(v);
    else
        put(v, (uint64_t *)(void *)record + below(v, 3), 8);
}

static void timer(struct vandal *v)
{
    struct shm_actor_cold *one = cold_of(v);
    struct shm_timer *record = (struct shm_timer *)(void *)unit_at(v, one->timers);
    switch (below(v, 4)) {
    case 0:
        record->next = chance(v, 2) ? one->timers : (uint32_t)any_unit(v);
        break;
    case 1:
        PUT(v, record->order);
        break;
    case 2:
        PUT(v, record->at);
        break;
    default:
        frame_field(v, &record->frame);
    }
}

static void arena(struct vandal *v)
{
    uint32_t used = private_of(v)->fresh_unit;
    if (used != 0 && used <= v->geo.units)
        scribble(v, v->private + v->geo.arena_off, (uint64_t)used * 64);
}

static void events(struct vandal *v)
{
    bool first = chance(v, 2);
    scribble(v, v->private + (first ? v->geo.event_off : v->geo.letter_off),
             first ? v->geo.events * sizeof(struct shm_event)
                   : v->geo.letters * sizeof(struct shm_letter));
}

/* ---- all of it ---- */

static const struct aim {
    const char *name;
    void (*strike)(struct vandal *vandal);
    bool private; /* writes there */
} aims[] = {
    {"ends of a lane", ends, false},
    {"staged end", staged, false},
    {"both ends", lane_moved, false},
    {"frame in a lane", lane_frame, false},
    {"body in a lane", lane_body, false},
    {"lie in a lane", lie, false},
    {"lie in a lane", lie, false},
    {"accusation", accuse, false},
    {"anywhere in an edge", anywhere_edge, false},
    {"committed", committed, false},
    {"parked", parked, false},
    {"mark of death", death, false},
    {"incarnation", incarnation, false},
    {"pulse", pulse, false},
    {"directory", directory, false},
    {"anywhere in public", anywhere_public, false},
    {"geometry", geometry, true},
    {"journal", journal, true},
    {"undo log", undo, true},
    {"marks and counts", marks, true},
    {"read positions", positions, true},
    {"policy", policy, true},
    {"overflow queue", overflow, true},
    {"mailbox", mailbox, true},
    {"actor", actor, true},
    {"cold record", cold, true},
    {"chunk", chunk, true},
    {"kept block", kept, true},
    {"monitor", watch, true},
    {"timer", timer, true},
    {"arena", arena, true},
    {"event rings", events, true},
    {"anywhere in private", anywhere_private, true},
};

#define AIMS (sizeof aims / sizeof *aims)

const char *vandal_aim(unsigned number)
{
    return number < AIMS ? aims[number].name : NULL;
}

const char *vandal_strike(struct vandal *vandal, uint64_t seed)
{
    const struct aim *aim = NULL;
    vandal->random = seed * 0xd1342543de82ef95ull + 1;
    for (uint64_t blows = 1 + below(vandal, BLOWS_MOST); blows > 0; blows--) {
        do
            aim = &aims[below(vandal, AIMS)];
        while (aim->private && vandal->private == NULL);
        aim->strike(vandal);
    }
    return aim->name;
}
