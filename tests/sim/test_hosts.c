/* SPDX-License-Identifier: MIT */
/* The ready-made host of nodes in a cluster: spawns, what becomes of them when the lease is lost,
 * an actor that is bound to its shard, names. The other tests of this folder go through it too. */
#include "tests/lib/host.h"

#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

/* However many ensure a key at once, from wherever: one spawn. */
static void test_one_spawn(void **state)
{
    struct host *host = host_new(3, 13);
    uint64_t tokens[60];
    const struct host_note *first;
    (void)state;
    host->spawn_ns = 500 * SIM_MS; /* nodes ask again meanwhile */
    for (unsigned i = 0; i < 60; i++)
        tokens[i] = host_request(host, i % 3, OV_ENSURE, HOST_USERS, "key", "");
    sim_run(host->sim, 2 * SIM_S);
    first = host_note(host, tokens[0]);
    for (unsigned i = 0; i < 60; i++) {
        const struct host_note *note = host_note(host, tokens[i]);
        assert_int_equal(note->n, 1);
        assert_int_equal(note->out.status, 0);
        assert_int_equal(note->out.actor, first->out.actor);
        assert_int_equal(note->out.epoch, first->out.epoch);
    }
    assert_int_equal(host->spawned, 1);
    assert_int_equal(host_living(host, HOST_USERS, "key"), 1);
    for (unsigned node = 0; node < 3; node++)
        assert_int_equal(host_view(host, node).fresh, 1);
    host_free(host);
}

/* Who looks for the actor of a key, as to monitor it, does not hear of one that has ended, though
 * it was there just now. */
static void test_found_anew(void **state)
{
    struct host *host = host_new(2, 13);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 1, &cursor);
    struct ov_target was = host_target(host_find(host, 0, HOST_USERS, key)), is;
    (void)state;
    host_end(host, was.actor);
    is = host_target(host_find(host, 0, HOST_USERS, key));
    assert_true(is.actor != was.actor);
    assert_int_equal(host_living(host, HOST_USERS, key), 1);
    uint64_t watch = host_watch(host, 0, &is);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, watch)->n, 0);
    host_free(host);
}

/* What is still being spawned when the lease is lost ends when it comes, and the shard is not
 * gained anew before. */
static void test_undone(void **state)
{
    struct host *host = host_new(1, 5);
    uint32_t shard = ov_shard_of((struct ax_span){"key", 3}, HOST_SHARDS);
    uint64_t epoch = host->epochs[HOST_USERS][shard], token;
    const struct host_note *found;
    (void)state;
    host->spawn_ns = 6 * SIM_S;
    token = host_request(host, 0, OV_ENSURE, HOST_USERS, "key", "");
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host->spawned, 1);
    sim_store(host->sim, &(struct sim_store_faults){.cut = 1});
    sim_run(host->sim, 3 * SIM_S);
    sim_store(host->sim, &(struct sim_store_faults){0});
    sim_run(host->sim, 2500 * SIM_MS);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_not_equal(host_note(host, token)->out.status, 0);
    assert_int_equal(host->epochs[HOST_USERS][shard], epoch);
    host->spawn_ns = SIM_MS;
    host_settle(host);
    found = host_find(host, 0, HOST_USERS, "key");
    assert_true(found->out.epoch > epoch);
    assert_int_equal(host->spawned, 2);
    assert_int_equal(host_living(host, HOST_USERS, "key"), 1);
    assert_string_equal(host_ask(host, 0, HOST_USERS, "key", "hello")->text, "hello");
    host_free(host);
}

/* A registry of one shard is a singleton: it moves with its lease, when its node ends and when it
 * leaves. */
