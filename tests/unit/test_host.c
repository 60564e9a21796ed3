/* SPDX-License-Identifier: MIT */
/* The host of a node: what it says to the core and to the runner, as text, after what they say to
 * it. Times, handles, addresses and epochs are numbers. */
#include "tests/lib/hosting.h"

#include "overlay/core/cluster_parts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <ax/actor.h>
#include <cmocka.h>

#define SAID(expected) assert_string_equal(hosting_said(), expected)

/* The actor 7 has the key "a" under epoch 3. */
static void with_actor(void)
{
    uint32_t bound = hosting_shard("kept");
    assert_int_not_equal(hosting_shard("a"), bound);
    hosting_to(OV_OUT_GAINED, "a", 3);
    hosting_ensure(1, "a", 3);
    SAID("spawn a under 3. ");
    hosting_spawned(1, 7);
    SAID("answer 1: 0 7 . ");
}

/* ---- keys ---- */

static void test_one_spawn(void **state)
{
    (void)state;
    hosting_to(OV_OUT_GAINED, "a", 3);
    hosting_ensure(1, "a", 3);
    hosting_ensure(2, "a", 3);
    SAID("spawn a under 3. ");
    hosting_ensure(3, "a", 3);
    SAID("");
    hosting_spawned(1, 7);
    SAID("answer 1: 0 7 . answer 2: 0 7 . answer 3: 0 7 . ");
    hosting_ensure(4, "a", 3);
    SAID("answer 4: 0 7 . ");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[1], 0, 8, 1),
                     AX_E_NO_KEY);
}

static void test_failed_spawn(void **state)
{
    (void)state;
    hosting_to(OV_OUT_GAINED, "a", 3);
    hosting_ensure(1, "a", 3);
    hosting_ensure(2, "a", 3);
    SAID("spawn a under 3. ");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[1], AX_E_FAILED, 0, 0),
                     0);
    SAID("answer 1: 18 0 . answer 2: 18 0 . ");
    hosting_ensure(3, "a", 3);
    SAID("spawn a under 3. ");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[2], 0, 0, 1),
                     AX_E_INVALID);
    hosting_spawned(2, 7);
    SAID("answer 3: 0 7 . ");
}

/* As many as there may be; the others wait for their turn, or are refused. */
static void test_limits(void **state)
{
    struct ov_host_view view;
    const char *keys[] = {"a", "b", "c", "d", "e"};
    (void)state;
    for (uint32_t i = 0; i < HOSTING_SHARDS; i++)
        if (i != hosting_shard("kept"))
            hosting_out((struct ov_out){.kind = OV_OUT_GAINED, .shard = i, .epoch = 3});
    hosting_to(OV_OUT_GAINED, "kept", 3);
    SAID("spawn kept under 3. ");
    for (unsigned i = 0; i < 5; i++)
        hosting_ensure(i + 1, keys[i], 3);
    SAID("answer 5: 14 0 . spawn a under 3. ");
    ov_host_look(hosting, &view);
    assert_int_equal(view.wanted, 3);
    assert_int_equal(view.spawning, HOSTING_SPAWNS);
    assert_int_equal(view.ensures, 4);
    hosting_spawned(1, 6);
    SAID("spawn b under 3. ");
    hosting_spawned(2, 7);
    SAID("answer 1: 0 7 . spawn c under 3. ");
    assert_int_equal(ov_host_counts(hosting)->full, 1);
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 99), AX_E_LIMIT);
}

/* The end of an actor is its entry's alone: the next of its key is another. */
static void test_next_of_its_key(void **state)
{
    (void)state;
    with_actor();
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    hosting_to_actor(OV_OUT_WATCH, 3, "a", 7, 3);
    SAID("ask 7 under 3. ");
    hosting_ends(7, AX_FAILED);
    hosting_ensure(4, "a", 3);
    SAID("ended 3: failed why. answer 2: 4 0 . spawn a under 3. ");
    hosting_spawned(3, 8);
    SAID("answer 4: 0 8 . ");
    assert_int_equal(ov_host_ended(hosting, 7, &(struct ov_host_end){0}), AX_E_NO_ACTOR);
    hosting_to_actor(OV_OUT_ASK, 5, "a", 7, 3);
    SAID("answer 5: 3 0 . ");
    hosting_to_actor(OV_OUT_TELL, 6, "a", 8, 3);
    SAID("tell 8 under 3. ");
}

