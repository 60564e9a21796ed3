/* SPDX-License-Identifier: MIT */
/* The decisions of a supervisor: each strategy, kind, limit and wait, as actions that follow what
 * happens. Time is a number; three children, a, b, c. */
#include "libax/supervise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SEC (1000 * MS)
#define COUNT 3u

static const struct ax_contract contract = {"kid", 0, NULL};

static int wake(struct ax_ctx *ctx, uint64_t at, uint64_t delay, uint64_t *timer)
{
    (void)ctx, (void)at, (void)delay, (void)timer;
    return 0;
}

static struct ax_child children[COUNT];
static struct ax_supervision what;
static struct ax_supervisor s;
static uint64_t now;
static char log_text[256];

static const struct supervise_table *table(void)
{
    static struct supervise_table t;
    t = supervise_table(&s, &what);
    return &t;
}

/* What is to be done now, "+a" to start, "-a" to stop, "!a" to kill, "." to quit. */
static const char *next(void)
{
    static const char acts[] = "?+-!.";
    struct supervise_action action;
    size_t used = 0;
    log_text[0] = '\0';
    while ((action = supervise_next(&s, table(), now)).act != SUPERVISE_NOTHING) {
        assert_true(used < sizeof log_text - 4);
        used += (size_t)snprintf(log_text + used, sizeof log_text - used, "%c", acts[action.act]);
        if (action.act == SUPERVISE_QUIT)
            continue;
        assert_true(action.child < COUNT);
        used += (size_t)snprintf(log_text + used, sizeof log_text - used, "%c",
                                 (char)('a' + (int)action.child));
        if (action.act == SUPERVISE_START)
            supervise_started(&s, action.child, (struct ax_ref){.addr = 1});
    }
    assert_true(supervise_wake_at(&s, table()) > now); /* or it would be called for nothing */
    return log_text;
}

static void end(char child, enum ax_reason reason)
{
    if (supervise_ended(&s, table(), (uint32_t)(child - 'a'), reason, now) == SUPERVISE_TOO_MANY)
        supervise_stop(&s, table(), AX_RESTART_INTENSITY);
}

/* To when something happens by itself. */
static void wait_for_it(void)
{
    now = supervise_wake_at(&s, table());
    assert_true(now != UINT64_MAX);
}

static void begin(enum ax_strategy strategy)
{
    for (uint32_t i = 0; i < COUNT; i++)
        children[i] = (struct ax_child){.contract = &contract};
    what = (struct ax_supervision){
        .children = children, .count = COUNT, .strategy = strategy, .wake = wake};
    now = 100 * SEC;
    assert_true(supervise_is_valid(&what));
    supervise_begin(&s, table(), 1);
    assert_string_equal(next(), "+a+b+c");
}

static void test_one_for_one(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ONE);
    end('b', AX_FAILED);
    assert_string_equal(next(), "");
    now += 20 * MS - 1;
    assert_string_equal(next(), "");
    wait_for_it();
    assert_true(now - 100 * SEC <= 22 * MS);
    assert_string_equal(next(), "+b");
    end('a', AX_NORMAL); /* each by its own wait */
    now += 10 * MS;
    end('b', AX_FAILED);
    end('c', AX_FAILED);
    now += 25 * MS;
    assert_true(strcmp(next(), "+a+c") == 0 || strcmp(log_text, "+c+a") == 0);
    wait_for_it();
    assert_string_equal(next(), "+b");
    assert_int_equal(s.restarts, 4);
}

static void test_one_for_all(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ALL);
    end('b', AX_KILLED);
    assert_string_equal(next(), "-c");
    assert_string_equal(next(), "");
    end('a', AX_FAILED); /* it was to stop in any case */
    end('c', AX_SHUTDOWN);
    now += SEC;
    assert_string_equal(next(), "+a+b+c");
    assert_int_equal(s.restarts, 3);
    end('c', AX_FAILED);
    assert_string_equal(next(), "-b");
    end('b', AX_SHUTDOWN);
    assert_string_equal(next(), "-a");
    end('a', AX_SHUTDOWN);
    assert_string_equal(next(), ""); /* it waits, and with it the others */
    wait_for_it();
    assert_string_equal(next(), "+a+b+c");
}

