/* SPDX-License-Identifier: MIT */
/* The restart policy of workers: verdicts, backoff and window as a function of time and ends. */
#include "axsup/restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define SEC (1000 * MS)

static struct sup_restart_config config(enum sup_restart_policy policy)
{
    return (struct sup_restart_config){
        .policy = policy, .max = 3, .window_ns = 60 * SEC, .backoff_ns = {100 * MS, 350 * MS}};
}

static void test_policies(void **state)
{
    static const struct {
        enum sup_restart_policy policy;
        enum sup_end end;
        enum sup_verdict verdict;
    } rows[] = {
        {SUP_RESTART_NEVER, SUP_END_NORMAL, SUP_REST},
        {SUP_RESTART_NEVER, SUP_END_FAILURE, SUP_GIVE_UP},
        {SUP_RESTART_ON_FAILURE, SUP_END_NORMAL, SUP_REST},
        {SUP_RESTART_ON_FAILURE, SUP_END_FAILURE, SUP_AGAIN},
        {SUP_RESTART_ALWAYS, SUP_END_NORMAL, SUP_AGAIN},
        {SUP_RESTART_ALWAYS, SUP_END_FAILURE, SUP_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sup_restart memory = {0};
        struct sup_restart_config how = config(rows[i].policy);
        uint64_t at = 0;
        assert_int_equal(sup_restart_decide(&memory, &how, 5 * SEC, rows[i].end, &at),
                         rows[i].verdict);
        assert_int_equal(at, rows[i].verdict == SUP_AGAIN ? 5 * SEC + 100 * MS : 0);
    }
}

static void test_backoff_doubles_up_to_its_cap(void **state)
{
    static const uint64_t waits[] = {100 * MS, 200 * MS, 350 * MS, 350 * MS, 350 * MS};
    struct sup_restart memory = {0};
    struct sup_restart_config how = config(SUP_RESTART_ALWAYS);
    uint64_t at;

    (void)state;
    how.max = 1000;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t now = (i + 1) * SEC;
        assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_AGAIN);
        assert_int_equal(at, now + waits[i]);
    }
    for (unsigned i = 0; i < 900; i++) /* no overflow, however many */
        sup_restart_decide(&memory, &how, 7 * SEC, SUP_END_FAILURE, &at);
    assert_int_equal(at, 7 * SEC + 350 * MS);
}

static void test_backoff_of_nothing_and_of_much(void **state)
{
    struct sup_restart memory = {0};
    struct sup_restart_config how = config(SUP_RESTART_ALWAYS);
    uint64_t at;

    (void)state;
    how.max = 100;
    how.backoff_ns[0] = 0;
    for (unsigned i = 0; i < 10; i++) {
        sup_restart_decide(&memory, &how, 9 * SEC, SUP_END_FAILURE, &at);
        assert_int_equal(at, 9 * SEC);
    }
    how.backoff_ns[0] = UINT64_C(1) << 60;
    how.backoff_ns[1] = UINT64_C(3) << 61;
    memory = (struct sup_restart){0};
    for (unsigned i = 0; i < 4; i++)
        sup_restart_decide(&memory, &how, 1, SUP_END_FAILURE, &at);
    assert_int_equal(at, 1 + (UINT64_C(3) << 61));
}

static void test_one_more_than_max_is_the_end(void **state)
{
    struct sup_restart memory = {0};
    struct sup_restart_config how = config(SUP_RESTART_ON_FAILURE);
    uint64_t at, now = SEC;

    (void)state;
    for (unsigned i = 0; i < 3; i++, now += SEC)
        assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_AGAIN);
    assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_GIVE_UP);
    sup_restart_forget(&memory);
    assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_AGAIN);
    assert_int_equal(at, now + 100 * MS);
    how.max = 0;
    sup_restart_forget(&memory);
    assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_GIVE_UP);
}

static void test_a_window_begins_anew(void **state)
{
    struct sup_restart memory = {0};
    struct sup_restart_config how = config(SUP_RESTART_ON_FAILURE);
    uint64_t at, now = 10 * SEC;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_AGAIN);
    now += 60 * SEC - 1; /* still the same */
    assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_GIVE_UP);
    now += 1;
    assert_int_equal(sup_restart_decide(&memory, &how, now, SUP_END_FAILURE, &at), SUP_AGAIN);
    assert_int_equal(at, now + 100 * MS); /* and so does the backoff */
}

static void test_normal_ends_are_not_counted_where_they_rest(void **state)
{
    struct sup_restart memory = {0};
    struct sup_restart_config how = config(SUP_RESTART_ON_FAILURE);
    uint64_t at;

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(sup_restart_decide(&memory, &how, SEC, SUP_END_NORMAL, &at), SUP_REST);
    assert_int_equal(sup_restart_decide(&memory, &how, SEC, SUP_END_FAILURE, &at), SUP_AGAIN);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_backoff_doubles_up_to_its_cap),
        cmocka_unit_test(test_backoff_of_nothing_and_of_much),
        cmocka_unit_test(test_one_more_than_max_is_the_end),
        cmocka_unit_test(test_a_window_begins_anew),
        cmocka_unit_test(test_normal_ends_are_not_counted_where_they_rest),
        cmocka_unit_test(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
