/* SPDX-License-Identifier: MIT */
/* What is remembered of events: workers' and actors' apart, and given out in order. One slot's ring
 * of records lies in this file, which stands in for the memory of a worker. */
#include "axsup/stream.h"
#include "axsup/sup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 64u
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the supervisor that is not there ---- */

static struct {
    struct shm_private priv;
    struct shm_event events[ROOM];
} memory;
static struct sup_slot slots[2];
static struct sup_json cluster;
static struct sup_config config = {.events = ROOM, .deadletters = 16, .cluster.json = &cluster};
static struct sup sup;
static uint64_t looks, told, left_out;

bool sup_memory_word(const struct sup *s, uint32_t slot, uint64_t where, uint64_t *value)
{
    (void)s;
    (void)slot;
    memcpy(value, (const char *)&memory.priv + where, sizeof *value);
    return true;
}

void sup_cluster_told(struct sup *of, const struct sup_event *event)
{
    (void)of;
    (void)event;
}

const struct ax_contract *sup_record_names(const struct sup *s, uint64_t ref,
                                           char name[SHM_NAME_MAX + 1])
{
    (void)s;
    (void)ref;
    name[0] = '\0';
    return NULL;
}

const struct ax_contract *sup_contract_by_hash(const struct sup *s, uint64_t hash)
{
    (void)s;
    (void)hash;
    return NULL;
}

void sup_child_look(struct sup_slot *slot)
{
    (void)slot;
    looks++;
}

uint64_t sup_clock(void)
{
    return 1;
}

uint64_t sup_clock_next(uint64_t period)
{
    return period;
}

uint64_t sup_realtime(void)
{
    return 1;
}

void sup_timer_clear(struct sup *s, struct sup_timer *timer)
{
    (void)s;
    (void)timer;
}

void sup_timer_set(struct sup *s, struct sup_timer *timer, uint64_t at)
{
    (void)s;
    timer->at = at;
}

void sup_stream_tell(struct sup *s, uint32_t from, const struct shm_event *event)
{
    (void)s, (void)from;
    told += event->what == SHM_ACTOR_STARTED;
}

void sup_stream_left_out(struct sup *s, uint32_t from, uint64_t count)
{
    (void)s, (void)from;
    left_out += count;
}

void sup_stream_flush(struct sup *s)
{
    (void)s;
}

/* ---- the tests ---- */

static void worker_event(enum sup_what what)
{
    (void)sup_event_add(&sup, what, &slots[1]);
    sup_event_done(&sup);
}

static void write_event(struct shm_event event)
{
    event.lap = shm_event_lap(memory.priv.events, ROOM);
    memory.events[memory.priv.events % ROOM] = event;
    memory.priv.events++;
}

/* As a worker does it: the records, then the count. */
static void actor_events(unsigned n)
{
    for (; n > 0; n--) {
        write_event((struct shm_event){.what = SHM_ACTOR_STARTED, .at = 1});
        sup_events_collect(&sup, 1);
    }
}

struct seen {
    unsigned workers, actors, missed;
    uint64_t last;
};

static int see(void *ctx, const struct sup_event *event)
{
    struct seen *seen = ctx;

    assert_true(event->seq > seen->last);
    seen->missed += (unsigned)(event->seq - seen->last - 1);
    seen->last = event->seq;
    *(event->what < SUP_ACTOR_STARTED ? &seen->workers : &seen->actors) += 1;
    return 0;
}

static void actors_push_no_worker_out(void **state)
{
    struct seen seen = {0};

    (void)state;
    worker_event(SUP_WORKER_DOWN);
    actor_events(1000);
    worker_event(SUP_WORKER_STARTED);
    actor_events(1000);
    (void)sup_event_since(&sup, 0, see, &seen);
    assert_int_equal(seen.workers, 2);
    assert_int_equal(seen.actors, ROOM);
    assert_int_equal(seen.missed, 2000 - ROOM);
    assert_int_equal(seen.last, 2002);
    assert_int_equal(told, 2000); /* listeners elsewhere, each as it came */
    assert_int_equal(left_out, 0);
}

/* What was written over before it was seen is counted, not made up; the oldest that is left may be
 * about to be. */
static void overwritten_ones_are_left_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROOM + 10; i++)
        write_event((struct shm_event){.what = SHM_ACTOR_STARTED, .at = 1});
    sup_events_collect(&sup, 1);
    assert_int_equal(told, ROOM - 1);
    assert_int_equal(left_out, 11);
}

/* Nor is what a turn has written that was taken back. */
static void what_never_happened_is_left_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROOM + 3; i++)
        write_event((struct shm_event){.what = SHM_ACTOR_STARTED, .at = 1});
    memory.priv.events -= 3;
    sup_events_collect(&sup, 1);
    assert_int_equal(told, ROOM - 3);
    assert_int_equal(left_out, 3);
}

static int note_words(void *ctx, const struct sup_event *event)
{
    char *text = ctx;

    snprintf(text + strlen(text), 256 - strlen(text), "[%s]", event->words);
    return 0;
}

/* Words are for the event behind them, if that is one which can have them, and end where there is
 * no room for more, whatever a worker has written. */