static void test_answers(void **state)
{
    struct ov_host_effect effect;
    (void)state;
    with_actor();
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    SAID("ask 7 under 3. ");
    assert_int_equal(ov_host_answer(hosting, hosting_handles[2], 0, hosting_span("yes"), &effect),
                     0);
    hosting_say_effect(&effect);
    SAID("answer 2: 0 0 yes. ");
    assert_int_equal(ov_host_answer(hosting, hosting_handles[2], 0, hosting_span("yes"), &effect),
                     AX_E_NO_KEY);
    hosting_to_actor(OV_OUT_TELL, 0, "a", 7, 3);
    SAID("tell 7 under 3. ");
    hosting_to_actor(OV_OUT_TELL, 0, "a", 9, 3);
    hosting_to_actor(OV_OUT_ASK, 3, "a", 7, 2);
    hosting_to_actor(OV_OUT_ASK, 4, "kept", 7, 3);
    SAID("answer 3: 20 0 . answer 4: 20 0 . ");
    assert_int_equal(ov_host_counts(hosting)->unsaid, 1);
    assert_int_equal(ov_host_counts(hosting)->late, 1);
}

/* What nobody has taken yet when a shard is lost: the other shard's stays. */
static void test_due_when_lost(void **state)
{
    struct ov_host_effect effect;
    (void)state;
    assert_int_not_equal(hosting_shard("a"), hosting_shard("c"));
    with_actor();
    hosting_to(OV_OUT_GAINED, "c", 3);
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    SAID("ask 7 under 3. ");
    hosting_ensure(3, "a", 3);
    hosting_ensure(4, "c", 2); /* stale */
    hosting_to(OV_OUT_LOST, "a", 3);
    SAID("stop 7 at once. answer 4: 20 0 . ");
    hosting_ends(7, AX_LEASE_LOST);
    assert_int_equal(ov_host_answer(hosting, hosting_handles[2], 0, hosting_span("yes"), &effect),
                     AX_E_NO_KEY);
    SAID("stopped 0/1. ");
}

/* An end takes the place of an answer, also where it has not been told yet. */
static void test_answer_after_the_end(void **state)
{
    struct ov_host_effect effect;
    (void)state;
    with_actor();
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    SAID("ask 7 under 3. ");
    hosting_ends(7, AX_FAILED);
    assert_int_equal(ov_host_answer(hosting, hosting_handles[2], 0, hosting_span("yes"), &effect),
                     AX_E_NO_KEY);
    SAID("answer 2: 4 0 . ");
}

/* ---- shards ---- */

static void test_drain(void **state)
{
    (void)state;
    with_actor();
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    hosting_to_actor(OV_OUT_WATCH, 3, "a", 7, 3);
    SAID("ask 7 under 3. ");
    hosting_to(OV_OUT_DRAIN, "a", 3);
    hosting_ensure(4, "a", 3);
    hosting_to_actor(OV_OUT_TELL, 5, "a", 7, 3);
    hosting_to(OV_OUT_DRAIN, "a", 3);
    SAID("stop 7. answer 4: 20 0 . answer 5: 20 0 . ");
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 7), AX_E_CLOSED);
    hosting_to(OV_OUT_LOST, "a", 3); /* its mail takes too long */
    SAID("stop 7 at once. ");
    hosting_ends(7, AX_NORMAL);
    SAID("stopped 0/1. ");
}

