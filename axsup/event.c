/* SPDX-License-Identifier: MIT */
/* event.c - the rings, and how those of the slots flow into them.
 *
 * A slot counts what it has written to its rings; the count is part of its turns. axsup takes the
 * committed count, copies the records up to it, and then looks whether the writer has come round
 * meanwhile: what may have been overwritten is not shown. Dead letters are counted even so. */
#include "axsup/event.h"

#include "axsup/stream.h"
#include "axsup/sup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLLECT_NS UINT64_C(50000000)    /* how late an actor's event may be */
#define MOST_AT_ONCE (UINT64_C(1) << 24) /* records of a slot between two looks */

static const char *const names[] = {
#define NAME(name, text) [SUP_##name] = (text),
    SUP_WHATS(NAME)
#undef NAME
};

static const uint8_t from_slot[] = {
    [SHM_ACTOR_STARTED] = SUP_ACTOR_STARTED, [SHM_ACTOR_RESTARTED] = SUP_ACTOR_RESTARTED,
    [SHM_ACTOR_STOPPED] = SUP_ACTOR_STOPPED, [SHM_ACTOR_DOWN] = SUP_DOWN,
    [SHM_OVERLOAD_ON] = SUP_OVERLOAD_ON,     [SHM_OVERLOAD_OFF] = SUP_OVERLOAD_OFF,
    [SHM_DEADLETTER] = SUP_DEADLETTER,       [SHM_ACTOR_EXIT] = SUP_EXIT,
    [SHM_AWAIT_LOST] = SUP_AWAIT_LOST,       [SHM_SLOW] = SUP_SLOW,
};

const char *sup_what_name(enum sup_what what)
{
    return what < sizeof names / sizeof *names ? names[what] : "unknown";
}

/* ---- rings ---- */

static struct sup_event *ring_next(struct sup_ring *ring, uint64_t seq)
{
    struct sup_event *event = &ring->event[ring->count % ring->room];

    ring->count++;
    memset(event, 0, sizeof *event);
    event->seq = seq;
    return event;
}

/* Reads a ring in order. */
struct reader {
    const struct sup_ring *ring;
    uint64_t at; /* of the next event, by the ring's count */
};

/* At the first event above `seq`; who follows is near the end. */
static struct reader reader_after(const struct sup_ring *ring, uint64_t seq)
{
    uint64_t oldest = ring->count > ring->room ? ring->count - ring->room : 0;
    struct reader reader = {.ring = ring, .at = ring->count};

    while (reader.at > oldest && ring->event[(reader.at - 1) % ring->room].seq > seq)
        reader.at--;
    return reader;
}

/* NULL: there is no more. */
static const struct sup_event *reader_look(const struct reader *reader)
{
    const struct sup_ring *ring = reader->ring;

    return reader->at < ring->count ? &ring->event[reader->at % ring->room] : NULL;
}

int sup_event_since(struct sup *sup, uint64_t seq, sup_event_fn *fn, void *ctx)
{
    int result = 0;

    sup_events_collect_all(sup);
    struct reader workers = reader_after(&sup->events.workers, seq);
    struct reader actors = reader_after(&sup->events.actors, seq);
    while (result == 0) {
        const struct sup_event *worker = reader_look(&workers), *actor = reader_look(&actors);
        if (worker == NULL && actor == NULL)
            break;
        bool first = actor == NULL || (worker != NULL && worker->seq < actor->seq);
        first ? workers.at++ : actors.at++;
        result = fn(ctx, first ? worker : actor);
    }
    return result;
}

int sup_letter_since(struct sup *sup, uint64_t seq, sup_event_fn *fn, void *ctx)
{
    int result = 0;

    sup_events_collect_all(sup);
    struct reader letters = reader_after(&sup->events.letters, seq);
    for (const struct sup_event *letter; result == 0; letters.at++) {
        letter = reader_look(&letters);
        if (letter == NULL)
            break;
        result = fn(ctx, letter);
    }
    return result;
}