static void test_rest_for_one(void **state)
{
    (void)state;
    begin(AX_REST_FOR_ONE);
    end('c', AX_FAILED);
    wait_for_it();
    assert_string_equal(next(), "+c");
    end('a', AX_FAILED);
    assert_string_equal(next(), "-c");
    end('c', AX_SHUTDOWN);
    assert_string_equal(next(), "-b");
    end('b', AX_SHUTDOWN);
    wait_for_it();
    assert_string_equal(next(), "+a+b+c");
    end('b', AX_FAILED);
    assert_string_equal(next(), "-c");
    end('c', AX_SHUTDOWN);
    wait_for_it();
    assert_string_equal(next(), "+b+c");
}

static void test_kinds(void **state)
{
    static const struct {
        enum ax_child_kind kind;
        enum ax_reason reason;
        bool again;
    } rows[] = {
        {AX_PERMANENT, AX_NORMAL, true},    {AX_PERMANENT, AX_FAILED, true},
        {AX_PERMANENT, AX_SHUTDOWN, false}, {AX_PERMANENT, AX_GONE, true},
        {AX_TRANSIENT, AX_NORMAL, false},   {AX_TRANSIENT, AX_FAILED, true},
        {AX_TRANSIENT, AX_SHUTDOWN, false}, {AX_TRANSIENT, AX_KILLED, true},
        {AX_TEMPORARY, AX_NORMAL, false},   {AX_TEMPORARY, AX_FAILED, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(AX_ONE_FOR_ONE);
        children[1].kind = rows[i].kind;
        end('b', rows[i].reason);
        now += SEC;
        assert_string_equal(next(), rows[i].again ? "+b" : "");
    }
    begin(AX_ONE_FOR_ALL); /* stopped because of another one, and what has ended stays so */
    children[1].kind = AX_TEMPORARY;
    children[2].kind = AX_TRANSIENT;
    end('c', AX_NORMAL);
    end('a', AX_FAILED);
    assert_string_equal(next(), "-b");
    end('b', AX_SHUTDOWN);
    wait_for_it();
    assert_string_equal(next(), "+a");
}

static void test_deadline(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ALL);
    children[2].stop_ns = SEC;
    end('a', AX_FAILED);
    assert_string_equal(next(), "-c");
    assert_int_equal(supervise_wake_at(&s, table()), now + SEC);
    wait_for_it();
    assert_string_equal(next(), "!c");
    assert_int_equal(supervise_wake_at(&s, table()), UINT64_MAX);
    end('c', AX_KILLED);
    assert_string_equal(next(), "-b");
    assert_int_equal(supervise_wake_at(&s, table()), now + 5 * SEC);
}

/* Against a plain count: 10 within 5 s, over moments of all kinds. */
static void test_intensity(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        uint64_t at[64];
        unsigned n = 0, within = 0;
        begin(AX_ONE_FOR_ONE);
        what.backoff_min_ns = what.backoff_max_ns = 1;
        while (!s.ending && n < 64) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            now += (seed >> 33) % (round < 100 ? SEC : 600 * MS);
            within = 0;
            for (unsigned i = 0; i < n; i++)
                within += now - at[i] < 5 * SEC;
            at[n++] = now;
            end('a', AX_FAILED);
            assert_int_equal(s.ending, within >= 10);
            if (!s.ending) {
                wait_for_it();
                assert_string_equal(next(), "+a");
            }
        }
    }
}

