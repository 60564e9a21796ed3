/* SPDX-License-Identifier: MIT */
/* Who gets a session and who does not: tokens that rotate, keys that are pinned, claims of names,
 * and what is changed on its way; in virtual time. */
#include "overlay/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    struct sim *sim;
    unsigned up, down;  /* sessions of nodes that have begun, that have ended */
    unsigned impostors; /* and that an impostor has got */
};

static void out(void *of, unsigned node, const struct ov_out *what)
{
    struct seen *seen = of;
    if (what->kind != OV_OUT_LINK)
        return;
    seen->impostors += node == SIM_IMPOSTOR && what->link->kind == OV_TELL_UP;
    seen->up += node != SIM_IMPOSTOR && what->link->kind == OV_TELL_UP;
    seen->down += node != SIM_IMPOSTOR && what->link->kind == OV_TELL_DOWN;
}

/* Nodes that have sessions with each other. */
static void begin(struct seen *seen, unsigned nodes, bool pinned)
{
    *seen = (struct seen){0};
    seen->sim = sim_new(&(struct sim_config){
        .nodes = nodes, .seed = 1, .pinned = pinned, .host = {.of = seen, .out = out}});
    sim_start_all(seen->sim);
    sim_run(seen->sim, 3 * SIM_S);
    assert_int_equal(seen->up, nodes * (nodes - 1));
    assert_int_equal(seen->down, 0);
}

static bool joined(const struct seen *seen, unsigned a, unsigned b)
{
    struct ov_node_view view;
    return ov_core_node(ov_cluster_core(sim_cluster(seen->sim, a)), sim_index(seen->sim, a, b),
                        &view) &&
           view.up;
}

static uint64_t refused(const struct seen *seen, unsigned node)
{
    return ov_core_counts(ov_cluster_core(sim_cluster(seen->sim, node)))->refused;
}

static uint64_t obsolete(const struct seen *seen, unsigned node)
{
    return ov_core_counts(ov_cluster_core(sim_cluster(seen->sim, node)))->obsolete;
}

/* Sessions that are cut come again. */
static void cut_and_join(struct seen *seen, unsigned nodes)
{
    for (unsigned a = 0; a < nodes; a++)
        for (unsigned b = 0; b < a; b++)
            sim_cut(seen->sim, a, b);
    sim_run(seen->sim, 3 * SIM_S);
    for (unsigned a = 0; a < nodes; a++)
        for (unsigned b = 0; b < nodes; b++)
            assert_true(a == b || joined(seen, a, b));
}

/* While tokens rotate, node by node, no session ends, and whoever dials is taken. */
static void rotate(bool pinned)
{
    static const unsigned tokens[][2] = {{1, 2}, {2, 1}, {2, 0}};
    struct seen seen;
    begin(&seen, 3, pinned);
    for (unsigned phase = 0; phase < 3; phase++)
        for (unsigned node = 0; node < 3; node++) {
            unsigned downs = seen.down;
            sim_tokens(seen.sim, node, tokens[phase][0], tokens[phase][1]);
            sim_run(seen.sim, 10 * SIM_S);
            assert_int_equal(seen.down, downs);
            cut_and_join(&seen, 3);
        }
    sim_crash(seen.sim, 1, false);
    sim_impostor(seen.sim, 'b', 1); /* the old token is worth nothing now */
    sim_run(seen.sim, 5 * SIM_S);
    assert_int_equal(seen.impostors, 0);
    assert_true(refused(&seen, 0) > 0 && refused(&seen, 2) > 0);
    sim_free(seen.sim);
}

static void test_tokens_rotate(void **state)
{
    (void)state;
    rotate(false);
    rotate(true);
}

/* A handshake in which a token goes is refused or done, and the next one is done. */
static void test_token_goes_in_a_handshake(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 40; at++) {
        struct seen seen;
        begin(&seen, 2, at % 2 == 0);
        sim_tokens(seen.sim, 0, 1, 2);
        sim_tokens(seen.sim, 1, 1, 2);
        sim_cut(seen.sim, 0, 1);
        sim_run(seen.sim, at * 5 * SIM_MS);
        for (unsigned node = 0; node < 2; node++)
            sim_tokens(seen.sim, node, 2, 0);
        sim_run(seen.sim, 5 * SIM_S);
        assert_true(joined(&seen, 0, 1) && joined(&seen, 1, 0));
        sim_free(seen.sim);
    }
}

/* Where keys are pinned the token is not enough, whoever is claimed to be there. */
static void test_name_is_claimed(void **state)
{
    struct seen seen;
    (void)state;
    for (const char *name = "bz"; *name != 0; name++) {
        begin(&seen, 3, true);
        sim_crash(seen.sim, 1, false);
        sim_impostor(seen.sim, *name, 1);
        sim_run(seen.sim, 10 * SIM_S);
        assert_int_equal(seen.impostors, 0);
        assert_true(refused(&seen, 0) > 0 && refused(&seen, 2) > 0);
        assert_false(joined(&seen, 0, 1));
        sim_crash(seen.sim, SIM_IMPOSTOR, false);
        sim_start(seen.sim, 1);
        sim_run(seen.sim, 5 * SIM_S);
        assert_true(joined(&seen, 0, 1) && joined(&seen, 2, 1));
        sim_free(seen.sim);
    }
}

/* Without pins whoever has the token has any name, and no other one has. The node itself has it
 * back when it comes, and whoever had it comes in vain. */
