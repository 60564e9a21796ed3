/* SPDX-License-Identifier: MIT */
/* The memory store: one owner at a time, epochs that only rise, and its limits. */
#include "overlay/core/lease_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TTL 100u

enum { A, B, A_NEXT, A_REBORN };
static const struct ov_ident nodes[] = {
    [A] = {"a", 1, 1}, [B] = {"b", 2, 1}, [A_NEXT] = {"a", 1, 2}, [A_REBORN] = {"a", 3, 1}};
static struct ov_store_record records[2];
static struct ov_store_memory store;

static uint64_t ttl = TTL;

static struct ov_store_answer ask(uint64_t now, enum ov_store_op op, unsigned node, uint32_t shard,
                                  uint64_t epoch)
{
    static uint64_t number;
    struct ov_store_request request = {.number = ++number,
                                       .op = op,
                                       .registry = "users",
                                       .shard = shard,
                                       .asker = nodes[node],
                                       .epoch = epoch,
                                       .ttl_ns = ttl};
    struct ov_store_answer answer;
    ov_store_memory_handle(&store, now, &request, &answer);
    assert_int_equal(answer.number, number);
    return answer;
}

static void expect(struct ov_store_answer answer, enum ov_store_outcome outcome, int owner,
                   uint64_t epoch, uint64_t left)
{
    assert_int_equal(answer.outcome, outcome);
    assert_true(owner < 0 ? answer.owner.boot == 0 : ov_ident_same(&answer.owner, &nodes[owner]));
    assert_int_equal(answer.epoch, epoch);
    assert_int_equal(answer.left_ns, left);
}

static void test_one_owner(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_READ, 0, 7, 0), OV_STORE_DONE, -1, 0, 0);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 7, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(10, OV_STORE_ACQUIRE, 1, 7, 0), OV_STORE_REFUSED, 0, 1, TTL - 10);
    expect(ask(10, OV_STORE_ACQUIRE, A_REBORN, 7, 0), OV_STORE_REFUSED, 0, 1, TTL - 10);
    /* Again, as the answer was lost: the same. */
    expect(ask(20, OV_STORE_ACQUIRE, 0, 7, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(30, OV_STORE_RENEW, 0, 7, 1), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(40, OV_STORE_READ, 1, 7, 0), OV_STORE_DONE, 0, 1, TTL - 10);
    expect(ask(129, OV_STORE_ACQUIRE, 1, 7, 1), OV_STORE_REFUSED, 0, 1, 1);
    expect(ask(130, OV_STORE_READ, 1, 7, 0), OV_STORE_DONE, -1, 1, 0);
    expect(ask(130, OV_STORE_RENEW, 0, 7, 1), OV_STORE_REFUSED, -1, 1, 0);
    expect(ask(130, OV_STORE_ACQUIRE, 1, 7, 1), OV_STORE_DONE, 1, 2, TTL);
    expect(ask(140, OV_STORE_RENEW, 0, 7, 1), OV_STORE_REFUSED, 1, 2, TTL - 10);
    expect(ask(140, OV_STORE_RENEW, 1, 7, 1), OV_STORE_REFUSED, 1, 2, TTL - 10);
}

/* Who has it, and knows its epoch, has ended what ran under that. */
static void test_acquired_again(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_ACQUIRE, 0, 7, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(10, OV_STORE_ACQUIRE, 0, 7, 1), OV_STORE_DONE, 0, 2, TTL);
    expect(ask(10, OV_STORE_RENEW, 0, 7, 1), OV_STORE_REFUSED, 0, 2, TTL);
}

/* The next process of a boot goes on with what the one before had, and nothing that this one has
 * sent before its end and that comes later takes it away again. */
