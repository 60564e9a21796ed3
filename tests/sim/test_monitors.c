/* SPDX-License-Identifier: MIT */
/* Monitors between nodes, in virtual time: down once, or not at all, and nothing is left. */
#include "tests/lib/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define MONITORS 32u

static void test_lease_lost(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(21, &target, key);
    uint64_t watch = host_watch(host, 1, &target), late;
    (void)state;
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, watch)->n, 0);
    sim_store(host->sim, &(struct sim_store_faults){.cut = 1});
    sim_run(host->sim, 3 * SIM_S);
    host_is_down(host, watch, AX_LEASE_LOST);
    late = host_watch(host, 1, &target); /* of an epoch that is over: at once */
    sim_run(host->sim, 50 * SIM_MS);
    host_is_down(host, late, AX_LEASE_LOST);
    assert_int_equal(host->watched, 1); /* it is the core that ends it */
    sim_run(host->sim, 5 * SIM_S);
    assert_int_equal(host->downs, 2);
    host_nothing_left(host);
    host_free(host);
}

static void test_taken_back(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(22, &target, key);
    uint64_t watch = host_watch(host, 1, &target);
    (void)state;
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host_view(host, 0).watchers, 1);
    assert_int_equal(host_view(host, 1).monitors, 1);
    assert_int_equal(host_demonitor(host, 1, watch), 0);
    sim_run(host->sim, 100 * SIM_MS);
    host_nothing_left(host);
    assert_int_equal(host->unwatched, 1);
    host_end(host, target.actor);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host->downs, 0);
    assert_int_equal(host_demonitor(host, 1, watch), AX_E_NO_KEY);
    host_free(host);
}

/* Taken back at any moment, also when the session it was set in has ended on one side, so that one
 * of the two is lost with it. */
static void test_in_any_order(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(23, &target, key);
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        uint64_t watch = host_watch(host, 1, &target);
        if (i % 3 == 1)
            sim_cut_half(host->sim, 0, 1);
        sim_run(host->sim, i % 20 * (SIM_MS / 4));
        if (i % 3 == 2)
            sim_cut_half(host->sim, 0, 1);
        assert_int_equal(host_demonitor(host, 1, watch), 0);
        sim_run(host->sim, i % 3 == 0 ? 20 * SIM_MS : 3 * SIM_S);
        host_nothing_left(host);
        host_wait_for_session(host, 1, 0);
    }
    host_end(host, target.actor);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host->downs, 0);
    host_free(host);
}

/* A monitor whose answer does not arrive, as the way back is dead, ends on both sides. */
static void test_answer_is_lost(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(24, &target, key);
    uint64_t watch;
    (void)state;
    sim_lose(host->sim, 0, 1, true);
    watch = host_watch(host, 1, &target);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host_view(host, 0).watchers, 1);
    sim_run(host->sim, 15 * SIM_S);
    host_is_down(host, watch, AX_NODE_DOWN);
    host_nothing_left(host);
    host_end(host, target.actor);
    sim_heal(host->sim);
    sim_run(host->sim, 5 * SIM_S);
    assert_int_equal(host->downs, 1);
    host_nothing_left(host);
    host_free(host);
}

/* A monitor that is said again is the same one. */
static void test_twice(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(25, &target, key);
    uint64_t watch = host_watch(host, 1, &target);
    struct ov_frame frame = {.kind = OV_MONITOR};
    (void)state;
    sim_run(host->sim, 100 * SIM_MS);
    OV_SET(&frame, request, host_note(host, watch)->id);
    OV_SET(&frame, monitor, host_note(host, watch)->id);
    OV_SET(&frame, actor, target.actor);
    OV_SET(&frame, registry, ((struct ax_span){"users", 5}));
    OV_SET(&frame, shard, target.shard);
    OV_SET(&frame, epoch, target.epoch);
    OV_SET(&frame, final, false);
    host_forge(host, 1, 0, &frame);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host->watched, 1);
    assert_int_equal(ov_cluster_counts(sim_cluster(host->sim, 0))->again, 1);
    assert_int_equal(host_view(host, 0).watchers, 1);
    sim_cut_half(host->sim, 0,
                 1); /* the next session says it once more, for a watcher that is gone */
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_view(host, 0).watchers, 1);
    assert_int_equal(host_note(host, watch)->n, 0);
    host_end(host, target.actor);
    sim_run(host->sim, SIM_S);
    host_is_down(host, watch, AX_NORMAL);
    assert_int_equal(host->downs, 1);
    host_nothing_left(host);
    host_free(host);
}

