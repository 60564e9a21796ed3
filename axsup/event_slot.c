/* SPDX-License-Identifier: MIT */
/* event_slot.c - how the rings of the slots flow into those of axsup.
 *
 * A slot counts what it has written to its rings; the count is part of its turns. axsup takes the
 * committed count, copies the records up to it, and then looks whether the writer has come round
 * meanwhile, or had in a turn that was taken back: what may have been overwritten is not shown.
 * Dead letters are counted even so. */
#include "axsup/event.h"
#include "axsup/stream.h"
#include "axsup/sup.h"

#include <string.h>

#define MOST_AT_ONCE (UINT64_C(1) << 24) /* records of a slot between two looks */

static const uint8_t from_slot[] = {
    [SHM_ACTOR_STARTED] = SUP_ACTOR_STARTED,
    [SHM_ACTOR_RESTARTED] = SUP_ACTOR_RESTARTED,
    [SHM_ACTOR_STOPPED] = SUP_ACTOR_STOPPED,
    [SHM_ACTOR_DOWN] = SUP_DOWN,
    [SHM_OVERLOAD_ON] = SUP_OVERLOAD_ON,
    [SHM_OVERLOAD_OFF] = SUP_OVERLOAD_OFF,
    [SHM_DEADLETTER] = SUP_DEADLETTER,
    [SHM_ACTOR_EXIT] = SUP_EXIT,
    [SHM_AWAIT_LOST] = SUP_AWAIT_LOST,
    [SHM_SLOW] = SUP_SLOW,
    [SHM_NEWS_LEASE_ACQUIRED] = SUP_LEASE_ACQUIRED,
    [SHM_NEWS_LEASE_LOST] = SUP_LEASE_LOST,
    [SHM_NEWS_NODE_UP] = SUP_NODE_UP,
    [SHM_NEWS_NODE_DOWN] = SUP_NODE_DOWN,
    [SHM_NEWS_SESSION_ROTATED] = SUP_SESSION_ROTATED,
    [SHM_NEWS_AUTH_REFUSED] = SUP_AUTH_REFUSED,
    [SHM_NEWS_DIAL_REFUSED] = SUP_DIAL_REFUSED,
    [SHM_NEWS_CONFIG_DIFFERS] = SUP_CONFIG_DIFFERS,
    [SHM_NEWS_STORE_UP] = SUP_STORE_UP,
    [SHM_NEWS_STORE_DOWN] = SUP_STORE_DOWN,
};

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
    event->error = from->error;
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

static bool is_of_nodes(const struct shm_event *event)
{
    return event->what >= SHM_NEWS_LEASE_ACQUIRED;
}

/* A record that a slot may have written; false where it makes no sense. */
static bool plausible(const struct sup *sup, uint32_t slot, const struct shm_event *event,
                      bool letter)
{
    bool known = event->what != 0 && event->what < sizeof from_slot;

    if (is_of_nodes(event) && slot != sup_cluster_slot(sup))
        return false;
    return known && letter == (event->what == SHM_DEADLETTER);
}

/* What comes before an event that has texts. */
static void take_words(struct sup_events *events, uint32_t slot, const struct shm_event *from)
{
    if (from->method < SHM_WORDS_PARTS)
        snprintf(events->words[slot][from->method], SHM_WORDS, "%.*s", (int)SHM_WORDS - 1,
                 from->words);
}

/* What they belong to may have been overwritten. */
static void give_words(struct sup_events *events, uint32_t slot, const struct shm_event *from,
                       struct sup_event *event)
{
    char(*words)[SHM_WORDS] = events->words[slot];

    if (from->reason == SHM_OTHER || is_of_nodes(from))
        memcpy(event->words, words[SHM_WORDS_REASON], SHM_WORDS);
    if (is_of_nodes(from)) {
        snprintf(event->subject, sizeof event->subject, "%s%.*s", words[SHM_WORDS_NAME],
                 (int)(sizeof event->subject - SHM_WORDS), words[SHM_WORDS_NAME_END]);
        event->shard = from->incarnation;
        event->incarnation = 0;
        event->number = from->number;
    }
    for (unsigned part = 0; part < SHM_WORDS_PARTS; part++)
        words[part][0] = '\0';
}

struct source {     /* one ring of one slot */
    uint64_t where; /* offset of its count in private memory */
    uint64_t off;   /* of the ring */
    uint32_t room;
    bool letters;
};

/* A record as it was copied; `whom` is empty but where it is a letter. */
static struct shm_letter copy_of(const uint8_t *ring, const struct source *source, uint64_t number)
{
    size_t size = source->letters ? sizeof(struct shm_letter) : sizeof(struct shm_event);
    struct shm_letter copy = {0};

    memcpy(&copy, ring + number % source->room * size, size);
    return copy;
}

/* Only the gateway knows of others than those of this node. */
static void give_whom(const struct sup *sup, uint32_t slot, const char *whom,
                      struct sup_event *event)
{
    if (slot == sup_cluster_slot(sup) && whom[0] != '\0')
        snprintf(event->actor_name, sizeof event->actor_name, "%.*s", (int)SHM_NAME_MAX, whom);
}

static void take(struct sup *sup, uint32_t slot, const struct source *source,
                 const struct shm_letter *record)
{
    struct sup_events *events = &sup->events;
    const struct shm_event *from = &record->event;

    if (from->what == SHM_REASON_WORDS && !source->letters) {
        take_words(events, slot, from);
        return;
    }
    if (!plausible(sup, slot, from, source->letters))
        return;
    struct sup_ring *ring = is_of_nodes(from) ? &events->nodes : &events->actors;
    struct sup_event *event = sup_ring_next(ring, ++events->seq);
    fill(sup, slot, from, event);
    if (!source->letters)
        give_words(events, slot, from, event);
    sup_stream_tell(sup, slot, from);
    if (is_of_nodes(from))
        sup_cluster_told(sup, event);
    if (source->letters) {
        give_whom(sup, slot, record->whom, event);
        struct sup_event *letter = sup_ring_next(&events->letters, 0);
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
    take(sup, slot, &letters, &(struct shm_letter){.event = *letter});
}

/* True: something was there. */
static bool collect(struct sup *sup, uint32_t slot, const struct source *source, uint64_t *taken)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const uint8_t *base = (const uint8_t *)memory->view;
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
        struct shm_letter copy = copy_of(base + source->off, source, from);
        shm_order();
        /* the writer may be at work on the record behind its own count */
        if (shm_load_acquire(now) + 1 - from <= source->room &&
            copy.event.lap == shm_event_lap(from, source->room))
            take(sup, slot, source, &copy);
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
    memset(sup->events.words[slot], 0, sizeof sup->events.words[slot]);
    sup->events.events_taken[slot] = 0;
    sup->events.letters_taken[slot] = 0;
}