uint64_t sup_letter_count(struct sup *sup)
{
    sup_events_collect_all(sup);
    return sup->events.letters_ever;
}

void sup_event_hook(struct sup *sup, void (*fn)(void *ctx), void *ctx)
{
    sup->events.hook = fn;
    sup->events.ctx = ctx;
}

struct sup_event *sup_event_add(struct sup *sup, enum sup_what what, const struct sup_slot *slot)
{
    struct sup_event *event = ring_next(&sup->events.workers, ++sup->events.seq);

    event->at = sup_realtime();
    event->what = what;
    event->slot = slot->number;
    event->incarnation = slot->incarnation;
    return event;
}

void sup_event_done(struct sup *sup)
{
    if (sup->events.hook != NULL)
        sup->events.hook(sup->events.ctx);
}

/* ---- from the slots ---- */

static void name_message(const struct ax_contract *contract, uint16_t method,
                         struct sup_event *event)
{
    if (contract == NULL)
        return;
    snprintf(event->contract, sizeof event->contract, "%s", contract->name);
    if ((event->what == SUP_DEADLETTER || event->what == SUP_SLOW) && method < contract->nmethods)
        snprintf(event->message, sizeof event->message, "%s", contract->methods[method].name);
}

static void fill(struct sup *sup, uint32_t slot, const struct shm_event *from,
                 struct sup_event *event)
{
    event->at = from->at;
    event->what = (enum sup_what)from_slot[from->what];
    event->slot = slot;
    event->incarnation = from->incarnation;
    event->reason = from->reason;
    event->signal = from->signal;
    event->suspect_known = event->what == SUP_DOWN || event->what == SUP_EXIT;
    event->suspect = from->suspect != 0;
    event->will_restart = from->will_restart != 0;
    event->error = (int)from->error;
    event->stop = from->what == SHM_ACTOR_STOPPED ? from->kind : 0;
    event->duration_ns = from->what == SHM_SLOW ? from->took_ns & INT64_MAX : 0;
    event->actor = from->actor;
    event->other = from->other;
    const struct ax_contract *contract = sup_record_names(sup, from->actor, event->actor_name);
    if (contract == NULL && from->contract != 0)
        contract = sup_contract_by_hash(sup, from->contract);
    name_message(contract, from->method, event);
    if (from->what == SHM_DEADLETTER && from->kind == SHM_EXIT)
        snprintf(event->message, sizeof event->message, "(exit)");
    (void)sup_record_names(sup, from->other, event->other_name);
}

/* A record that a slot may have written; false where it makes no sense. */
static bool plausible(const struct shm_event *event, bool letter)
{
    bool known = event->what != 0 && event->what < sizeof from_slot;

    return known && letter == (event->what == SHM_DEADLETTER);
}

struct source {     /* one ring of one slot */
    uint64_t where; /* offset of its count in private memory */
    uint64_t off;   /* of the ring */
    uint32_t room;
    bool letters;
};

static void take(struct sup *sup, uint32_t slot, const struct source *source,
                 const struct shm_event *from)
{
    struct sup_events *events = &sup->events;
    struct shm_event copy;

    memcpy(&copy, from, sizeof copy);
    if (copy.what == SHM_REASON_WORDS && !source->letters) {
        snprintf(events->words[slot], SHM_WORDS, "%.*s", (int)SHM_WORDS - 1, copy.words);
        return;
    }
    if (!plausible(&copy, source->letters))
        return;
    struct sup_event *event = ring_next(&events->actors, ++events->seq);
    fill(sup, slot, &copy, event);
    if (!source->letters) { /* what they belong to may have been overwritten */
        if (copy.reason == SHM_OTHER)
            memcpy(event->words, events->words[slot], SHM_WORDS);
        events->words[slot][0] = '\0';
    }
    sup_stream_tell(sup, slot, &copy);
    if (source->letters) {
        struct sup_event *letter = ring_next(&events->letters, 0);
        *letter = *event;
        letter->seq = events->letters.count;
    }
}

