/* SPDX-License-Identifier: MIT */
/* The ready-made host of nodes in a cluster where much is done and much breaks, as a seed says:
 * keys of a registry, one that is bound to a shard of its own (a leased supervisor), names,
 * monitors. While it goes on no shard has two owners and no key two actors on a node
 * (tests/lib/host.h). In the end each request has ended once and each monitor once at most; each
 * key has one actor in the cluster, which answers all nodes; and when the actors have ended nothing
 * is left of any of it.
 *
 * AX_SEED=n: that one alone; with AX_TRACE=1 its story. */
#include "tests/lib/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define SEEDS 100u
#define STEPS 160u
#define KEYS 6u

static const char *const keys[KEYS] = {"k0", "k1", "k2", "k3", "k4", "k5"};

static struct asked { /* a request or a monitor */
    uint64_t token;
    unsigned node, life;
    bool watch;
} asked[HOST_NOTES];
static unsigned nasked;
static bool drained[SIM_NODES];
static uint64_t boss_left; /* the epoch in which it has ended by itself */
static struct host *host;
static struct { /* over all seeds: that things happen at all */
    unsigned bosses, downs, ends, moved;
} seen;

static unsigned chance(unsigned n)
{
    return (unsigned)sim_random(host->sim, n);
}

static struct ax_span span(const char *text)
{
    return (struct ax_span){text, (uint32_t)strlen(text)};
}

static bool is_up(unsigned node)
{
    return sim_alive(host->sim, node) && !sim_paused(host->sim, node);
}

/* One that does things; SIM_NOBODY: none was found. */
static unsigned some_node(void)
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned node = chance(host->nodes);
        if (is_up(node))
            return node;
    }
    return SIM_NOBODY;
}

static void note(unsigned node, uint64_t token, bool watch)
{
    asked[nasked++] = (struct asked){token, node, sim_life(host->sim, node), watch};
}

static bool is_same_life(const struct asked *one)
{
    return sim_alive(host->sim, one->node) && sim_life(host->sim, one->node) == one->life;
}

/* ---- what is done ---- */

static const char *some_key(uint32_t *registry)
{
    *registry = chance(4) == 0 ? HOST_SOLO : HOST_USERS;
    return *registry == HOST_SOLO ? HOST_BOSS : keys[chance(KEYS)];
}

/* By key, or by the name that its actor has on a node, if it is there. */
static struct ov_target some_target(unsigned node)
{
    uint32_t registry;
    const char *key = some_key(&registry);
    unsigned other = chance(host->nodes);
    uint32_t index = sim_index(host->sim, node, other);
    if (chance(3) != 0 || index == UINT32_MAX)
        return (struct ov_target){.registry = registry, .key = span(key)};
    return (struct ov_target){.registry = OV_NO_REGISTRY,
                              .node = other == node ? OV_HERE : index,
                              .boot = sim_boot(host->sim, other),
                              .endpoint = span(key)};
}

static void request(unsigned node)
{
    static const enum ov_kind kinds[] = {OV_ENSURE, OV_TELL, OV_ASK};
    struct ov_target target = some_target(node);
    enum ov_kind kind = kinds[chance(3)];
    uint64_t token;
    if (target.registry == OV_NO_REGISTRY && kind == OV_ENSURE)
        kind = OV_ASK;
    if (host_try(host, node, kind, &target, "hello", &token) == 0)
        note(node, token, false);
}

/* Somebody who was found, or a name. */
static void watch(unsigned node)
{
    struct ov_target target = some_target(node);
    uint64_t token;
    for (unsigned i = 0; i < 20 && target.registry != OV_NO_REGISTRY; i++) {
        const struct asked *one = nasked == 0 ? NULL : &asked[chance(nasked)];
        const struct host_note *found = one == NULL ? NULL : host_note(host, one->token);
        if (one == NULL || one->node != node || !is_same_life(one) || one->watch || found->n == 0 ||
            found->out.status != 0 || found->out.actor == 0)
            continue;
        target = host_target(found);
        break;
    }
    if (target.registry != OV_NO_REGISTRY && target.actor == 0)
        return;
    if (host_try_watch(host, node, &target, &token) == 0)
        note(node, token, true);
}

