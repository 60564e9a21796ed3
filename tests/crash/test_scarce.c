/* SPDX-License-Identifier: MIT */
/* A process without memory for an actor's state: the actor comes up when there is some again, by
 * itself. An arena without room that may grow: each call that needs some lets it. */
#include "libax/send.h"
#include "libax/snapshot.h"
#include "libax/turn.h"
#include "libax/wake.h"
#include "shm/arena.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define STATE_SIZE (64u << 20) /* more than a heap has lying about */
#define ROUNDS 1000000

/* Of the sanitizer's allocator: it is to say no, as others do. */
const char *__asan_default_options(void); // NOLINT(bugprone-reserved-identifier)
const char *__asan_default_options(void)  // NOLINT(bugprone-reserved-identifier)
{
    return "allocator_may_return_null=1";
}

static uint32_t started;

static void on_start(struct ax_ctx *ctx, void *self)
{
    (void)ctx;
    (void)self;
    started++;
}

static struct rlimit no_more(void)
{
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    none = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max}; /* 0 is none */
    assert_int_equal(setrlimit(RLIMIT_DATA, &none), 0);
    return before;
}

static void state_comes_later(void **state)
{
    (void)state;
    const struct ax_layout fresh = {0};
    struct ax_actor_type large = *subject_plugin.actors[0];
    const struct ax_actor_type *types[] = {&large};
    struct ax_plugin plugin = subject_plugin;
    large.state = &fresh;
    large.maps = NULL;
    large.on_start = on_start;
    large.state_size = STATE_SIZE;
    plugin.actors = types;
    assert_int_equal(victim_begin(&victim, &node, &plugin), 0);
    struct rlimit before = no_more();
    for (int i = 0; i < 3; i++)
        victim_round(&victim);
    bool lacked = started == 0 && w->run_first == 0;
    assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
    assert_true(lacked);
    assert_true(wake_next(w) != UINT64_MAX);
    for (int i = 0; started < victim.boot.nactors && i < ROUNDS; i++) {
        (void)wakes_run(w);
        victim_round(&victim);
    }
    assert_int_equal(started, victim.boot.nactors);
    (void)alone_end(state);
}

/* ---- an arena that may grow ---- */

#define CALLER 1u
#define LITTLE 8u /* units: less than any of the calls wants to see */

static uint32_t *granted(void)
{
    return &((struct shm_public *)(void *)node.pub[0])->slot[NODE_WORKER].units;
}

/* Half of it has memory, and is full; axsup has granted the rest, and nobody has looked yet. */
static int fill_half(void **state)
{
    (void)state;
    node_open(&node);
    *granted() /= 2;
    victim_init(&victim, &node, NODE_WORKER);
    if (victim_enter(&victim, &node, &subject_plugin) != 0 || victim_start(&victim) != 0)
        return -1;
    alone_rounds();
    while (shm_arena_left(&w->port) > LITTLE) {
        shm_turn_begin(&w->port, 0, 0);
        for (int i = 0; i < 16 && shm_arena_left(&w->port) > LITTLE; i++)
            (void)shm_arena_take(&w->port, 0);
        turn_commit(w);
    }
    *granted() = node.geo[NODE_WORKER].units;
    return 0;
}

static void link_grows(void **state)
{
    struct ax_ctx *ctx = victim_turn(&victim, CALLER);
    (void)state;
    assert_int_equal(ax_link(ctx, (struct ax_ref){.addr = actor_ref(w, CALLER + 1)}), 0);
    turn_commit(w);
}

static void join_grows(void **state)
{
    struct ax_ctx *ctx = victim_turn(&victim, CALLER);
    (void)state;
    assert_int_equal(ax_join(ctx, "all"), 0);
    turn_commit(w);
}

static void snapshot_grows(void **state)
{
    static const uint8_t data[1000];
    (void)victim_turn(&victim, CALLER);
    (void)state;
    assert_int_equal(snapshot_keep(w, CALLER, data, sizeof data), 0);
    turn_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_comes_later),
        cmocka_unit_test_setup_teardown(link_grows, fill_half, alone_end),
        cmocka_unit_test_setup_teardown(join_grows, fill_half, alone_end),
        cmocka_unit_test_setup_teardown(snapshot_grows, fill_half, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
