/* SPDX-License-Identifier: MIT */
/* What becomes of a worker that has ended: its policy, window and backoff, as the table that axsup
 * makes of its config has them decided. The decisions as such are in test_supervise. */
#include "axsup/supervision.h"

#include "axsup/rate.h"
#include "libax/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define SEC (1000 * MS)

static const struct sup_restart_config usual = {.policy = SUP_RESTART_ON_FAILURE,
                                                .max = 3,
                                                .window_ns = 60 * SEC,
                                                .backoff_ns = {100 * MS, 100 * MS}};

static struct ax_supervisor s;
static struct ax_child child;
static struct sup_restarts restarts;
static struct sup_restart_config how;

static struct supervise_table table(void)
{
    return sup_supervision_table(&child, 1, SUP_ONE_FOR_ONE, &how, &restarts);
}

static void begin(const struct sup_restart_config *config, uint64_t seed)
{
    sup_restarts_deinit(&restarts);
    how = *config;
    child = sup_supervision_child(how.policy, SEC);
    assert_int_equal(sup_restarts_init(&restarts, how.max), 0);
    const struct supervise_table t = table();
    supervise_begin(&s, &t, seed);
    assert_int_equal(supervise_next(&s, &t, 0).act, SUPERVISE_START);
    supervise_started(&s, 0, (struct ax_ref){.addr = 0});
}

static enum supervise_verdict end_at(uint64_t now, enum ax_reason reason)
{
    const struct supervise_table t = table();

    return supervise_ended(&s, &t, 0, reason, now);
}

/* The wait, or UINT64_MAX where the worker has failed. */
static uint64_t fail_at(uint64_t now)
{
    enum supervise_verdict verdict = end_at(now, AX_FAILED);

    assert_true(verdict == SUPERVISE_AGAIN || verdict == SUPERVISE_TOO_MANY);
    return verdict == SUPERVISE_AGAIN ? s.children[0].start_at - now : UINT64_MAX;
}

static void test_policies(void **state)
{
    static const struct {
        enum sup_restart_policy policy;
        enum ax_reason reason;
        enum supervise_verdict verdict;
    } rows[] = {
        {SUP_RESTART_NEVER, AX_NORMAL, SUPERVISE_REST},
        {SUP_RESTART_NEVER, AX_FAILED, SUPERVISE_REST},
        {SUP_RESTART_ON_FAILURE, AX_NORMAL, SUPERVISE_REST},
        {SUP_RESTART_ON_FAILURE, AX_FAILED, SUPERVISE_AGAIN},
        {SUP_RESTART_ALWAYS, AX_NORMAL, SUPERVISE_AGAIN},
        {SUP_RESTART_ALWAYS, AX_FAILED, SUPERVISE_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sup_restart_config config = usual;
        config.policy = rows[i].policy;
        begin(&config, 0);
        assert_int_equal(end_at(5 * SEC, rows[i].reason), rows[i].verdict);
        assert_int_equal(s.children[0].start_at,
                         rows[i].verdict == SUPERVISE_AGAIN ? 5 * SEC + 100 * MS : 0);
    }
}

/* ---- the wait ---- */

static void test_backoff_doubles_up_to_its_cap(void **state)
{
    static const uint64_t bounds[] = {100 * MS, 350 * MS};
    static const struct {
        unsigned nth;
        uint64_t least, most;
    } rows[] = {
        {1, 100 * MS, 110 * MS}, {2, 200 * MS, 220 * MS},       {3, 315 * MS, 350 * MS},
        {4, 315 * MS, 350 * MS}, {1000000, 315 * MS, 350 * MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t tenth = rows[i].most - rows[i].least;
        assert_true(backoff_wait(bounds[0], bounds[1], rows[i].nth, 0) == rows[i].least);
        assert_true(backoff_wait(bounds[0], bounds[1], rows[i].nth, tenth) == rows[i].most);
        assert_true(backoff_wait(bounds[0], bounds[1], rows[i].nth, tenth + 1) == rows[i].least);
    }
}

static void test_backoff_of_nothing_and_of_much(void **state)
{
    static const uint64_t none[] = {0, 350 * MS}, same[] = {50 * MS, 50 * MS},
                          wrong[] = {50 * MS, 20 * MS},
                          much[] = {UINT64_C(1) << 60, UINT64_C(3) << 61};

    (void)state;
    for (uint64_t random = 0; random < 10; random++) {
        assert_true(backoff_wait(none[0], none[1], 5, random) == 0);
        assert_true(backoff_wait(same[0], same[1], 5, random * MS) == 50 * MS);
        assert_true(backoff_wait(wrong[0], wrong[1], 5, random * MS) == 20 * MS);
    }
    for (unsigned nth = 1; nth < 100; nth++) {
        uint64_t wait = backoff_wait(much[0], much[1], nth, UINT64_MAX);
        assert_true(wait >= much[0] && wait <= much[1]);
    }
}

static void test_chance_is_decided_by_the_seed(void **state)
{
    uint64_t waits[3][3];

    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        begin(&usual, k / 2);
        how.backoff_ns[1] = SEC;
        for (unsigned i = 0; i < 3; i++)
            waits[k][i] = fail_at((i + 1) * SEC);
    }
    assert_memory_equal(waits[0], waits[1], sizeof waits[0]);
    assert_memory_not_equal(waits[0], waits[2], sizeof waits[0]);
}

static void test_the_row_ends_with_a_quiet_window(void **state)
{
    (void)state;
    begin(&usual, 0);
    how.backoff_ns[1] = SEC;
    assert_true(fail_at(1 * SEC) < 111 * MS);
    assert_true(fail_at(50 * SEC) >= 200 * MS);
    assert_true(fail_at(109 * SEC) >= 400 * MS); /* the first one is out of the window */
    assert_true(fail_at(169 * SEC) < 111 * MS);
}

/* ---- the window ---- */

static void test_one_more_than_max_is_the_end(void **state)
{
    (void)state;
    begin(&usual, 0);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fail_at(i * SEC), 100 * MS);
    assert_int_equal(fail_at(4 * SEC), UINT64_MAX);
    const struct supervise_table t = table();
    supervise_forget(&s, &t, 0);
    assert_int_equal(fail_at(5 * SEC), 100 * MS);
    begin(&(struct sup_restart_config){.policy = SUP_RESTART_ALWAYS, .window_ns = SEC}, 0);
    assert_int_equal(fail_at(1), UINT64_MAX);
}