static void test_too_many_end_it(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ALL);
    what.intensity = 3; /* children, not times */
    end('a', AX_FAILED);
    assert_string_equal(next(), "-c");
    end('c', AX_SHUTDOWN);
    assert_string_equal(next(), "-b");
    end('b', AX_SHUTDOWN);
    wait_for_it();
    assert_string_equal(next(), "+a+b+c");
    end('b', AX_FAILED);
    assert_string_equal(next(), "-c");
    supervise_stop(&s, table(), AX_NORMAL); /* it has its reason already */
    end('c', AX_SHUTDOWN);
    assert_string_equal(next(), "-a");
    end('a', AX_SHUTDOWN);
    assert_string_equal(next(), ".");
    assert_string_equal(next(), "");
    assert_int_equal(s.reason, AX_RESTART_INTENSITY);
}

static void test_backoff(void **state)
{
    uint64_t want = 20 * MS;
    (void)state;
    begin(AX_ONE_FOR_ONE);
    what.intensity = AX_INTENSITY_MAX;
    for (unsigned i = 0; i<10; i++, want = want> SEC ? 2 * SEC : 2 * want) {
        uint64_t ended = now;
        end('a', AX_FAILED);
        wait_for_it();
        assert_in_range(now - ended, want == 2 * SEC ? want - want / 10 : want,
                        want == 2 * SEC ? want : want + want / 10);
        assert_string_equal(next(), "+a");
    }
    now += 5 * SEC; /* quiet */
    uint64_t ended = now;
    end('a', AX_FAILED);
    wait_for_it();
    assert_in_range(now - ended, 20 * MS, 22 * MS);
}

/* A start takes its time elsewhere, fails, or is not known to have happened. */
static void test_starts(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ALL);
    supervise_begin(&s, table(), 1);
    assert_int_equal(supervise_next(&s, table(), now).act, SUPERVISE_START);
    assert_string_equal(next(), ""); /* those behind it wait */
    assert_int_equal(supervise_unstarted(&s, table(), 0, now), SUPERVISE_AGAIN);
    assert_int_equal(s.restarts, 1);
    assert_string_equal(next(), "");
    wait_for_it();
    assert_int_equal(supervise_next(&s, table(), now).act, SUPERVISE_START);
    supervise_lost(&s, 0, now + 7);
    assert_int_equal(s.restarts, 1);
    assert_string_equal(next(), "");
    now += 7;
    assert_string_equal(next(), "+a+b+c");

    begin(AX_ONE_FOR_ALL); /* told to stop while one is starting: its turn comes */
    supervise_begin(&s, table(), 1);
    assert_int_equal(supervise_next(&s, table(), now).act, SUPERVISE_START);
    supervise_stop(&s, table(), AX_SHUTDOWN);
    assert_string_equal(next(), "");
    supervise_started(&s, 0, (struct ax_ref){.addr = 1});
    assert_string_equal(next(), "-a");
    end('a', AX_SHUTDOWN);
    assert_string_equal(next(), ".");
}

static void test_invalid(void **state)
{
    (void)state;
    begin(AX_ONE_FOR_ONE);
    what.count = AX_CHILDREN_MAX + 1;
    assert_false(supervise_is_valid(&what));
    begin(AX_ONE_FOR_ONE);
    what.intensity = AX_INTENSITY_MAX + 1;
    assert_false(supervise_is_valid(&what));
    begin(AX_ONE_FOR_ONE);
    what.wake = NULL;
    assert_false(supervise_is_valid(&what));
    begin(AX_ONE_FOR_ONE);
    children[1].nursery = "nursery"; /* and no name */
    assert_false(supervise_is_valid(&what));
    begin(AX_ONE_FOR_ONE);
    children[1].contract = NULL;
    assert_false(supervise_is_valid(&what));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_for_one),     cmocka_unit_test(test_one_for_all),
        cmocka_unit_test(test_rest_for_one),    cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_deadline),        cmocka_unit_test(test_intensity),
        cmocka_unit_test(test_too_many_end_it), cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_starts),          cmocka_unit_test(test_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
