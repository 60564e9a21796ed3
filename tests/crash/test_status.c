/* SPDX-License-Identifier: MIT */
/* ax_status of an actor of the own worker: it sees what the turn has done so far, as the turn's
 * other calls do, and shows nothing of that to anybody else before the commit. */
#include "libax/life.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALLER 1u
#define OTHER 2u

static int begin(void **state)
{
    if (alone_begin(state) != 0)
        return -1;
    alone_rounds();
    return 0;
}

static struct ax_status status(struct ax_ctx *ctx, uint64_t who)
{
    struct ax_status out;
    ax_status(ctx, (struct ax_ref){.addr = who}, &out);
    return out;
}

static const struct shm_directory *shown(uint32_t index)
{
    return &w->port.directories[NODE_WORKER][index];
}

static uint32_t shown_depth(uint32_t index)
{
    return w->port.depths[NODE_WORKER][index];
}

static void stop(struct ax_ctx *ctx)
{
    const struct ax_ref who = {.addr = actor_ref(w, OTHER)};
    assert_int_equal(subject_add(ctx, (subject_ref){.ref = who}, 1), 0);
    assert_int_equal(ax_stop_actor(ctx, who), 0);
}

static void shows_nothing_before_the_commit(void **state)
{
    struct ax_ctx *ctx = victim_turn(&victim, CALLER);
    uint64_t who = actor_ref(w, OTHER);
    (void)state;
    assert_false(status(ctx, who).closed);
    assert_int_equal(status(ctx, who).incarnation, 1);
    stop(ctx);
    assert_true(status(ctx, who).closed);
    assert_false(status(ctx, who).terminated);
    assert_int_equal(status(ctx, who).mailbox, 1);
    assert_int_equal(shown(OTHER)->state, SHM_LIVE);
    assert_int_equal(shown_depth(OTHER), 0);
    turn_undo(w);
    ctx = victim_turn(&victim, CALLER);
    assert_false(status(ctx, who).closed);
    assert_int_equal(status(ctx, who).mailbox, 0);
    assert_int_equal(shown(OTHER)->state, SHM_LIVE);
    stop(ctx);
    turn_commit(w);
    assert_int_equal(shown(OTHER)->state, SHM_CLOSING);
}

static void sees_who_was_spawned(void **state)
{
    struct ax_ctx *ctx = victim_turn(&victim, CALLER);
    subject_ref child;
    (void)state;
    assert_int_equal(subject_spawn(ctx, NULL, &child), 0);
    assert_false(status(ctx, child.ref.addr).terminated);
    assert_int_equal(shown(SHM_REF_INDEX(child.ref.addr))->state, SHM_FREE);
    turn_undo(w);
    ctx = victim_turn(&victim, CALLER);
    assert_true(status(ctx, child.ref.addr).terminated);
    turn_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shows_nothing_before_the_commit, begin, alone_end),
        cmocka_unit_test_setup_teardown(sees_who_was_spawned, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
