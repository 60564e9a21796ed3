/* SPDX-License-Identifier: MIT */
/* How old a turn is: which time counts, and which does not. */
#include "axsup/hang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVERY 100u

static uint64_t look(struct sup_hang *hang, struct sup_hang_look look)
{
    return sup_hang_age(hang, &look, EVERY);
}

#define LOOK(at, ...) look(&hang, (struct sup_hang_look){.now = (at), .turn = 7, __VA_ARGS__})

static void test_ages(void **state)
{
    struct sup_hang hang = {0};

    (void)state;
    assert_int_equal(LOOK(1000, .ran_ns = 10), 0);
    assert_int_equal(LOOK(1100, .ran_ns = 110, .runnable = true), 100); /* computes */
    assert_int_equal(LOOK(1200, .ran_ns = 110), 200);                   /* is blocked */
    assert_int_equal(LOOK(1250, .ran_ns = 110), 250);
    assert_int_equal(look(&hang, (struct sup_hang_look){.now = 1300, .turn = 8}), 0); /* another */
    assert_int_equal(look(&hang, (struct sup_hang_look){.now = 1400}), 0);            /* none */
    assert_int_equal(look(&hang, (struct sup_hang_look){.now = 1500, .turn = 8}), 0);
}

static void test_stopped(void **state)
{
    struct sup_hang hang = {0};

    (void)state;
    LOOK(1000, );
    assert_int_equal(LOOK(1100, .halted = true), 0);
    assert_int_equal(LOOK(9000, .halted = true), 0);
    assert_int_equal(LOOK(9100, ), 0); /* it may have been stopped for most of it */
    assert_int_equal(LOOK(9200, ), 100);
}

static void test_starved(void **state)
{
    struct sup_hang hang = {0};

    (void)state;
    LOOK(1000, .ran_ns = 5);
    assert_int_equal(LOOK(1100, .ran_ns = 5, .runnable = true), 0); /* waits for a processor */
    assert_int_equal(LOOK(1200, .ran_ns = 25, .waited_ns = 180), 0);
    assert_int_equal(LOOK(1300, .ran_ns = 85, .waited_ns = 220), 60);
}

static void test_late(void **state)
{
    struct sup_hang hang = {0};

    (void)state;
    LOOK(1000, );
    assert_int_equal(LOOK(100000, .ran_ns = 50000), 100); /* the machine slept, or axsup */
    assert_int_equal(LOOK(99000, .ran_ns = 50000), 100);  /* no clock goes back, but were it so */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
