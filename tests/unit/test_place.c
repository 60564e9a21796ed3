/* SPDX-License-Identifier: MIT */
/* Placement of shards: the hashes of axactor, and that few shards move when nodes come and go. */
#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SPAN(text) ((struct ax_span){(text), sizeof(text) - 1})

static void test_vectors(void **state)
{
    struct ax_span alpha = SPAN("alpha"), users = SPAN("users"),
                   node = SPAN("n1@boot-abc-session-1");

    (void)state;
    assert_true(ov_hash(&alpha, 1) == 0x5e5d4c7646630f2cull);
    assert_true(ov_hash(&users, 1) == 0x2cb08ead30c30b81ull);
    assert_true(ov_place_score(node, users, 3) == 0x8faaadc32b961730ull);
    assert_int_equal(ov_shard_of(alpha, 16), 12);
    assert_int_equal(ov_shard_of(alpha, 1), 0);
}

/* A node is called the same by all of its sessions, and by no other boot. */
static void test_names_of_nodes(void **state)
{
    const struct ov_ident first = {"n1", 0xabc, 1}, next = {"n1", 0xabc, 7},
                          reborn = {"n1", 0xabd, 1};
    char text[OV_ID_TEXT], other[OV_ID_TEXT];

    (void)state;
    assert_int_equal(ov_place_name(&first, text).len, strlen("n1@boot-abc-session-1"));
    assert_string_equal(text, "n1@boot-abc-session-1");
    ov_place_name(&next, other);
    assert_string_equal(other, text);
    ov_place_name(&reborn, other);
    assert_string_not_equal(other, text);
}

static void test_parts_are_told_apart(void **state)
{
    struct ax_span one[] = {SPAN("ab"), SPAN("c")}, other[] = {SPAN("a"), SPAN("bc")},
                   whole = SPAN("abc"), none[] = {SPAN(""), SPAN("abc")};

    (void)state;
    assert_true(ov_hash(one, 2) != ov_hash(other, 2));
    assert_true(ov_hash(one, 2) != ov_hash(&whole, 1));
    assert_true(ov_hash(none, 2) != ov_hash(&whole, 1));
}

#define NODES 7u
#define SHARDS 1024u

static char names[NODES][64];

static void name_nodes(struct ax_span nodes[NODES])
{
    for (unsigned i = 0; i < NODES; i++)
        nodes[i] =
            (struct ax_span){names[i], (uint32_t)snprintf(names[i], sizeof names[i],
                                                          "node-%u@boot-%x-session-1", i, 77 + i)};
}

/* Each has a share, and with one node more, shards move to it and to nobody else. */
static void test_few_move(void **state)
{
    struct ax_span nodes[NODES];
    unsigned share[NODES] = {0}, moved = 0;

    (void)state;
    name_nodes(nodes);
    for (unsigned shard = 0; shard < SHARDS; shard++) {
        size_t before = ov_place(nodes, NODES - 1, SPAN("users"), shard);
        size_t after = ov_place(nodes, NODES, SPAN("users"), shard);
        assert_true(before < NODES - 1 && (after == before || after == NODES - 1));
        moved += after != before;
        share[after]++;
    }
    assert_int_equal(moved, share[NODES - 1]);
    for (unsigned i = 0; i < NODES; i++)
        assert_in_range(share[i], SHARDS / NODES * 2 / 3, SHARDS / NODES * 4 / 3);
}

static void test_order_does_not_matter(void **state)
{
    struct ax_span nodes[NODES], turned[NODES];

    (void)state;
    name_nodes(nodes);
    for (unsigned i = 0; i < NODES; i++)
        turned[i] = nodes[NODES - 1 - i];
    for (unsigned shard = 0; shard < SHARDS; shard++)
        assert_int_equal(ov_place(nodes, NODES, SPAN("users"), shard),
                         NODES - 1 - ov_place(turned, NODES, SPAN("users"), shard));
    assert_int_equal(ov_place(NULL, 0, SPAN("users"), 0), 0);
}

/* Of two nodes exactly one comes first, also where scores are equal: the greater name. */
static void test_equal_scores(void **state)
{
    const struct ax_span nodes[] = {SPAN("a"), SPAN("ab"), SPAN("b"), SPAN("ba")};
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 4; j++) {
            assert_int_equal(ov_place_before(7, nodes[i], 7, nodes[j]), i > j);
            assert_true(ov_place_before(8, nodes[i], 7, nodes[j]));
            assert_false(ov_place_before(7, nodes[i], 8, nodes[j]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_nodes),        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_parts_are_told_apart),  cmocka_unit_test(test_few_move),
        cmocka_unit_test(test_order_does_not_matter), cmocka_unit_test(test_equal_scores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