static void words_are_for_the_next(void **state)
{
    struct shm_event words = {.what = SHM_REASON_WORDS};
    char text[256] = "", all[SHM_WORDS] = "";

    (void)state;
    strcpy(words.words, "no use");
    write_event(words);
    write_event((struct shm_event){.what = SHM_ACTOR_STOPPED, .reason = SHM_OTHER});
    write_event((struct shm_event){.what = SHM_ACTOR_STOPPED, .reason = SHM_OTHER});
    write_event(words);
    write_event((struct shm_event){.what = SHM_ACTOR_STOPPED, .reason = SHM_FAILED});
    memset(words.words, 'x', sizeof words.words);
    write_event(words);
    write_event((struct shm_event){.what = SHM_ACTOR_DOWN, .reason = SHM_OTHER});
    (void)sup_event_since(&sup, 0, note_words, text);
    memset(all, 'x', SHM_WORDS - 1);
    assert_memory_equal(text, "[no use][][][", 13);
    assert_memory_equal(text + 13, all, SHM_WORDS - 1);
    assert_string_equal(text + 13 + SHM_WORDS - 1, "]");
}

static void all_are_in_order(void **state)
{
    struct seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        actor_events(i % 3);
        worker_event(SUP_WORKER_RESTARTING);
    }
    (void)sup_event_since(&sup, 0, see, &seen);
    assert_int_equal(seen.workers, 10);
    assert_int_equal(seen.actors, 9);
    assert_int_equal(seen.missed, 0);
    (void)sup_event_since(&sup, seen.last, see, &seen);
    assert_int_equal(seen.workers + seen.actors, 19);
    actor_events(1);
    (void)sup_event_since(&sup, seen.last, see, &seen);
    assert_int_equal(seen.actors, 10);
}

static int count_letter(void *ctx, const struct sup_event *event)
{
    assert_int_equal(event->what, SUP_DEADLETTER);
    *(unsigned *)ctx += 1;
    return 0;
}

/* Of what a slot leaves, which may be millions, no more is shown than of what it writes itself. */
static void letters_of_a_stop_are_bounded(void **state)
{
    const struct shm_event letter = {.what = SHM_DEADLETTER, .kind = SHM_TELL};
    unsigned shown = 0;

    (void)state;
    slots[1].memory.geo.letters = 5;
    for (unsigned i = 0; i < 100; i++)
        sup_letter_add(&sup, 1, &letter);
    (void)sup_letter_since(&sup, 0, count_letter, &shown);
    assert_int_equal(shown, 5);
    assert_int_equal(sup_letter_count(&sup), 100);
    assert_int_equal(sup.events.seq, 5);
}

static void write_words(enum shm_words_part part, const char *text)
{
    struct shm_event words = {.what = SHM_REASON_WORDS, .method = (uint16_t)part};

    strcpy(words.words, text);
    write_event(words);
}

static int note_node(void *ctx, const struct sup_event *event)
{
    char *text = ctx;

    if (event->what >= SUP_LEASE_ACQUIRED)
        snprintf(text + strlen(text), 512 - strlen(text), "[%s %s %u %u %s]",
                 sup_what_name(event->what), event->subject, event->shard, (unsigned)event->number,
                 event->words);
    return 0;
}

#define NAME_47 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

static void news(void)
{
    write_words(SHM_WORDS_NAME, "users");
    write_event((struct shm_event){.what = SHM_NEWS_LEASE_ACQUIRED, .incarnation = 7, .number = 8});
    write_words(SHM_WORDS_NAME, NAME_47);
    write_words(SHM_WORDS_NAME_END, "0123456789abcdef");
    write_words(SHM_WORDS_REASON, "gone");
    write_event((struct shm_event){.what = SHM_NEWS_NODE_DOWN, .number = 9});
    write_event((struct shm_event){.what = SHM_NEWS_NODE_UP});
}

/* The names are whole, and texts are not those of an event before. */
static void news_of_nodes(void **state)
{
    char text[512] = "";

    (void)state;
    sup.cluster.boot = 2; /* the last slot is the gateway's */
    news();
    actor_events(2 * ROOM);
    (void)sup_event_since(&sup, 0, note_node, text);
    assert_string_equal(text, "[lease_acquired users 7 8 ][node_down " NAME_47
                              "0123456789abcdef 0 9 gone][node_up  0 0 ]");
}

/* Whatever it writes. */
static void no_other_worker_has_news(void **state)
{
    char text[512] = "";

    (void)state;
    news();
    write_event((struct shm_event){.what = SHM_WHAT_COUNT});
    write_event((struct shm_event){.what = SHM_REASON_WORDS, .method = SHM_WORDS_PARTS});
    (void)sup_event_since(&sup, 0, note_node, text);
    assert_string_equal(text, "");
    assert_int_equal(sup.events.nodes.count, 0);
}

static int set_up(void **state)
{
    (void)state;
    memset(&memory, 0, sizeof memory);
    told = left_out = 0;
    slots[1].number = 1;
    slots[1].memory.view = &memory.priv;
    slots[1].memory.geo.events = ROOM;
    slots[1].memory.geo.event_off = (uint64_t)((char *)memory.events - (char *)&memory);
    sup = (struct sup){.slots = slots, .n_slots = LEN(slots)};
    return sup_events_open(&sup, &config);
}

static int tear_down(void **state)
{
    (void)state;
    sup_events_close(&sup);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(actors_push_no_worker_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overwritten_ones_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_never_happened_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_are_for_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_are_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(letters_of_a_stop_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_of_nodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_other_worker_has_news, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
