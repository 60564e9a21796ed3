/* SPDX-License-Identifier: MIT */
/* Passive actors that are tied to each other: what wakes one of them when another goes to rest. */
#include "libax/life.h"
#include "libax/registry.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ONE 1u
#define TWO 2u
#define PEER SHM_REF(NODE_PEER, 1, 1)

static struct ax_ref ref(uint32_t index)
{
    return (struct ax_ref){.addr = actor_ref(w, index)};
}

static void monitor(uint32_t watcher, uint32_t target, unsigned flags)
{
    struct ax_ctx *ctx = victim_turn(&victim, watcher);
    int error = ax_monitor_with(ctx, ref(target), flags, NULL);
    turn_commit(w);
    assert_int_equal(error, 0);
}

static void link_with(uint32_t index, struct ax_ref who, bool trap)
{
    struct ax_ctx *ctx = victim_turn(&victim, index);
    int error = ax_link(ctx, who);
    if (error == 0)
        error = ax_trap_exit(ctx, trap);
    turn_commit(w);
    assert_int_equal(error, 0);
}

static void rest(uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    actor_retire(w, index);
    turn_commit(w);
    alone_rounds();
}

static void assert_rests(uint32_t index, uint32_t lives)
{
    assert_true(is_passive(w, index));
    assert_int_equal(shm_chain_depth(&actor_at(w, index)->mail), 0);
    assert_int_equal(actor_incarnation(w, index), lives + 1); /* the next one's number */
}

static void assert_awake(uint32_t index)
{
    assert_int_equal(actor_at(w, index)->state, SHM_LIVE);
}

static void linked(void **state)
{
    (void)state;
    alone_rounds();
    link_with(ONE, ref(TWO), false);
    rest(ONE);
    rest(TWO);
    assert_rests(ONE, 1);
    assert_rests(TWO, 1);
    alone_die();
    alone_rounds();
    assert_true(is_passive(w, ONE));
    assert_true(is_passive(w, TWO));
}

/* Nor does a crash of the other, after which it comes back; its end for good is an end. */
static void linked_far(void **state)
{
    const struct shm_since_body since = {.incarnation = 1, .process = 1};
    struct shm_down_body body = {
        .who = PEER, .incarnation = 1, .reason = SHM_NORMAL, .will_restart = 1};
    struct shm_frame head = {
        .kind = SHM_LINK, .to = actor_ref(w, ONE), .from = PEER, .corr = 77ull << 32 | 7};
    (void)state;
    alone_rounds();
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, &since, sizeof since);
    alone_rounds();
    rest(ONE);
    head.kind = SHM_EXIT;
    for (; body.incarnation <= 3; body.incarnation++) {
        node_send(&node, NODE_PEER, SHM_CONTROL, &head, &body, SHM_DOWN_LEAST);
        alone_rounds();
        assert_rests(ONE, 1);
        body.reason = SHM_FAILED;
    }
    body.will_restart = 0;
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, &body, SHM_DOWN_LEAST);
    alone_rounds();
    assert_int_equal(actor_at(w, ONE)->state, SHM_FREE);
}

/* It is to be told; and so is a monitor that is not for the last end alone. */
static void told(void **state)
{
    (void)state;
    alone_rounds();
    link_with(ONE, ref(TWO), true);
    rest(ONE);
    rest(TWO);
    assert_awake(ONE);
    assert_rests(TWO, 1);
    monitor(TWO, ONE, 0);
    alone_rounds();
    rest(TWO);
    rest(ONE);
    assert_awake(TWO);
}

static void monitored(void **state)
{
    (void)state;
    alone_rounds();
    monitor(ONE, TWO, AX_MONITOR_FINAL);
    monitor(TWO, ONE, AX_MONITOR_FINAL);
    rest(ONE);
    rest(TWO);
    assert_rests(ONE, 1);
    assert_rests(TWO, 1);
}

static void monitors_itself(void **state)
{
    (void)state;
    alone_rounds();
    monitor(ONE, ONE, 0);
    actor_failed(w, ONE, 0, "on purpose", false);
    alone_rounds();
    const struct subject_counts *counts = w->self[ONE];
    assert_int_equal(counts->told, 1); /* a failure is no rest */
    rest(ONE);
    assert_rests(ONE, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(linked, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(linked_far, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(told, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(monitored, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(monitors_itself, alone_begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