/* The actor ends at any moment around the monitor's arrival: down once. */
static void test_race_with_the_end(void **state)
{
    struct host *host = host_new(2, 26);
    unsigned cursor = 0;
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct ov_target target =
            host_target(host_find(host, 1, HOST_USERS, host_key_of(host, 0, &cursor)));
        uint64_t watch = host_watch(host, 1, &target);
        sim_run(host->sim, i * (SIM_MS / 10));
        host_end(host, target.actor);
        sim_run(host->sim, 50 * SIM_MS);
        assert_int_equal(host_note(host, watch)->n, 1);
        assert_true(host_note(host, watch)->out.reason == AX_NORMAL ||
                    host_note(host, watch)->out.reason == AX_GONE);
        host_nothing_left(host);
    }
    assert_int_equal(host->downs, 40);
    host_free(host);
}

/* A down that is lost with its session is told again in the next, which counts messages anew. */
static void test_down_in_the_next_session(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(29, &target, key);
    unsigned cursor = 1000;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        (void)host_ask(host, 0, HOST_USERS, host_key_of(host, 1, &cursor), "hello");
    (void)host_watch(host, 1, &target);
    sim_run(host->sim, 100 * SIM_MS);
    sim_cut_half(host->sim, 1, 0);
    sim_run(host->sim, 0);
    assert_int_equal(host->downs, 1); /* the node may be alive */
    host_end(host, target.actor);
    assert_int_equal(host_view(host, 0).watchers, 1);
    sim_run(host->sim, 5 * SIM_S);
    assert_int_equal(host->downs, 1);
    host_nothing_left(host);
    host_free(host);
}

/* What waits for a node, both a demonitor and a down, is there once, is bounded, and goes with the
 * node. */
static void test_waits_for_a_node(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(28, &target, key);
    struct ov_in more = {.kind = OV_IN_MONITOR, .target = &target};
    uint64_t watches[MONITORS], mine[4];
    const struct ov_cluster_counts *counts = ov_cluster_counts(sim_cluster(host->sim, 1));
    unsigned cursor = 1000;
    struct ov_target other =
        host_target(host_find(host, 0, HOST_USERS, host_key_of(host, 1, &cursor)));
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        mine[i] = host_watch(host, 0, &other); /* the other way about: node 1 has to say down */
    sim_run(host->sim, 100 * SIM_MS);
    for (unsigned i = 0; i < 8; i++)
        watches[i] = host_watch(host, 1, &target);
    sim_run(host->sim, 100 * SIM_MS);
    sim_lose(host->sim, 0, 1, true);
    sim_lose(host->sim, 1, 0, true);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(host_demonitor(host, 1, watches[i]), 0);
        assert_int_equal(host_demonitor(host, 1, watches[i]), AX_E_NO_KEY);
    }
    host_end(host, other.actor);
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_view(host, 1).monitors, 8);
    assert_int_equal(host_view(host, 1).back, 8);
    assert_int_equal(host_view(host, 1).watchers, 4);
    assert_int_equal(host_view(host, 1).downs, 4);
    for (unsigned i = 8; i < MONITORS; i++)
        watches[i] = host_watch(host, 1, &target);
    assert_int_equal(sim_in(host->sim, 1, &more, NULL), AX_E_BUSY);
    assert_int_equal(host_view(host, 1).monitors, MONITORS);
    sim_run(host->sim, SIM_MS);
    assert_int_equal(host_view(host, 1).unset, MONITORS - 8);
    sim_run(host->sim, 12 * SIM_S); /* it is given up by both */
    assert_int_equal(counts->unsettled, 8);
    assert_int_equal(counts->untold, 4);
    host_nothing_left(host);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(host_note(host, watches[i])->n, 0);
    for (unsigned i = 8; i < MONITORS; i++)
        host_is_down(host, watches[i], AX_NODE_DOWN);
    for (unsigned i = 0; i < 4; i++)
        host_is_down(host, mine[i], AX_NODE_DOWN);
    host_free(host);
}