/* The core has ended all that was for the shard; of an endpoint it has not. */
static void test_lost(void **state)
{
    (void)state;
    with_actor();
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 7), 0);
    hosting_to_actor(OV_OUT_ASK, 2, "a", 7, 3);
    hosting_to_actor(OV_OUT_WATCH, 3, "a", 7, 3);
    hosting_to_name(OV_OUT_ASK, 4, "name");
    hosting_to_name(OV_OUT_WATCH, 5, "name");
    SAID("ask 7 under 3. ask 7 under 3. ");
    hosting_ensure(6, "a", 3);
    hosting_to(OV_OUT_LOST, "a", 3);
    hosting_to_name(OV_OUT_ASK, 7, "name");
    SAID("stop 7 at once. answer 7: 2 0 . ");
    hosting_ends(7, AX_LEASE_LOST);
    SAID("ended 5: lease lost why. answer 4: 4 0 . stopped 0/1. ");
    hosting_to(OV_OUT_LOST, "a", 3);
    SAID("stopped 0/1. ");
}

/* What is being spawned meanwhile is stopped when it comes. */
static void test_undone(void **state)
{
    (void)state;
    hosting_to(OV_OUT_GAINED, "a", 3);
    hosting_ensure(1, "a", 3);
    SAID("spawn a under 3. ");
    hosting_to(OV_OUT_DRAIN, "a", 3);
    SAID("answer 1: 20 0 . ");
    hosting_spawned(1, 7);
    SAID("stop 7. ");
    hosting_ends(7, AX_NORMAL);
    SAID("stopped 0/1. ");
    hosting_to(OV_OUT_GAINED, "a", 4);
    hosting_ensure(2, "a", 4);
    SAID("spawn a under 4. ");
    hosting_to(OV_OUT_LOST, "a", 4);
    SAID("");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[2], AX_E_FAILED, 0, 0),
                     0);
    SAID("stopped 0/1. ");
}

/* A new epoch takes the shard from what is left of the old one, whose loss does not touch it. */
static void test_new_epoch(void **state)
{
    (void)state;
    with_actor();
    hosting_to(OV_OUT_GAINED, "a", 5);
    hosting_ensure(2, "a", 5);
    SAID("stop 7 at once. spawn a under 5. ");
    hosting_spawned(2, 8);
    hosting_to(OV_OUT_LOST, "a", 3);
    hosting_to_actor(OV_OUT_ASK, 3, "a", 8, 5);
    hosting_to_actor(OV_OUT_ASK, 4, "a", 7, 5);
    SAID("ask 8 under 5. answer 2: 0 8 . answer 4: 3 0 . ");
    hosting_ends(7, AX_NORMAL);
    SAID("");
}

/* ---- bound ---- */

static void test_bound(void **state)
{
    (void)state;
    hosting_solo(OV_OUT_GAINED, 2);
    SAID("spawn boss under 2. ");
    assert_int_equal(ov_host_due(hosting), UINT64_MAX);
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[1], AX_E_FAILED, 0, 0),
                     0);
    SAID("");
    assert_int_equal(ov_host_due(hosting), hosting_now + HOSTING_RETRY);
    hosting_now += HOSTING_RETRY;
    SAID("spawn boss under 2. ");
    hosting_spawned(2, 7);
    hosting_solo(OV_OUT_DRAIN, 2);
    SAID("stop 7. ");
    hosting_ends(7, AX_NORMAL);
    SAID("stopped 1/0. ");
    hosting_solo(OV_OUT_GAINED, 6);
    SAID("spawn boss under 6. ");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[3], AX_E_FAILED, 0, 0),
                     0);
    hosting_solo(OV_OUT_LOST, 6);
    SAID("stopped 1/0. ");
    hosting_now += HOSTING_RETRY;
    SAID("");
}

/* ---- endpoints and monitors ---- */