static void demonitor(unsigned node)
{
    const struct asked *one = nasked == 0 ? NULL : &asked[chance(nasked)];
    if (one != NULL && one->watch && one->node == node && is_same_life(one))
        (void)host_demonitor(host, node, one->token);
}

static void end_somebody(unsigned node)
{
    (void)node;
    if (host->nactors == 0)
        return;
    uint64_t address = 1 + chance(host->nactors);
    const struct host_actor *actor = host_actor(host, address);
    if (!is_up(actor->node) || !actor->alive || !actor->told)
        return;
    if (actor->registry == HOST_SOLO)
        boss_left = actor->epoch;
    host_end(host, address);
}

static void unname(unsigned node)
{
    uint32_t registry;
    (void)sim_unregister(host->sim, node, span(some_key(&registry)));
}

/* ---- what breaks ---- */

static void crash(unsigned node)
{
    sim_crash(host->sim, node, chance(2) == 0);
}

static void revive(unsigned node)
{
    for (node = 0; node < host->nodes && sim_alive(host->sim, node);)
        node++;
    if (node == host->nodes)
        return;
    if (chance(3) == 0)
        sim_succeed(host->sim, node);
    else
        sim_start(host->sim, node);
    drained[node] = false;
}

static void halt(unsigned node)
{
    sim_pause(host->sim, node, (1 + chance(40)) * 100 * SIM_MS);
}

static void cut(unsigned node)
{
    unsigned other = (node + 1 + chance(host->nodes - 1)) % host->nodes;
    switch (chance(4)) {
    case 0:
        sim_cut(host->sim, node, other);
        break;
    case 1:
        sim_cut_half(host->sim, node, other);
        break;
    case 2:
        sim_lose(host->sim, node, other, true);
        break;
    default:
        sim_heal(host->sim);
    }
}

static void store(unsigned node)
{
    struct sim_store_faults faults = {0};
    if (chance(2) == 0)
        faults = (struct sim_store_faults){.lost_requests = chance(30),
                                           .lost_answers = chance(30),
                                           .unknown = chance(30),
                                           .cut = chance(2) == 0 ? 1u << node : 0};
    sim_store(host->sim, &faults);
}

static void drain(unsigned node)
{
    drained[node] = sim_in(host->sim, node, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL) == 0;
}

static void slow_actors(unsigned node)
{
    (void)node;
    host->spawn_ns = chance(2) == 0 ? SIM_MS / 10 : (1 + chance(30)) * 100 * SIM_MS;
    host->stop_ns = chance(2) == 0 ? SIM_MS : (1 + chance(10)) * 100 * SIM_MS;
    host->delay_ns = chance(2) == 0 ? SIM_MS : (1 + chance(20)) * 100 * SIM_MS;
    host->failing = chance(2) == 0 ? 0 : chance(60);
}

static const struct {
    void (*call)(unsigned node);
    unsigned weight;
} operations[] = {{request, 40}, {watch, 14}, {demonitor, 4}, {end_somebody, 4},
                  {unname, 2},   {crash, 2},  {revive, 4},    {halt, 2},
                  {cut, 6},      {store, 3},  {drain, 1},     {slow_actors, 3}};
#define WEIGHTS 85u

static void something(void)
{
    unsigned n = chance(WEIGHTS), i = 0, node = some_node();
    while (n >= operations[i].weight)
        n -= operations[i++].weight;
    if (node != SIM_NOBODY || operations[i].call == revive)
        operations[i].call(node);
    sim_run(host->sim, chance(3) == 0 ? chance(600) * SIM_MS : SIM_MS);
}