/* A monitor of node 1 is refused for want of room; the same, sent again before that was heard, is
 * set, which node 1 does not know yet. */
static struct host *set_after_all(uint64_t seed, struct ov_target *target, uint64_t *watch)
{
    char key[HOST_TEXT];
    struct host *host = host_with_actor(seed, target, key);
    uint64_t others[MONITORS];
    unsigned cursor = 1000;
    const struct ov_target there[2] = {
        host_target(host_find(host, 2, HOST_USERS, key)),
        host_target(host_find(host, 2, HOST_USERS, host_key_of(host, 0, &cursor))),
    };

    for (unsigned i = 0; i < MONITORS; i++) /* an actor of the host has room for half of them */
        others[i] = host_watch(host, 2, &there[i % 2]);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_view(host, 0).watchers, MONITORS);
    sim_delays(host->sim, 400 * SIM_MS, 400 * SIM_MS);
    *watch = host_watch(host, 1, target); /* and again after 300 ms */
    sim_run(host->sim, 150 * SIM_MS);
    assert_int_equal(host_demonitor(host, 2, others[0]), 0);
    sim_run(host->sim, 600 * SIM_MS);
    assert_int_equal(host_view(host, 0).watchers, MONITORS);
    assert_int_equal(host_view(host, 1).unset, 1);
    sim_delays(host->sim, 0, 0);
    return host;
}

static void test_set_after_all(void **state)
{
    struct ov_target target;
    uint64_t watch;
    struct host *host = set_after_all(29, &target, &watch);
    (void)state;
    sim_run(host->sim, SIM_S);
    host_is_down(host, watch, AX_OTHER);
    assert_int_equal(host_view(host, 0).watchers, MONITORS - 1);
    assert_int_equal(host_view(host, 1).monitors, 0);
    host_free(host);
}

/* Its actor ends before it is taken back: it was down by then, and is not again. */
static void test_ends_when_set_after_all(void **state)
{
    struct ov_target target;
    uint64_t watch;
    struct host *host = set_after_all(30, &target, &watch);
    (void)state;
    host_end(host, target.actor);
    sim_run(host->sim, SIM_S);
    host_is_down(host, watch, AX_OTHER);
    assert_int_equal(host_view(host, 0).watchers, MONITORS / 2);
    assert_int_equal(host_view(host, 0).downs, 0);
    assert_int_equal(host_view(host, 1).monitors, 0);
    host_free(host);
}

/* What a node finds when it wakes is all there at once: heartbeats among monitors, each of which is
 * to be answered in the order in which the answers were sealed. */
static void test_among_heartbeats(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target;
    struct host *host = host_with_actor(31, &target, key);
    uint64_t watches[MONITORS / 2];
    (void)state;
    for (unsigned i = 0; i < MONITORS / 2; i++) {
        if (i % 4 == 0)
            sim_pause(host->sim, 0, 1200 * SIM_MS);
        watches[i] = host_watch(host, 1, &target);
        sim_run(host->sim, i % 4 == 3 ? 2 * SIM_S : 300 * SIM_MS);
    }
    for (unsigned i = 0; i < MONITORS / 2; i++)
        assert_int_equal(host_note(host, watches[i])->n, 0);
    assert_int_equal(host_view(host, 0).watchers, MONITORS / 2);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_lost),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_in_any_order),
        cmocka_unit_test(test_answer_is_lost),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_race_with_the_end),
        cmocka_unit_test(test_down_in_the_next_session),
        cmocka_unit_test(test_waits_for_a_node),
        cmocka_unit_test(test_set_after_all),
        cmocka_unit_test(test_ends_when_set_after_all),
        cmocka_unit_test(test_among_heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
