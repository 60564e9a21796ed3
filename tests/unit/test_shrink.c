/* SPDX-License-Identifier: MIT */
/* The shrinker, with failures that are known. */
#include "tests/lib/shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N 1000u

struct planted {
    unsigned needed[8], n; /* all of these */
    unsigned either[2];    /* and one of these; 0, 0: none */
    unsigned tries;
};

static bool fails(void *of, const bool *off)
{
    struct planted *planted = of;
    planted->tries++;
    for (unsigned i = 0; i < planted->n; i++)
        if (off[planted->needed[i]])
            return false;
    return planted->either[1] == 0 || !off[planted->either[0]] || !off[planted->either[1]];
}

static void test_finds_what_is_needed(void **state)
{
    struct planted planted = {.needed = {3, 4, 500, 999}, .n = 4};
    bool off[N] = {false};
    (void)state;
    assert_int_equal(shrink(off, N, fails, &planted), 4);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(off[i], i != 3 && i != 4 && i != 500 && i != 999);
    assert_in_range(planted.tries, 10, 200); /* not one for each */
}

/* One of two is enough; which, is always the same. */
static void test_takes_either(void **state)
{
    struct planted planted = {.needed = {7}, .n = 1, .either = {100, 900}};
    bool off[N] = {false}, again[N] = {false};
    (void)state;
    assert_int_equal(shrink(off, N, fails, &planted), 2);
    assert_false(off[7]);
    assert_true(off[100] != off[900]);
    assert_int_equal(shrink(again, N, fails, &planted), 2);
    assert_memory_equal(off, again, sizeof off);
}

static void test_keeps_what_was_left_out(void **state)
{
    struct planted planted = {.needed = {5, 6}, .n = 2};
    bool off[N] = {false};
    (void)state;
    memset(off + 10, true, sizeof off - 10);
    assert_int_equal(shrink(off, N, fails, &planted), 2);
    assert_true(off[10] && off[N - 1] && !off[5] && !off[6]);
}

static void test_needs_all_or_nothing(void **state)
{
    struct planted all = {.needed = {0, 1, 2, 3, 4, 5, 6, 7}, .n = 8}, none = {.n = 0};
    bool off[8] = {false};
    (void)state;
    assert_int_equal(shrink(off, 8, fails, &all), 8);
    assert_int_equal(shrink(off, 8, fails, &none), 0);
    assert_int_equal(shrink(off, 8, fails, &none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_is_needed),
        cmocka_unit_test(test_takes_either),
        cmocka_unit_test(test_keeps_what_was_left_out),
        cmocka_unit_test(test_needs_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