static void test_next_process(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_ACQUIRE, A, 7, 0), OV_STORE_DONE, A, 1, TTL);
    expect(ask(10, OV_STORE_RENEW, A_NEXT, 7, 1), OV_STORE_REFUSED, A, 1, TTL - 10);
    expect(ask(10, OV_STORE_RELEASE, A_NEXT, 7, 1), OV_STORE_REFUSED, A, 1, TTL - 10);
    expect(ask(10, OV_STORE_ACQUIRE, A_NEXT, 7, 0), OV_STORE_DONE, A_NEXT, 1, TTL);
    expect(ask(20, OV_STORE_RENEW, A, 7, 1), OV_STORE_REFUSED, A_NEXT, 1, TTL - 10);
    expect(ask(20, OV_STORE_RELEASE, A, 7, 1), OV_STORE_REFUSED, A_NEXT, 1, TTL - 10);
    expect(ask(20, OV_STORE_ACQUIRE, A, 7, 0), OV_STORE_REFUSED, A_NEXT, 1, TTL - 10);
    expect(ask(20, OV_STORE_ACQUIRE, A, 7, 9), OV_STORE_REFUSED, A_NEXT, 1, TTL - 10);
    expect(ask(20, OV_STORE_RENEW, A_NEXT, 7, 1), OV_STORE_DONE, A_NEXT, 1, TTL);
    expect(ask(20, OV_STORE_RELEASE, A_NEXT, 7, 1), OV_STORE_DONE, -1, 1, 0);
    expect(ask(20, OV_STORE_ACQUIRE, A, 8, 0), OV_STORE_DONE, A, 1, TTL);
    expect(ask(20, OV_STORE_ACQUIRE, A_NEXT, 8, 4), OV_STORE_DONE, A_NEXT, 5, TTL);
}

static void test_release(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_ACQUIRE, 0, 7, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(1, OV_STORE_RELEASE, 1, 7, 1), OV_STORE_REFUSED, 0, 1, TTL - 1);
    expect(ask(1, OV_STORE_RELEASE, 0, 7, 2), OV_STORE_REFUSED, 0, 1, TTL - 1);
    expect(ask(1, OV_STORE_RELEASE, 0, 7, 1), OV_STORE_DONE, -1, 1, 0);
    expect(ask(1, OV_STORE_RELEASE, 0, 7, 1), OV_STORE_REFUSED, -1, 1, 0);
    expect(ask(1, OV_STORE_ACQUIRE, 0, 7, 1), OV_STORE_DONE, 0, 2, TTL);
    expect(ask(1, OV_STORE_RELEASE, 0, 8, 1), OV_STORE_REFUSED, -1, 0, 0);
}

/* The record is gone, but who has seen an epoch gets a higher one. */
static void test_floor(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_ACQUIRE, 0, 7, 41), OV_STORE_DONE, 0, 42, TTL);
    ov_store_memory_lose(&store, "users", 7);
    expect(ask(1, OV_STORE_RENEW, 0, 7, 42), OV_STORE_REFUSED, -1, 0, 0);
    expect(ask(1, OV_STORE_ACQUIRE, 1, 7, 42), OV_STORE_DONE, 1, 43, TTL);
    expect(ask(2, OV_STORE_ACQUIRE, 1, 7, 50), OV_STORE_DONE, 1, 51, TTL);
    expect(ask(3, OV_STORE_ACQUIRE, 1, 8, UINT64_MAX), OV_STORE_REFUSED, -1, 0, 0);
    expect(ask(3, OV_STORE_ACQUIRE, 1, 8, UINT64_MAX - 1), OV_STORE_DONE, 1, UINT64_MAX, TTL);
    expect(ask(3, OV_STORE_ACQUIRE, 1, 8, 7), OV_STORE_DONE, 1, UINT64_MAX, TTL);
    expect(ask(3, OV_STORE_ACQUIRE, 1, 8, UINT64_MAX), OV_STORE_REFUSED, 1, UINT64_MAX, TTL);
    ov_store_memory_lose(&store, "others", 7); /* which there is none of */
    expect(ask(3, OV_STORE_READ, 0, 7, 0), OV_STORE_DONE, 1, 51, TTL - 1);
}

