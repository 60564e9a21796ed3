/* SPDX-License-Identifier: MIT */
/* The checker of histories: known ones, and all small ones against every order. */
#include "tests/lib/linear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EFFORT 1000000u

#define READ(b, e, r)                                                                              \
    {                                                                                              \
        .begin = (b), .end = (e), .kind = LINEAR_READ, .result = (r), .told = true                 \
    }
#define WRITE(b, e, a)                                                                             \
    {                                                                                              \
        .begin = (b), .end = (e), .kind = LINEAR_WRITE, .argument = (a)                            \
    }
#define SWAP(b, e, x, a, r)                                                                        \
    {                                                                                              \
        .begin = (b), .end = (e), .kind = LINEAR_SWAP, .expected = (x), .argument = (a),           \
        .result = (r), .told = true                                                                \
    }
#define ADD(b, e, r)                                                                               \
    {                                                                                              \
        .begin = (b), .end = (e), .kind = LINEAR_ADD, .argument = 1, .result = (r), .told = true   \
    }
#define LOST_ADD(b)                                                                                \
    {                                                                                              \
        .begin = (b), .end = LINEAR_NEVER, .kind = LINEAR_ADD, .argument = 1                       \
    }

static void expect(enum linear_verdict verdict, const struct linear_op *ops, unsigned n)
{
    assert_int_equal(linear_check(ops, n, EFFORT), verdict);
}

#define EXPECT(verdict, ...)                                                                       \
    do {                                                                                           \
        const struct linear_op ops_[] = {__VA_ARGS__};                                             \
        expect((verdict), ops_, sizeof ops_ / sizeof *ops_);                                       \
    } while (0)

static void test_one_after_another(void **state)
{
    (void)state;
    expect(LINEAR_YES, NULL, 0);
    EXPECT(LINEAR_YES, READ(1, 2, 0));
    EXPECT(LINEAR_NO, READ(1, 2, 5));
    EXPECT(LINEAR_YES, WRITE(1, 2, 5), READ(3, 4, 5));
    EXPECT(LINEAR_NO, WRITE(1, 2, 5), READ(3, 4, 0));              /* stale */
    EXPECT(LINEAR_YES, ADD(1, 2, 1), ADD(3, 4, 2), READ(5, 6, 2)); /* counted */
    EXPECT(LINEAR_NO, ADD(1, 2, 1), ADD(3, 4, 1));                 /* one is lost */
    EXPECT(LINEAR_NO, ADD(1, 2, 2));                               /* one is done twice */
}

static void test_compared(void **state)
{
    (void)state;
    EXPECT(LINEAR_YES, SWAP(1, 2, 0, 5, 5), SWAP(3, 4, 0, 6, 5), READ(5, 6, 5));
    EXPECT(LINEAR_NO, SWAP(1, 2, 0, 5, 5), SWAP(3, 4, 0, 6, 6)); /* it held 5 */
    EXPECT(LINEAR_NO, SWAP(1, 9, 0, 5, 5), SWAP(1, 9, 0, 6, 6)); /* both were first */
    EXPECT(LINEAR_YES, SWAP(1, 9, 0, 5, 5), SWAP(1, 9, 0, 6, 5));
    EXPECT(LINEAR_YES, SWAP(1, 9, 3, 5, 5), WRITE(1, 9, 3));
}

static void test_at_the_same_time(void **state)
{
    (void)state;
    EXPECT(LINEAR_YES, WRITE(1, 9, 5), READ(2, 3, 0), READ(4, 5, 5));
    EXPECT(LINEAR_NO, WRITE(1, 9, 5), READ(2, 3, 5), READ(4, 5, 0)); /* there and gone again */
    EXPECT(LINEAR_YES, ADD(1, 9, 2), ADD(2, 3, 1));
    EXPECT(LINEAR_NO, ADD(1, 9, 2), ADD(10, 11, 1));
    EXPECT(LINEAR_YES, WRITE(1, 2, 5), READ(2, 3, 0)); /* ends when the other begins */
    EXPECT(LINEAR_NO, WRITE(1, 9, 5), WRITE(1, 9, 6), READ(10, 11, 5), READ(10, 11, 6));
}