void sup_letter_add(struct sup *sup, uint32_t slot, const struct shm_event *letter)
{
    const struct source letters = {.letters = true};

    sup->events.letters_ever++;
    if (sup->events.added[slot] == sup->slots[slot].memory.geo.letters)
        return;
    sup->events.added[slot]++;
    take(sup, slot, &letters, letter);
}

/* True: something was there. */
static bool collect(struct sup *sup, uint32_t slot, const struct source *source, uint64_t *taken)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const uint8_t *base = (const uint8_t *)memory->view;
    const struct shm_event *ring = (const struct shm_event *)(const void *)(base + source->off);
    uint64_t count, from = *taken;

    if (!sup_memory_word(sup, slot, source->where, &count) || count == from)
        return false;
    if (count - from > MOST_AT_ONCE) { /* no worker has written that many: it is not believed */
        *taken = count;
        return false;
    }
    if (source->letters)
        sup->events.letters_ever += count - from;
    uint64_t unseen = count - from > source->room ? count - from - source->room : 0;
    from += unseen;
    for (; from < count; from++) {
        const uint64_t *now = (const uint64_t *)(const void *)(base + source->where);
        /* the writer may be at work on the record behind its own count */
        if (shm_load_acquire(now) + 1 - from <= source->room)
            take(sup, slot, source, &ring[from % source->room]);
        else
            unseen++;
    }
    if (unseen != 0 && !source->letters)
        sup_stream_left_out(sup, slot, unseen);
    *taken = count;
    return true;
}

void sup_events_collect(struct sup *sup, uint32_t slot)
{
    const struct shm_geometry *geo = &sup->slots[slot].memory.geo;
    const struct source events = {offsetof(struct shm_private, events), geo->event_off, geo->events,
                                  false};
    const struct source letters = {offsetof(struct shm_private, letters), geo->letter_off,
                                   geo->letters, true};
    bool any = collect(sup, slot, &events, &sup->events.events_taken[slot]);

    any |= collect(sup, slot, &letters, &sup->events.letters_taken[slot]);
    if (!any)
        return;
    sup_stream_flush(sup);
    sup_event_done(sup);
}

void sup_events_collect_all(struct sup *sup)
{
    for (uint32_t slot = 1; slot < sup->n_slots; slot++)
        sup_events_collect(sup, slot);
}

void sup_events_reset(struct sup *sup, uint32_t slot)
{
    sup->events.words[slot][0] = '\0';
    sup->events.events_taken[slot] = 0;
    sup->events.letters_taken[slot] = 0;
}

/* ---- life ---- */

static void on_timer(void *ctx)
{
    struct sup *sup = ctx;

    sup_events_collect_all(sup);
    for (uint32_t slot = 1; slot < sup->n_slots; slot++)
        sup_child_look(&sup->slots[slot]);
    sup_timer_set(sup, &sup->events.timer, sup_clock() + COLLECT_NS);
}

static int ring_open(struct sup_ring *ring, uint32_t room)
{
    ring->event = calloc(room, sizeof *ring->event);
    ring->room = room;
    return ring->event != NULL ? 0 : -ENOMEM;
}

int sup_events_open(struct sup *sup, const struct sup_config *config)
{
    int error = ring_open(&sup->events.workers, config->events);

    if (error == 0)
        error = ring_open(&sup->events.actors, config->events);
    if (error == 0)
        error = ring_open(&sup->events.letters, config->deadletters);
    sup->events.timer = (struct sup_timer){.fn = on_timer, .ctx = sup};
    return error;
}

void sup_events_start(struct sup *sup)
{
    on_timer(sup);
}

void sup_events_close(struct sup *sup)
{
    free(sup->events.workers.event);
    free(sup->events.actors.event);
    free(sup->events.letters.event);
    memset(&sup->events, 0, sizeof sup->events);
}