static void test_token_is_enough(void **state)
{
    struct seen seen;
    (void)state;
    for (unsigned token = 1; token <= 2; token++) {
        begin(&seen, 3, false);
        sim_crash(seen.sim, 1, false);
        sim_impostor(seen.sim, 'b', token);
        sim_run(seen.sim, 5 * SIM_S);
        assert_int_equal(seen.impostors, token == 1 ? 2 : 0);
        assert_int_equal(joined(&seen, 0, 1), token == 1);
        sim_start(seen.sim, 1);
        sim_run(seen.sim, 10 * SIM_S);
        assert_int_equal(seen.impostors, token == 1 ? 2 : 0);
        assert_true(joined(&seen, 0, 1) && joined(&seen, 1, 0));
        assert_int_equal(obsolete(&seen, 0) > 0, token == 1);
        sim_free(seen.sim);
    }
}

/* A bit that is turned over on the way ends the session on both sides; another one begins. */
static void test_bit_is_turned(void **state)
{
    (void)state;
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        struct seen seen;
        begin(&seen, 2, pinned);
        sim_corrupt(seen.sim, 0, 1, 100);
        sim_run(seen.sim, 5 * SIM_S);
        assert_int_equal(seen.down, 2);
        assert_int_equal(seen.up, 4);
        assert_true(joined(&seen, 0, 1) && joined(&seen, 1, 0));
        sim_free(seen.sim);
    }
}

/* To an endpoint that there is none of. */
static void say_something(const struct seen *seen)
{
    struct ov_request request = {.kind = OV_TELL,
                                 .deadline = UINT64_MAX,
                                 .unanswered = true,
                                 .target = {.registry = OV_NO_REGISTRY,
                                            .node = sim_index(seen->sim, 0, 1),
                                            .boot = sim_boot(seen->sim, 1),
                                            .endpoint = {"x", 1}}};
    assert_int_equal(
        sim_in(seen->sim, 0, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request}, NULL), 0);
}

/* Where it is in the length of a record, the rest of that does not come. Though heartbeats are
 * answered on the other connection, that is the session's end. */
static void test_record_has_no_end(void **state)
{
    struct seen seen;
    (void)state;
    for (uint32_t bit = 7; bit < 16; bit++) {
        begin(&seen, 2, false);
        sim_corrupt(seen.sim, 0, 1, bit);
        say_something(&seen);
        sim_run(seen.sim, 15 * SIM_S);
        assert_int_equal(seen.down, 2);
        assert_int_equal(seen.up, 4);
        assert_true(joined(&seen, 0, 1) && joined(&seen, 1, 0));
        sim_free(seen.sim);
    }
}

/* What a node has said is worth nothing when somebody else says it, to whomever, whole, cut short
 * or changed. */
static void test_heard_before(void **state)
{
    void (*const attacks[])(struct sim *, unsigned) = {sim_replay, sim_replay_cut,
                                                       sim_replay_changed, sim_reflect};
    struct seen seen;
    (void)state;
    begin(&seen, 3, false);
    for (unsigned i = 0; i < 200; i++) {
        attacks[i % 4](seen.sim, i % 3);
        sim_run(seen.sim, 200 * SIM_MS);
    }
    assert_int_equal(seen.up, 6);
    assert_int_equal(seen.down, 0);
    for (unsigned node = 0; node < 3; node++)
        assert_true(refused(&seen, node) > 0);
    sim_free(seen.sim);
}

/* The other end of each connection that is kept is the node that the core says. */
static void test_other_end(void **state)
{
    struct ov_node_view view;
    struct seen seen;
    unsigned other, life;
    (void)state;
    begin(&seen, 2, false);
    sim_crash(seen.sim, 1, false);
    sim_start(seen.sim, 1);
    sim_run(seen.sim, 5 * SIM_S);
    assert_true(
        ov_core_node(ov_cluster_core(sim_cluster(seen.sim, 0)), sim_index(seen.sim, 0, 1), &view));
    for (unsigned plane = 0; plane < 2; plane++) {
        assert_true(sim_other(seen.sim, 0, view.conn[plane], &other, &life));
        assert_int_equal(other, 1);
        assert_int_equal(life, 2);
    }
    assert_false(sim_other(seen.sim, 0, 12345, &other, &life));
    sim_free(seen.sim);
}

/* A clock that stands still does not pass time, and goes on from there. */
static void test_clock_stands_still(void **state)
{
    struct seen seen;
    uint64_t clock;
    (void)state;
    begin(&seen, 2, false);
    sim_drift(seen.sim, 0, -1000000);
    clock = sim_clock(seen.sim, 0);
    sim_run(seen.sim, SIM_S);
    assert_int_equal(sim_clock(seen.sim, 0), clock);
    sim_drift(seen.sim, 0, 0);
    sim_run(seen.sim, SIM_S);
    assert_int_equal(sim_clock(seen.sim, 0), clock + SIM_S);
    assert_true(joined(&seen, 0, 1) && joined(&seen, 1, 0));
    sim_free(seen.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_rotate),      cmocka_unit_test(test_token_goes_in_a_handshake),
        cmocka_unit_test(test_name_is_claimed),    cmocka_unit_test(test_token_is_enough),
        cmocka_unit_test(test_bit_is_turned),      cmocka_unit_test(test_record_has_no_end),
        cmocka_unit_test(test_heard_before),       cmocka_unit_test(test_other_end),
        cmocka_unit_test(test_clock_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
