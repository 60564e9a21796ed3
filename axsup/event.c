/* SPDX-License-Identifier: MIT */
/* event.c - the rings, and who reads them. */
#include "axsup/event.h"

#include "axsup/sup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLLECT_NS UINT64_C(50000000) /* how late an actor's event may be */

static const char *const names[] = {
#define NAME(name, text) [SUP_##name] = (text),
    SUP_WHATS(NAME)
#undef NAME
};

const char *sup_what_name(enum sup_what what)
{
    return what < sizeof names / sizeof *names ? names[what] : "unknown";
}

/* ---- rings ---- */

struct sup_event *sup_ring_next(struct sup_ring *ring, uint64_t seq)
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

/* Whose next event is the oldest; NULL: there is none. */
static struct reader *reader_first(struct reader *readers, unsigned n)
{
    struct reader *first = NULL;

    for (unsigned i = 0; i < n; i++) {
        const struct sup_event *event = reader_look(&readers[i]);
        if (event != NULL && (first == NULL || event->seq < reader_look(first)->seq))
            first = &readers[i];
    }
    return first;
}

int sup_event_since(struct sup *sup, uint64_t seq, sup_event_fn *fn, void *ctx)
{
    int result = 0;

    sup_events_collect_all(sup);
    struct reader readers[] = {
        reader_after(&sup->events.workers, seq),
        reader_after(&sup->events.actors, seq),
        reader_after(&sup->events.nodes, seq),
    };
    for (struct reader *first; result == 0 && (first = reader_first(readers, 3)) != NULL;) {
        const struct sup_event *event = reader_look(first);
        first->at++;
        result = fn(ctx, event);
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
    struct sup_event *event = sup_ring_next(&sup->events.workers, ++sup->events.seq);

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

/* ---- life ---- */

static void on_timer(void *ctx)
{
    struct sup *sup = ctx;

    sup_events_collect_all(sup);
    for (uint32_t slot = 1; slot < sup->n_slots; slot++)
        sup_child_look(&sup->slots[slot]);
    sup_timer_set(sup, &sup->events.timer, sup_clock_next(COLLECT_NS));
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
        error = ring_open(&sup->events.nodes, config->cluster.json != NULL ? config->events : 1);
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
    free(sup->events.nodes.event);
    free(sup->events.letters.event);
    memset(&sup->events, 0, sizeof sup->events);
}