static void test_endpoints(void **state)
{
    (void)state;
    hosting_to_name(OV_OUT_ASK, 1, "name");
    hosting_to_name(OV_OUT_WATCH, 2, "name");
    SAID("answer 1: 3 0 . ended 2: no such actor . ");
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 50), 0);
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 51), AX_E_NAME_TAKEN);
    assert_int_equal(ov_host_register(hosting, hosting_span(""), 50), AX_E_INVALID);
    assert_int_equal(ov_host_register(hosting, hosting_span("zero"), 0), AX_E_INVALID);
    assert_int_equal(ov_host_register(hosting, hosting_span("other"), 50), 0);
    assert_int_equal(ov_host_register(hosting, hosting_span("third"), 51), 0);
    assert_int_equal(ov_host_register(hosting, hosting_span("fourth"), 51), AX_E_LIMIT);
    hosting_to_name(OV_OUT_TELL, 3, "name");
    hosting_to_name(OV_OUT_WATCH, 4, "name");
    hosting_to_name(OV_OUT_WATCH, 5, "other");
    SAID("tell 50 under 0. ");
    assert_int_equal(ov_host_unregister(hosting, hosting_span("name")), 0);
    assert_int_equal(ov_host_unregister(hosting, hosting_span("name")), AX_E_NO_KEY);
    SAID("ended 4: no such actor . ");
    hosting_ends(50, AX_FAILED);
    hosting_to_name(OV_OUT_WATCH, 6, "other");
    SAID("ended 5: failed why. answer 3: 4 0 . ended 6: no such actor . ");
    assert_int_equal(ov_host_unregister(hosting, hosting_span("third")), 0);
    assert_int_equal(ov_host_ended(hosting, 51, &(struct ov_host_end){0}), AX_E_NO_ACTOR);
}

static void test_restart(void **state)
{
    struct ov_host_end end = {.reason = AX_FAILED, .restart = true, .incarnation = 1};
    const struct ov_frame final = {.final = true};
    (void)state;
    with_actor();
    hosting_out((struct ov_out){.kind = OV_OUT_WATCH,
                                .handle = 2,
                                .shard = hosting_shard("a"),
                                .epoch = 3,
                                .actor = 7,
                                .frame = &final});
    hosting_to_actor(OV_OUT_WATCH, 3, "a", 7, 3);
    hosting_to_actor(OV_OUT_WATCH, 4, "a", 7, 3);
    hosting_out((struct ov_out){.kind = OV_OUT_UNWATCH, .handle = 4});
    hosting_to_actor(OV_OUT_ASK, 5, "a", 7, 3);
    assert_int_equal(ov_host_ended(hosting, 7, &end), 0);
    SAID("ask 7 under 3. ended 3: failed restarts . ");
    end.reason = AX_REASON_COUNT;
    assert_int_equal(ov_host_ended(hosting, 7, &end), AX_E_INVALID);
    hosting_ends(7, AX_NORMAL);
    SAID("ended 2: normal why. answer 5: 4 0 . ");
}

/* ---- what is refused ---- */

static int out_says(const struct ov_out *out)
{
    struct ov_host_effect effect;
    return ov_host_out(hosting, out, &effect);
}

/* What no core or runner says as they are now. */
static void test_invalid(void **state)
{
    static const char long_text[OV_KEY_MAX + 1], detail[OV_DETAIL_MAX + 1];
    struct ov_host_end end = {.reason = AX_NORMAL, .detail = {detail, sizeof detail}};
    struct ov_out out = {
        .kind = OV_OUT_ENSURE, .handle = 2, .shard = hosting_shard("a"), .epoch = 3};
    (void)state;
    with_actor();
    assert_int_equal(out_says(&out), 0);
    SAID("answer 2: 10 0 . ");
    out.key = (struct ax_span){long_text, sizeof long_text};
    assert_int_equal(out_says(&out), 0);
    SAID("answer 2: 10 0 . ");
    out.key = hosting_span("a");
    out.registry = 2;
    assert_int_equal(out_says(&out), 0);
    SAID("answer 2: 10 0 . ");
    assert_int_equal(ov_host_register(hosting, hosting_span("\xff"), 7), AX_E_INVALID);
    assert_int_equal(ov_host_register(hosting, (struct ax_span){long_text, sizeof long_text}, 7),
                     AX_E_INVALID);
    assert_int_equal(ov_host_ended(hosting, 7, &end), AX_E_INVALID);
    assert_int_equal(ov_host_spawned(hosting, hosting_now, 99, 0, 8, 1), AX_E_NO_KEY);
    hosting_to(OV_OUT_GAINED, "b", 3);
    hosting_ensure(3, "b", 3);
    SAID("spawn b under 3. ");
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[2], 0, 7, 1),
                     AX_E_INVALID); /* that address has another one */
    hosting_out((struct ov_out){.kind = OV_OUT_UNWATCH, .handle = 99});
    SAID("");
}

