/* SPDX-License-Identifier: MIT */
/* A process without memory for an actor's state: the actor comes up when there is some again, by
 * itself. */
#include "libax/send.h"
#include "libax/turn.h"
#include "libax/wake.h"
#include "tests/lib/subject.h"
#include "tests/lib/victim.h"

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

static struct node node;
static struct victim victim;
static struct worker *const w = &victim.worker;

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
    victim_free(&victim);
    node_close(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(state_comes_later)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