/* ---- what must be in the end ---- */

static void mend(void)
{
    sim_heal(host->sim);
    sim_store(host->sim, &(struct sim_store_faults){0});
    host->spawn_ns = SIM_MS / 10;
    host->stop_ns = host->delay_ns = SIM_MS;
    host->failing = 0;
    for (unsigned node = 0; node < host->nodes; node++) {
        if (drained[node] && sim_alive(host->sim, node))
            sim_crash(host->sim, node, false);
        if (!sim_alive(host->sim, node))
            sim_start(host->sim, node);
    }
    sim_run(host->sim, 20 * SIM_S);
    host_settle(host);
}

/* A request of a life that is over was told to nobody, or before. */
static void each_has_ended_once(void)
{
    for (unsigned i = 0; i < nasked; i++) {
        const struct host_note *one = host_note(host, asked[i].token);
        assert_in_range(one->n, asked[i].watch || !is_same_life(&asked[i]) ? 0 : 1, 1);
        seen.ends += !asked[i].watch && one->n == 1;
        seen.downs += asked[i].watch && one->n == 1;
    }
}

/* Nobody has to ask for it. */
static void boss_is_there(void)
{
    if (boss_left != host->epochs[HOST_SOLO][0])
        assert_int_equal(host_living(host, HOST_SOLO, HOST_BOSS), 1);
}

static void one_actor_answers_all(uint32_t registry, const char *key)
{
    for (unsigned node = 0; node < host->nodes; node++) {
        const struct host_note *one = host_ask(host, node, registry, key, "hello");
        assert_int_equal(one->out.status, 0);
        assert_string_equal(one->text, "hello");
        assert_int_equal(host_living(host, registry, key), 1);
    }
}

static void nothing_is_under_way(void)
{
    for (unsigned node = 0; node < host->nodes; node++) {
        struct ov_host_view view;
        ov_host_look(sim_hosted(host->sim, node), &view);
        assert_int_equal(view.wanted + view.spawning + view.stopping + view.undone, 0);
        assert_int_equal(view.ensures + view.calls, 0);
    }
}

static void end_all(void)
{
    for (uint64_t actor = 1; actor <= host->nactors; actor++)
        if (host_actor(host, actor)->alive)
            host_end(host, actor);
    sim_run(host->sim, 3 * SIM_S);
    host_nothing_left(host);
}

static void nothing_has_ended_twice(void)
{
    for (unsigned i = 0; i < nasked; i++)
        assert_in_range(host_note(host, asked[i].token)->n, 0, 1);
}

static void play(uint64_t seed)
{
    nasked = 0;
    boss_left = 0;
    memset(drained, 0, sizeof drained);
    host = host_new_down(3 + (unsigned)(seed % 3), seed);
    sim_start_all(host->sim);
    sim_run(host->sim, 2 * SIM_S);
    for (unsigned i = 0; i < STEPS; i++)
        something();
    mend();
    each_has_ended_once();
    boss_is_there();
    one_actor_answers_all(HOST_SOLO, HOST_BOSS);
    for (unsigned i = 0; i < KEYS; i++)
        one_actor_answers_all(HOST_USERS, keys[i]);
    nothing_is_under_way();
    end_all();
    nothing_has_ended_twice();
    seen.moved += host->lost + host->drained;
    for (unsigned i = 0; i < host->nactors; i++)
        seen.bosses += host->actors[i].registry == HOST_SOLO;
    host_free(host);
}

static void test_random(void **state)
{
    const char *text = getenv("AX_SEED");
    (void)state;
    if (text != NULL) {
        play(strtoull(text, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %lu\n", seed);
        play(seed);
    }
    assert_true(seen.bosses > 2 * SEEDS && seen.moved > 2 * SEEDS);
    assert_true(seen.ends > 20 * SEEDS && seen.downs > 2 * SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