static void test_the_window_slides(void **state)
{
    (void)state;
    begin(&usual, 0);
    assert_int_equal(fail_at(10 * SEC), 100 * MS);
    assert_int_equal(fail_at(60 * SEC), 100 * MS);
    assert_int_equal(fail_at(70 * SEC), 100 * MS); /* the first one has just left it */
    assert_int_equal(fail_at(71 * SEC), 100 * MS);
    assert_int_equal(fail_at(120 * SEC - 1), UINT64_MAX); /* 60, 70 and 71 are still in it */
    assert_int_equal(fail_at(120 * SEC), 100 * MS);
}

/* Against what anybody would write who has time and memory. */
static void test_the_window_by_a_plain_count(void **state)
{
    uint64_t times[2000], now = 0, chance = 1;
    unsigned n = 0, failed = 0;

    (void)state;
    begin(&usual, 0);
    how.window_ns = 100;
    for (unsigned i = 0; i < 2000; i++) {
        unsigned within = 0;
        chance = chance * UINT64_C(6364136223846793005) + 1;
        now += (chance >> 40) % 50;
        for (unsigned k = 0; k < n; k++)
            within += now - times[k] < 100;
        uint64_t wait = fail_at(now);
        assert_int_equal(wait == UINT64_MAX, within >= 3);
        failed += wait == UINT64_MAX;
        if (wait != UINT64_MAX)
            times[n++] = now;
    }
    assert_true(failed > 100 && n > 100);
}

static void test_normal_ends_are_not_counted_where_they_rest(void **state)
{
    (void)state;
    begin(&usual, 0);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(end_at(SEC, AX_NORMAL), SUPERVISE_REST);
    assert_int_equal(fail_at(SEC), 100 * MS);
}

static void test_rate(void **state)
{
    struct sup_rate rate = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_false(sup_rate_add(&rate, i * SEC, 60 * SEC, 3));
    assert_true(sup_rate_add(&rate, 4 * SEC, 60 * SEC, 3));
    assert_false(sup_rate_add(&rate, 5 * SEC, 60 * SEC, 3)); /* begins anew */
    for (uint64_t i = 2; i < 100; i++)                       /* rare enough */
        assert_false(sup_rate_add(&rate, i * 61 * SEC, 60 * SEC, 1));
    for (unsigned i = 0; i < 100; i++)
        assert_false(sup_rate_add(&rate, SEC, 60 * SEC, 0)); /* never */
}

static int tear_down(void **state)
{
    (void)state;
    sup_restarts_deinit(&restarts);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_backoff_doubles_up_to_its_cap),
        cmocka_unit_test(test_backoff_of_nothing_and_of_much),
        cmocka_unit_test(test_chance_is_decided_by_the_seed),
        cmocka_unit_test(test_the_row_ends_with_a_quiet_window),
        cmocka_unit_test(test_one_more_than_max_is_the_end),
        cmocka_unit_test(test_the_window_slides),
        cmocka_unit_test(test_the_window_by_a_plain_count),
        cmocka_unit_test(test_normal_ends_are_not_counted_where_they_rest),
        cmocka_unit_test(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
