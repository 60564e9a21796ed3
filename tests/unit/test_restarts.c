/* SPDX-License-Identifier: MIT */
/* Whether an actor has come back too often, against what anybody would write who has time and
 * memory: exact as far as an actor has room for each time, and within a bound beyond. */
#include "libax/restarts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SEC UINT64_C(1000000000)
#define TRIES 4000u

static uint64_t chance;

static uint64_t below(uint64_t n)
{
    chance = chance * UINT64_C(6364136223846793005) + 1;
    return (chance >> 33) % n;
}

/* As charge() does it. */
static bool fail_at(struct shm_restarts *restarts, uint32_t max, uint64_t now, uint64_t before)
{
    const struct restarts_rule rule = restarts_rule(max, SEC);
    if (now - before >= SEC)
        restarts->count = 0;
    return restarts_add(restarts, &rule, now);
}

/* Moments are whole parts of the window: nothing is rounded. */
static void test_exact(void **state)
{
    const uint64_t part = restarts_rule(1, SEC).part_ns;
    (void)state;
    chance = 1;
    for (uint32_t max = 1; max <= SHM_RESTARTS; max++) {
        struct shm_restarts restarts = {0};
        uint64_t times[TRIES], now = UINT64_C(1) << 50, before = 0;
        unsigned n = 0, refused = 0;
        now -= now % part;
        for (unsigned i = 0; i < TRIES; i++) {
            unsigned within = 0;
            now += below(below(8) == 0 ? 2 * SEC / part : 2 * SEC / max / part) * part;
            for (unsigned k = n; k-- > 0 && now - times[k] < restarts_rule(max, SEC).parts * part;)
                within++;
            bool lives = fail_at(&restarts, max, now, before);
            assert_int_equal(lives, within < max);
            refused += !lives;
            if (lives)
                times[n++] = now;
            before = now;
        }
        assert_true(refused > TRIES / 20 && n > TRIES / 20);
    }
}

static void test_many_are_counted_in_steps(void **state)
{
    static const uint32_t maxima[] = {14, 26, 27, 100, 1000, 999999};
    (void)state;
    for (size_t i = 0; i < sizeof maxima / sizeof *maxima; i++) {
        struct shm_restarts restarts = {0};
        uint64_t now = 5 * SEC;
        uint32_t lived = 0;
        while (fail_at(&restarts, maxima[i], now, now) && lived < 2 * maxima[i])
            lived++;
        assert_in_range(lived, maxima[i], maxima[i] + maxima[i] / SHM_RESTARTS + SHM_RESTARTS);
        assert_true(fail_at(&restarts, maxima[i], now + SEC, now));
    }
}

/* Time that has passed does not come back, however long an actor lives. */
static void test_slow_failures_go_on(void **state)
{
    struct shm_restarts restarts = {0};
    uint64_t now = SEC, before = 0;
    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        assert_true(fail_at(&restarts, 3, now, before));
        before = now;
        now += SEC * 2 / 5;
    }
}

static void test_none_are_allowed(void **state)
{
    (void)state;
    assert_int_equal(restarts_rule(0, SEC).times, 0);
    assert_int_equal(restarts_rule(1, 1000000).times, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_many_are_counted_in_steps),
        cmocka_unit_test(test_slow_failures_go_on),
        cmocka_unit_test(test_none_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
