/* SPDX-License-Identifier: MIT */
/* What the gateway tells of nodes and leases: the records in its ring, with its turn and not
 * without. How axsup reads them is in unit/test_event. */
#include "libax/gateway_event.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ONE 1u

static const struct shm_event *record(uint64_t number)
{
    return &w->port.events[number % w->port.geo.events];
}

static void assert_words(uint64_t number, enum shm_words_part part, const char *text)
{
    const struct shm_event *event = record(number);

    assert_int_equal(event->what, SHM_REASON_WORDS);
    assert_int_equal(event->method, part);
    assert_memory_equal(event->words, text, strlen(text) + 1);
}

/* Tells it in a turn; the number of its first record. */
static uint64_t tell(const struct gateway_news *news)
{
    uint64_t before = w->port.priv->events;

    gateway_event(victim_turn(&victim, ONE), news);
    turn_commit(w);
    return before;
}

static void a_lease(void **state)
{
    const struct gateway_news news = {
        .what = GATEWAY_LEASE_ACQUIRED, .name = "users", .shard = 7, .number = UINT64_MAX};

    (void)state;
    alone_rounds();
    uint64_t at = tell(&news);
    assert_int_equal(w->port.priv->events, at + 2);
    assert_words(at, SHM_WORDS_NAME, "users");
    assert_int_equal(record(at + 1)->what, SHM_NEWS_LEASE_ACQUIRED);
    assert_int_equal(record(at + 1)->incarnation, 7);
    assert_true(record(at + 1)->number == UINT64_MAX);
    assert_true(record(at + 1)->actor == actor_ref(w, ONE));
}

/* Names have two records, and what is too long is cut. */
static void long_texts(void **state)
{
    char name[100] = "", why[100] = "", cut[AX_WORDS_MAX + 1] = "";

    (void)state;
    alone_rounds();
    memset(name, 'n', sizeof name - 1);
    memset(why, 'y', sizeof why - 1);
    uint64_t at = tell(&(struct gateway_news){.what = GATEWAY_NODE_DOWN, .name = name, .why = why});
    assert_int_equal(w->port.priv->events, at + 4);
    memset(cut, 'n', AX_WORDS_MAX);
    assert_words(at, SHM_WORDS_NAME, cut);
    cut[GATEWAY_NAME_MAX - AX_WORDS_MAX] = '\0';
    assert_words(at + 1, SHM_WORDS_NAME_END, cut);
    memset(cut, 'y', AX_WORDS_MAX);
    assert_words(at + 2, SHM_WORDS_REASON, cut);
    assert_int_equal(record(at + 3)->what, SHM_NEWS_NODE_DOWN);
}

static void not_without_the_turn(void **state)
{
    (void)state;
    alone_rounds();
    uint64_t before = w->port.priv->events;
    gateway_event(victim_turn(&victim, ONE),
                  &(struct gateway_news){.what = GATEWAY_NODE_UP, .name = "b", .number = 1});
    assert_int_equal(w->port.priv->events, before + 2);
    turn_undo(w);
    assert_int_equal(w->port.priv->events, before);
    shm_turn_begin(&w->port, 0, 0);
    turn_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lease, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(long_texts, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(not_without_the_turn, alone_begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