/* A core that has more under way than its own tables hold. */
static void test_too_much(void **state)
{
    const struct ov_frame frame = {.endpoint = {"name", 4}};
    struct ov_out out = {.kind = OV_OUT_WATCH, .registry = OV_NO_REGISTRY, .frame = &frame};
    unsigned n = 0;
    int r;
    (void)state;
    with_actor();
    for (; (r = out_says(&out)) == 0; out.handle++)
        assert_true(n++ < 1000);
    assert_int_equal(r, AX_E_LIMIT);
    out.kind = OV_OUT_ASK;
    for (n = 0; (r = out_says(&out)) == 0; out.handle++)
        assert_true(n++ < 1000);
    assert_int_equal(r, AX_E_LIMIT);
    out.registry = 0;
    out.shard = hosting_shard("a");
    out.epoch = 3;
    out.actor = 7;
    assert_int_equal(out_says(&out), AX_E_LIMIT);
    out.kind = OV_OUT_ENSURE;
    assert_int_equal(out_says(&out), AX_E_LIMIT);
    out.key = hosting_span("a");
    assert_int_equal(out_says(&out), AX_E_LIMIT);
}

static void test_config(void **state)
{
    static _Alignas(16) uint8_t memory[1 << 16];
    const struct ov_cluster_config none = {0};
    static const char long_key[OV_KEY_MAX + 1];
    const struct ov_bound wrong[] = {
        {.registry = 2, .key = {"k", 1}}, {.key = {"", 0}}, {.key = {long_key, sizeof long_key}}};
    struct ov_host_config config = hosting_config;
    (void)state;
    assert_int_equal(ov_host_init(&hosting, memory, ov_host_size(&config) - 1, &config),
                     AX_E_INVALID);
#define REFUSED(field, value)                                                                      \
    config = hosting_config;                                                                       \
    config.field = (value);                                                                        \
    assert_int_equal(ov_host_size(&config), 0);                                                    \
    assert_int_equal(ov_host_init(&hosting, memory, sizeof memory, &config), AX_E_INVALID)
    REFUSED(cluster, &none);
    REFUSED(actors, UINT32_MAX);
    REFUSED(spawns, 0);
    REFUSED(endpoints, UINT32_MAX);
    REFUSED(nbound, UINT32_MAX);
    REFUSED(bound, wrong);
    REFUSED(bound, wrong + 1);
    REFUSED(bound, wrong + 2);
    config = hosting_config;
    config.actors = config.nbound = 0;
    assert_int_equal(ov_host_size(&config), 0);
    config = hosting_config;
    config.nbound = config.endpoints = 0;
    hosting = hosting_new(&config);
    assert_int_equal(ov_host_register(hosting, hosting_span("name"), 1), AX_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_spawn, hosting_set_up),
        cmocka_unit_test_setup(test_failed_spawn, hosting_set_up),
        cmocka_unit_test_setup(test_limits, hosting_set_up),
        cmocka_unit_test_setup(test_next_of_its_key, hosting_set_up),
        cmocka_unit_test_setup(test_answers, hosting_set_up),
        cmocka_unit_test_setup(test_due_when_lost, hosting_set_up),
        cmocka_unit_test_setup(test_answer_after_the_end, hosting_set_up),
        cmocka_unit_test_setup(test_drain, hosting_set_up),
        cmocka_unit_test_setup(test_lost, hosting_set_up),
        cmocka_unit_test_setup(test_undone, hosting_set_up),
        cmocka_unit_test_setup(test_new_epoch, hosting_set_up),
        cmocka_unit_test_setup(test_bound, hosting_set_up),
        cmocka_unit_test_setup(test_endpoints, hosting_set_up),
        cmocka_unit_test_setup(test_restart, hosting_set_up),
        cmocka_unit_test_setup(test_invalid, hosting_set_up),
        cmocka_unit_test_setup(test_too_much, hosting_set_up),
        cmocka_unit_test_setup(test_config, hosting_set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
