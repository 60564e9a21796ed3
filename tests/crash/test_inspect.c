/* SPDX-License-Identifier: MIT */
/* What axsup shows of an actor whose memory a worker has filled with lies: nothing is read that is
 * not in that memory, and who asks can read what comes of it. */
#include "axsup/out.h"
#include "axsup/show.h"
#include "tests/lib/world.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTOR 1u

static struct world world;
static struct node moment;

static int begin(void **state)
{
    (void)state;
    world_moment(&moment, 0);
    world_open(&world);
    world_become(&world, &moment);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_close(&world);
    node_close(&moment);
    return 0;
}

static struct shm_actor_cold *cold(void)
{
    uint8_t *private = world.node.priv[WORKER];
    return (struct shm_actor_cold *)(void *)(private + world.node.geo[WORKER].cold_off) + ACTOR;
}

static bool shows(const char *what)
{
    struct sup_out out = {0};
    assert_int_equal(sup_show_inspect(&out, &world.sup, world_ref(WORKER, ACTOR)), 0);
    sup_out_bytes(&out, "", 1);
    assert_int_equal(out.error, 0);
    json_t *read = json_loads(out.text, 0, NULL);
    assert_non_null(read);
    json_decref(read);
    bool found = strstr(out.text, what) != NULL;
    sup_out_deinit(&out);
    return found;
}

/* Its head would be within the arena, and the rest behind it. */
static void timer_at_the_end(void **state)
{
    (void)state;
    assert_false(shows("\"timers\":[]"));
    cold()->timers = world.node.geo[WORKER].units - 1;
    assert_true(shows("\"timers\":[]"));
}

static void lists_from_nowhere(void **state)
{
    (void)state;
    cold()->timers = cold()->monitors = cold()->watchers = cold()->more = UINT32_MAX;
    assert_true(shows("\"timers\":[]"));
    assert_true(shows("\"monitors\":[]"));
    assert_true(shows("\"watchers\":[]"));
    assert_true(shows("\"links\":[]"));
}

/* An ask that waits is there; the highest bit of its number is set. */
static void large_numbers(void **state)
{
    (void)state;
    assert_true(shows("(timeout of an ask)"));
    uint64_t offset = world.node.geo[WORKER].arena_off + (uint64_t)cold()->timers * SHM_UNIT;
    struct shm_timer *timer = (struct shm_timer *)(void *)(world.node.priv[WORKER] + offset);
    timer->id = timer->period = UINT64_MAX;
    timer->at = UINT64_MAX - 1;
    assert_true(shows("\"every_ns\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timer_at_the_end, begin, end),
        cmocka_unit_test_setup_teardown(lists_from_nowhere, begin, end),
        cmocka_unit_test_setup_teardown(large_numbers, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