static void test_limits(void **state)
{
    (void)state;
    expect(ask(0, OV_STORE_ACQUIRE, 0, 1, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 2, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 3, 0), OV_STORE_REFUSED, -1, 0, 0);
    ov_store_memory_lose(&store, "users", 1);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 3, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(0, OV_STORE_READ, 0, 2, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(UINT64_MAX - 1, OV_STORE_ACQUIRE, 1, 2, 0), OV_STORE_REFUSED, -1, 1, 0);
    ov_store_memory_init(&store, NULL, 0);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 1, 0), OV_STORE_REFUSED, -1, 0, 0);
    assert_null(ov_store_memory_find(&store, "users", 1));
}

/* What no node asks, and what would last longer than time does. */
static void test_what_cannot_be(void **state)
{
    uint64_t late = UINT64_MAX - TTL - 50;
    (void)state;
    expect(ask(late, OV_STORE_ACQUIRE, 0, 1, 0), OV_STORE_DONE, 0, 1, TTL);
    expect(ask(late + 60, OV_STORE_RENEW, 0, 1, 1), OV_STORE_REFUSED, 0, 1, TTL - 60);
    expect(ask(late, (enum ov_store_op)9, 0, 1, 1), OV_STORE_REFUSED, 0, 1, TTL);
    ttl = 0;
    expect(ask(late, OV_STORE_RENEW, 0, 1, 1), OV_STORE_REFUSED, 0, 1, TTL);
    expect(ask(0, OV_STORE_ACQUIRE, 0, 2, 0), OV_STORE_REFUSED, -1, 0, 0);
    ttl = TTL;
}

/* However many there are, of several registries, and in whatever order they are lost. */
static void test_many(void **state)
{
    enum { EACH = 40, ALL = 3 * EACH };
    /* the first two have the same hash */
    static const char *const names[] = {"Aa", "BB", "users"};
    static struct ov_store_record many[ALL];
    uint64_t had[ALL] = {0};
    uint32_t random = 1, n = 0;
    (void)state;
    ov_store_memory_init(&store, many, ALL);
    for (unsigned i = 0; i < 5000; i++) {
        random = random * 1103515245u + 12345u;
        uint32_t which = (random >> 8) % ALL;
        const char *name = names[which / EACH];
        struct ov_store_record record = {.shard = which % EACH, .epoch = i + 1};
        snprintf(record.registry, sizeof record.registry, "%s", name);
        const struct ov_store_record *found = ov_store_memory_find(&store, name, record.shard);
        assert_int_equal(found != NULL ? found->epoch : 0, had[which]);
        if (found == NULL)
            assert_true(ov_store_memory_add(&store, &record));
        else
            ov_store_memory_lose(&store, name, record.shard);
        n += found == NULL ? 1 : -1u;
        had[which] = found == NULL ? record.epoch : 0;
        assert_int_equal(store.n, n);
    }
    for (uint32_t i = 0; i < ALL; i++)
        if (had[i] == 0) {
            struct ov_store_record record = {.shard = i % EACH};
            snprintf(record.registry, sizeof record.registry, "%s", names[i / EACH]);
            assert_true(ov_store_memory_add(&store, &record));
        }
    assert_false(ov_store_memory_add(&store, &(struct ov_store_record){.shard = EACH}));
}

static int set_up(void **state)
{
    (void)state;
    ov_store_memory_init(&store, records, 2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_owner, set_up),
        cmocka_unit_test_setup(test_acquired_again, set_up),
        cmocka_unit_test_setup(test_next_process, set_up),
        cmocka_unit_test_setup(test_release, set_up),
        cmocka_unit_test_setup(test_floor, set_up),
        cmocka_unit_test_setup(test_limits, set_up),
        cmocka_unit_test_setup(test_what_cannot_be, set_up),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
