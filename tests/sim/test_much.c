/* SPDX-License-Identifier: MIT */
/* More comes of one thing than a step has room for: it goes on in the next ones, and nothing is
 * left out or told twice. What comes out has no more room here than it must have. */
#include "overlay/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define MANY 400u /* more than OV_OUTS_MIN, and than the frames of a step */

enum { A, B };

static struct {
    struct sim *sim;
    uint64_t handles[MANY]; /* of what is watched on B */
    unsigned watched, asked, downs[MANY], ends[MANY], nends, ndowns;
    bool again; /* A sets all monitors anew as soon as it is up */
    unsigned refused;
} much;

static void watch_again(void *of, uint64_t arg);

static void out(void *of, unsigned node, const struct ov_out *what)
{
    (void)of;
    if (node == B && what->kind == OV_OUT_WATCH && much.watched < MANY)
        much.handles[much.watched++] = what->handle;
    if (node == B && what->kind == OV_OUT_ASK)
        much.asked++;
    if (node == A && what->kind == OV_OUT_DOWN) {
        much.downs[what->token]++;
        much.ndowns++;
        much.refused += what->reason == AX_OTHER;
    }
    if (node == A && what->kind == OV_OUT_LINK && what->link->kind == OV_TELL_UP && much.again)
        sim_later(much.sim, 0, A, watch_again, NULL, 0);
    if (node == A && what->kind == OV_OUT_END) {
        much.ends[what->token]++;
        much.nends++;
    }
}

static void configure(void *of, unsigned node, struct ov_cluster_config *config)
{
    (void)of;
    (void)node;
    config->requests = config->monitors = MANY;
    config->keys = MANY + config->ensures + 1;
}

/* Of seed 6 frames are gathered: a record holds more of them than a step has room for. */
#define FIRST_SEED 5u
#define LAST_SEED 6u

static void set_up_two(uint64_t seed)
{
    memset(&much, 0, sizeof much);
    much.sim = sim_new(&(struct sim_config){
        .nodes = 2, .seed = seed, .host = {.out = out}, .tight = true, .configure = configure});
    sim_start_all(much.sim);
    sim_run(much.sim, 5 * SIM_S);
}

static struct ov_target actor_of_b(uint64_t actor)
{
    return (struct ov_target){.registry = OV_NO_REGISTRY,
                              .node = sim_index(much.sim, A, B),
                              .boot = sim_boot(much.sim, B),
                              .actor = actor};
}

static void watch_again(void *of, uint64_t arg)
{
    uint64_t id;
    (void)of, (void)arg;
    for (unsigned i = 0; i < MANY; i++) {
        struct ov_target target = actor_of_b(i + 1);
        struct ov_in in = {.kind = OV_IN_MONITOR, .target = &target, .token = i};
        assert_int_equal(sim_in(much.sim, A, &in, &id), 0);
    }
}

static void watch_many(void)
{
    watch_again(NULL, 0);
    sim_run(much.sim, SIM_S);
    assert_int_equal(much.watched, MANY);
}

static void ask_many(void)
{
    uint64_t id;
    for (unsigned i = 0; i < MANY; i++) {
        struct ov_request request = {.kind = OV_ASK,
                                     .token = i,
                                     .deadline = UINT64_MAX,
                                     .target = actor_of_b(i + 1),
                                     .body = {"what?", 5}};
        struct ov_in in = {.kind = OV_IN_REQUEST, .request = &request};
        assert_int_equal(sim_in(much.sim, A, &in, &id), 0);
    }
    sim_run(much.sim, SIM_S);
    assert_int_equal(much.asked, MANY);
}

static void expect_once(const unsigned counts[MANY])
{
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(counts[i], 1);
}

/* All that A has waited for ends with the node. */
static void a_node_of_many(uint64_t seed)
{
    set_up_two(seed);
    watch_many();
    ask_many();
    assert_int_equal(much.ndowns + much.nends, 0);
    sim_crash(much.sim, B, false);
    sim_run(much.sim, SIM_S);
    expect_once(much.downs);
    expect_once(much.ends);
    sim_free(much.sim);
}

static void test_a_node_of_many(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed <= LAST_SEED; seed++)
        a_node_of_many(seed);
}

/* With a later session of the same boot all monitors are said again, and the actors' ends, all of
 * which come meanwhile, are told behind that. */
static void many_ends_behind_a_rotation(uint64_t seed)
{
    set_up_two(seed);
    watch_many();
    sim_cut_half(much.sim, A, B);
    for (unsigned i = 0; i < MANY; i++) {
        struct ov_answer ended = {.handle = much.handles[i], .reason = 1, .incarnation = 1};
        struct ov_in in = {.kind = OV_IN_ENDED, .answer = &ended};
        (void)sim_in(much.sim, B, &in, NULL);
    }
    sim_run(much.sim, 20 * SIM_S);
    expect_once(much.downs);
    sim_free(much.sim);
}

static void test_many_ends_behind_a_rotation(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed <= LAST_SEED; seed++)
        many_ends_behind_a_rotation(seed);
}

/* B's watchers are forgotten with the node that has set them. */
static void many_watchers_of_a_node_that_is_gone(uint64_t seed)
{
    struct ov_cluster_view view;
    set_up_two(seed);
    watch_many();
    sim_crash(much.sim, A, false);
    sim_run(much.sim, SIM_S);
    ov_cluster_look(sim_cluster(much.sim, B), &view);
    assert_int_equal(view.watchers, 0);
    sim_free(much.sim);
}

static void test_many_watchers_of_a_node_that_is_gone(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed <= LAST_SEED; seed++)
        many_watchers_of_a_node_that_is_gone(seed);
}

/* A alone has lost the session, and sets all anew with the next one: B has as many of the one
 * before, which give way. */
static void test_all_anew(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        set_up_two(seed);
        sim_delays(much.sim, SIM_MS / 10, 40 * SIM_MS);
        watch_many();
        much.again = true;
        sim_cut_half(much.sim, A, B);
        sim_run(much.sim, 10 * SIM_S);
        expect_once(much.downs);
        assert_int_equal(much.refused, 0);
        sim_free(much.sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_of_many),
        cmocka_unit_test(test_many_ends_behind_a_rotation),
        cmocka_unit_test(test_many_watchers_of_a_node_that_is_gone),
        cmocka_unit_test(test_all_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
