/* SPDX-License-Identifier: MIT */
/* The heap of actors that are to be looked at at a time: one place for each, whoever asks how
 * often, and none is lost. */
#include "libax/wake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libax/wake.c" // NOLINT(bugprone-suspicious-include)

#define ACTORS 200u

static struct shm_actor actors[ACTORS];
static struct worker w;
static uint32_t woken[ACTORS], nwoken;

static int begin(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    w.port.actors = actors;
    w.port.geo.actors = ACTORS;
    for (uint32_t i = 0; i < ACTORS; i++)
        actors[i].state = SHM_LIVE;
    nwoken = 0;
    return wakes_open(&w);
}

static int end(void **state)
{
    (void)state;
    wakes_close(&w);
    return 0;
}

static void run_at(uint64_t now)
{
    w.now = now;
    nwoken = 0;
    uint32_t count = wakes_run(&w);
    for (uint32_t next; w.run_first != 0; w.run_first = next == RUN_END ? 0 : next) {
        next = actors[w.run_first].next_run;
        actors[w.run_first].next_run = 0;
        woken[nwoken++] = w.run_first;
    }
    w.run_last = 0;
    assert_int_equal(count, nwoken);
}

static void in_order_of_time(void **state)
{
    (void)state;
    assert_true(wake_next(&w) == UINT64_MAX);
    for (uint32_t i = 1; i < ACTORS; i++)
        wake_at(&w, i, 1000 + i * 37 % ACTORS);
    assert_int_equal(wake_next(&w), 1000 + 1);
    run_at(1000);
    assert_int_equal(nwoken, 0);
    run_at(2000);
    assert_int_equal(nwoken, ACTORS - 1);
    for (uint32_t i = 0; i < nwoken; i++)
        assert_int_equal(woken[i] * 37 % ACTORS, i + 1);
    assert_true(wake_next(&w) == UINT64_MAX);
}

/* Also in the middle of others, where its new time moves it up. */
static void one_place_for_each(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < ACTORS; i++)
        wake_at(&w, i, 10000 + i);
    for (uint32_t round = 0; round < 1000; round++) {
        wake_at(&w, 150, 10000 + 150); /* it is there */
        wake_at(&w, 150, 20000);       /* what is earlier serves as well */
        wake_at(&w, 100, 10000 - round);
    }
    assert_int_equal(w.nwakes, ACTORS - 1);
    run_at(10000 - 999);
    assert_int_equal(nwoken, 1);
    assert_int_equal(woken[0], 100);
    run_at(10000 + 149);
    assert_int_equal(nwoken, 148);
    run_at(20000);
    assert_int_equal(nwoken, ACTORS - 1 - 149);
    assert_int_equal(woken[0], 150);
}

static void again_when_it_is_over(void **state)
{
    (void)state;
    wake_at(&w, 8, 1000);
    for (uint64_t at = 1; at < 100; at++) {
        wake_at(&w, 7, at);
        run_at(at);
        assert_int_equal(nwoken, 1);
        assert_int_equal(woken[0], 7);
        assert_int_equal(wake_next(&w), 1000);
    }
}

/* Whose record is free by then is nobody. */
static void not_the_dead(void **state)
{
    (void)state;
    wake_at(&w, 3, 5);
    wake_at(&w, 4, 6);
    actors[3].state = SHM_FREE;
    run_at(6);
    assert_int_equal(nwoken, 1);
    assert_int_equal(woken[0], 4);
    actors[3].state = SHM_LIVE;
    wake_at(&w, 3, 7);
    run_at(7);
    assert_int_equal(nwoken, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {TEST(in_order_of_time), TEST(one_place_for_each),
                                       TEST(again_when_it_is_over), TEST(not_the_dead)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