static void test_without_an_end(void **state)
{
    (void)state;
    EXPECT(LINEAR_YES, LOST_ADD(1), READ(2, 3, 0), READ(4, 5, 1)); /* done late */
    EXPECT(LINEAR_YES, LOST_ADD(1), READ(2, 3, 0));                /* or never */
    EXPECT(LINEAR_NO, LOST_ADD(1), READ(2, 3, 2));                 /* but not twice */
    EXPECT(LINEAR_NO, READ(2, 3, 1), LOST_ADD(4));                 /* nor before */
    EXPECT(LINEAR_NO, LOST_ADD(1), READ(2, 3, 1), READ(4, 5, 0));  /* nor undone */
}

/* ---- against every order ---- */

static uint64_t dice = 1;

static uint64_t roll(uint64_t n)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (dice >> 33) % n;
}

/* By trying each operation that may be next, without a memory. */
static bool slow(const struct linear_op *ops, unsigned n, unsigned placed, uint64_t value)
{
    bool all = true;
    for (unsigned i = 0; i < n; i++)
        all = all && ((placed >> i & 1) != 0 || ops[i].end == LINEAR_NEVER);
    for (unsigned i = 0; i < n && !all; i++) {
        uint64_t next = ops[i].kind == LINEAR_ADD     ? value + ops[i].argument
                        : ops[i].kind == LINEAR_WRITE ? ops[i].argument
                        : ops[i].kind == LINEAR_SWAP && ops[i].expected == value ? ops[i].argument
                                                                                 : value;
        bool may = (placed >> i & 1) == 0 && (!ops[i].told || ops[i].result == next);
        for (unsigned j = 0; j < n; j++)
            may = may && ((placed >> j & 1) != 0 || ops[j].end >= ops[i].begin);
        all = may && slow(ops, n, placed | 1u << i, next);
    }
    return all;
}

static struct linear_op some_op(void)
{
    struct linear_op op = {.begin = roll(12), .kind = roll(4), .argument = 1 + roll(2)};
    op.end = roll(6) == 0 ? LINEAR_NEVER : op.begin + roll(6);
    op.told = op.end != LINEAR_NEVER && roll(4) > 0;
    op.result = roll(4);
    op.expected = roll(3);
    return op;
}

static void test_every_order(void **state)
{
    unsigned verdicts[2] = {0};
    (void)state;
    for (unsigned round = 0; round < 30000; round++) {
        struct linear_op ops[6];
        unsigned n = 1 + (unsigned)roll(6);
        for (unsigned i = 0; i < n; i++)
            ops[i] = some_op();
        enum linear_verdict expected = slow(ops, n, 0, 0) ? LINEAR_YES : LINEAR_NO;
        verdicts[expected]++;
        expect(expected, ops, n);
    }
    assert_true(verdicts[LINEAR_YES] > 3000 && verdicts[LINEAR_NO] > 3000);
}

/* A long one is no harder than a short one, where little is at the same time. */
static void test_long(void **state)
{
    static struct linear_op ops[LINEAR_OPS];
    (void)state;
    for (unsigned i = 0; i < LINEAR_OPS; i++)
        ops[i] = (struct linear_op)ADD(2 * (uint64_t)i, 2 * (uint64_t)i + 3, i + 1);
    assert_int_equal(linear_check(ops, LINEAR_OPS, 10 * LINEAR_OPS), LINEAR_YES);
    ops[LINEAR_OPS - 1].result--;
    assert_int_equal(linear_check(ops, LINEAR_OPS, 10 * LINEAR_OPS), LINEAR_NO);
    assert_int_equal(linear_check(ops, LINEAR_OPS + 1, EFFORT), LINEAR_TOO_HARD);
    assert_int_equal(linear_check(ops, LINEAR_OPS, 10), LINEAR_TOO_HARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_another), cmocka_unit_test(test_compared),
        cmocka_unit_test(test_at_the_same_time),  cmocka_unit_test(test_without_an_end),
        cmocka_unit_test(test_every_order),       cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
