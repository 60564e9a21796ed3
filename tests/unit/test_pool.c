/* SPDX-License-Identifier: MIT */
/* Tables whose entries have ids: an id is given once, and what has ended is not found. */
#include "overlay/core/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N 3u

struct entry {
    struct ov_slot slot;
    unsigned value;
};

static struct entry entries[N];
static struct ov_pool pool;

static int set_up(void **state)
{
    (void)state;
    memset(entries, 0, sizeof entries);
    ov_pool_init(&pool, entries, sizeof *entries, N, 5);
    return 0;
}

static struct entry *take(unsigned value)
{
    struct entry *entry = ov_pool_take(&pool);
    assert_non_null(entry);
    assert_int_equal(entry->value, 0);
    entry->value = value;
    return entry;
}

static void test_full(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= N; i++)
        take(i);
    assert_null(ov_pool_take(&pool));
    assert_int_equal(pool.used, N);
    ov_pool_give(&pool, &entries[1]);
    assert_ptr_equal(take(4), &entries[1]);
    assert_null(ov_pool_take(&pool));
}

static void test_ids(void **state)
{
    struct entry *entry = take(1);
    uint64_t id = entry->slot.id;

    (void)state;
    assert_int_equal(ov_pool_what(id), 5);
    assert_ptr_equal(ov_pool_find(&pool, id), entry);
    assert_null(ov_pool_find(&pool, 0));
    assert_null(ov_pool_find(&pool, id + 1));
    assert_null(ov_pool_find(&pool, UINT64_MAX));
    ov_pool_renew(&pool, entry);
    assert_null(ov_pool_find(&pool, id));
    assert_int_equal(entry->value, 1);
    id = entry->slot.id;
    ov_pool_give(&pool, entry);
    assert_null(ov_pool_find(&pool, id));
    for (unsigned i = 0; i < N; i++)
        assert_int_not_equal(take(1)->slot.id, id);
}

/* What was free before comes first: so an id comes again as late as can be. */
static void test_order(void **state)
{
    struct entry *first = take(1);
    (void)state;
    ov_pool_give(&pool, first);
    assert_ptr_not_equal(take(2), first);
    assert_ptr_not_equal(take(3), first);
    assert_ptr_equal(take(4), first);
}

static void test_walk(void **state)
{
    uint32_t cursor = 0;
    (void)state;
    assert_null(ov_pool_next(&pool, &cursor));
    take(1);
    struct entry *second = take(2);
    take(3);
    ov_pool_give(&pool, second);
    cursor = 0;
    assert_ptr_equal(ov_pool_next(&pool, &cursor), &entries[0]);
    assert_ptr_equal(ov_pool_next(&pool, &cursor), &entries[2]);
    assert_null(ov_pool_next(&pool, &cursor));
    assert_int_equal(ov_pool_index(&pool, &entries[2]), 2);
    assert_ptr_equal(ov_pool_at(&pool, 2), &entries[2]);
}

#define MANY 200u /* more than one group of them */

/* All that are used, in order, and no other, whichever they are. */
static void test_walk_far(void **state)
{
    static struct entry many[MANY];
    struct ov_pool table;
    uint32_t cursor = 0;
    (void)state;
    ov_pool_init(&table, many, sizeof *many, MANY, 5);
    for (unsigned i = 0; i < MANY; i++)
        assert_non_null(ov_pool_take(&table));
    for (unsigned i = 0; i < MANY; i++)
        if (i % 64 != 63 && i % 7 != 0)
            ov_pool_give(&table, &many[i]);
    for (unsigned i = 0; i < MANY; i++)
        if (i % 64 == 63 || i % 7 == 0)
            assert_ptr_equal(ov_pool_next(&table, &cursor), &many[i]);
    assert_null(ov_pool_next(&table, &cursor));
    for (unsigned i = 0; i < MANY; i++)
        if (i % 64 == 63 || i % 7 == 0)
            ov_pool_give(&table, &many[i]);
    cursor = 70; /* from within a group */
    assert_null(ov_pool_next(&table, &cursor));
}

/* What comes late for an earlier process of the same boot finds nothing in a later one. */
static void test_processes(void **state)
{
    static struct entry other[3];
    struct ov_pool table;
    struct entry *entry = ov_pool_take(&pool), *later;
    (void)state;
    ov_pool_init(&table, other, sizeof *other, 3, 5);
    ov_pool_begin(&table, 1);
    later = ov_pool_take(&table);
    assert_int_equal(ov_pool_index(&pool, entry), ov_pool_index(&table, later));
    assert_null(ov_pool_find(&table, entry->slot.id));
    assert_ptr_equal(ov_pool_find(&table, later->slot.id), later);
    for (unsigned i = 0; i < 100; i++)
        ov_pool_renew(&pool, entry);
    assert_true(entry->slot.id < later->slot.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_full, set_up),
        cmocka_unit_test_setup(test_ids, set_up),
        cmocka_unit_test_setup(test_order, set_up),
        cmocka_unit_test_setup(test_walk, set_up),
        cmocka_unit_test(test_walk_far),
        cmocka_unit_test_setup(test_processes, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