static void test_singleton(void **state)
{
    struct host *host = host_new(3, 3);
    unsigned first = host_owner(host, HOST_SOLO, 0), second, third;
    uint64_t epoch = host->epochs[HOST_SOLO][0];
    struct ov_in leave = {.kind = OV_IN_LINK, .link = &(struct ov_event){.kind = OV_ON_LEAVE}};
    (void)state;
    (void)host_ask(host, (first + 1) % 3, HOST_SOLO, HOST_BOSS, "one");
    host_crash(host, first);
    second = host_wait_for_another(host, HOST_SOLO, 0, first);
    assert_true(host->epochs[HOST_SOLO][0] > epoch);
    assert_string_equal(host_ask(host, 3 - first - second, HOST_SOLO, HOST_BOSS, "two")->text,
                        "two");
    assert_int_equal(host_living(host, HOST_SOLO, HOST_BOSS), 1);
    epoch = host->epochs[HOST_SOLO][0];
    assert_int_equal(sim_in(host->sim, second, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL), 0);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_view(host, second).held, 0);
    assert_int_equal(sim_in(host->sim, second, &leave, NULL), 0);
    third = host_wait_for_another(host, HOST_SOLO, 0, second);
    assert_int_equal(third, 3 - first - second);
    assert_true(host->epochs[HOST_SOLO][0] > epoch);
    sim_run(host->sim, 10 * SIM_MS);
    assert_int_equal(host_living(host, HOST_SOLO, HOST_BOSS), 1); /* asked or not */
    assert_string_equal(host_ask(host, third, HOST_SOLO, HOST_BOSS, "three")->text, "three");
    assert_int_equal(host_living(host, HOST_SOLO, HOST_BOSS), 1);
    host_free(host);
}

/* The end of an actor: all who watch it are told, of the actor and of its endpoint, here and there,
 * and what is sent to either finds nobody. */
static void test_end_of_an_actor(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target, endpoint, here;
    struct host *host = host_with_actor(27, &target, key);
    uint64_t watches[4], asks[3];
    (void)state;
    endpoint = (struct ov_target){.registry = OV_NO_REGISTRY,
                                  .node = target.node,
                                  .boot = target.boot,
                                  .endpoint = {key, (uint32_t)strlen(key)}};
    here = target;
    here.node = OV_HERE;
    assert_int_equal(host_try(host, 1, OV_ASK, &endpoint, "hello", &asks[0]), 0);
    watches[0] = host_watch(host, 1, &target);
    watches[1] = host_watch(host, 1, &endpoint);
    target = host_target(host_find(host, 2, HOST_USERS, key));
    watches[2] = host_watch(host, 2, &target);
    watches[3] = host_watch(host, 0, &here);
    sim_run(host->sim, 100 * SIM_MS);
    assert_string_equal(host_note(host, asks[0])->text, "hello");
    assert_int_equal(host_view(host, 0).watchers, 4);
    host_end(host, target.actor);
    sim_run(host->sim, 100 * SIM_MS);
    for (unsigned i = 0; i < 4; i++)
        host_is_down(host, watches[i], AX_NORMAL);
    host_nothing_left(host);
    assert_int_equal(host_try(host, 1, OV_ASK, &endpoint, "hello", &asks[1]), 0);
    assert_int_equal(host_try(host, 2, OV_ASK, &target, "hello", &asks[2]), 0);
    sim_run(host->sim, 100 * SIM_MS);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(host_note(host, asks[i])->n, 1);
        assert_int_equal(host_note(host, asks[i])->out.status, AX_E_NO_ACTOR);
    }
    host_free(host);
}

/* The end of a name: who watches it is told, and who watches its actor, which lives, is not. */
static void test_end_of_a_name(void **state)
{
    char key[HOST_TEXT];
    struct ov_target target, endpoint;
    struct host *host = host_with_actor(27, &target, key);
    uint64_t watches[2], ask;
    (void)state;
    endpoint = (struct ov_target){.registry = OV_NO_REGISTRY,
                                  .node = target.node,
                                  .boot = target.boot,
                                  .endpoint = {key, (uint32_t)strlen(key)}};
    watches[0] = host_watch(host, 1, &target);
    watches[1] = host_watch(host, 1, &endpoint);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(sim_unregister(host->sim, 0, endpoint.endpoint), 0);
    sim_run(host->sim, 100 * SIM_MS);
    host_is_down(host, watches[1], AX_GONE);
    assert_int_equal(host_note(host, watches[0])->n, 0);
    assert_int_equal(host_try(host, 1, OV_ASK, &endpoint, "hello", &ask), 0);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host_note(host, ask)->out.status, AX_E_NO_ACTOR);
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
    assert_int_equal(sim_register(host->sim, 0, endpoint.endpoint, target.actor), 0);
    assert_int_equal(host_try(host, 1, OV_ASK, &endpoint, "again", &ask), 0);
    sim_run(host->sim, 100 * SIM_MS);
    assert_string_equal(host_note(host, ask)->text, "again");
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_spawn),       cmocka_unit_test(test_found_anew),
        cmocka_unit_test(test_undone),          cmocka_unit_test(test_singleton),
        cmocka_unit_test(test_end_of_an_actor), cmocka_unit_test(test_end_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
