/* SPDX-License-Identifier: MIT */
/* The host of a node against a plain model of it, by random operations: what the core and the
 * runner say comes in any order that they may say it in, and after each of them the host must have
 * said what the model says, each thing once, and have in hand what the model has. */
#include "tests/lib/hosting.h"
#include "tests/lib/hosting_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define SEEDS 300u
#define ROUNDS 1500u

static uint64_t state_of_chance, next_handle;

static unsigned chance(unsigned n)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_chance >> 33) % n;
}

/* ---- what the core says ---- */

static void shard_out(void)
{
    struct m_shard *shard = &model.shards[chance(M_SHARDS)];
    struct ov_out out = {.registry = shard->registry, .shard = shard->number};

    if (shard->state == M_AWAY) {
        out.kind = OV_OUT_GAINED;
        out.epoch = shard->epoch + 1 + chance(3);
    } else {
        out.kind = shard->state == M_HELD && chance(2) == 0 ? OV_OUT_DRAIN : OV_OUT_LOST;
        out.epoch = shard->epoch;
    }
    model_out(&out);
}

static void late_loss(void) /* of an epoch that was before: nothing follows */
{
    const struct m_shard *shard = &model.shards[chance(M_SHARDS)];
    if (shard->state == M_HELD && shard->epoch > 1)
        model_out(&(struct ov_out){.kind = OV_OUT_LOST,
                                   .registry = shard->registry,
                                   .shard = shard->number,
                                   .epoch = shard->epoch - 1});
}

static void ensure(void)
{
    unsigned key = chance(M_KEYS);
    const struct m_shard *shard = model_shard_of(key);
    if (model_count(M_ENSURE) < HOSTING_ENSURES)
        model_out(&(struct ov_out){.kind = OV_OUT_ENSURE,
                                   .handle = ++next_handle,
                                   .registry = shard->registry,
                                   .shard = shard->number,
                                   .epoch = shard->epoch - (chance(8) == 0),
                                   .key = hosting_span(model_keys[key])});
}

static const struct m_actor *some_actor(void)
{
    const struct m_actor *actor = &model.actors[chance(M_ACTORS)];
    for (unsigned i = 0; i < 2 * M_ACTORS && actor->address == 0; i++)
        actor = &model.actors[chance(M_ACTORS)];
    return actor;
}

static const char *const names[] = {"n0", "n1", "n2", "n3", "n4"};

/* To an actor or an endpoint, that may be there or not. */
static void to_somebody(enum ov_out_kind kind, uint64_t handle)
{
    const struct m_actor *actor = some_actor();
    struct ov_frame frame = {.final = chance(2) == 0};
    struct ov_out out = {
        .kind = kind, .handle = handle, .registry = OV_NO_REGISTRY, .frame = &frame};

    if (chance(3) == 0) {
        frame.endpoint = hosting_span(names[chance(M_NAMES)]);
    } else if (actor->address != 0) {
        out.actor = actor->address + (chance(10) == 0);
        out.registry = actor->registry;
        out.shard = actor->shard;
        out.epoch = actor->epoch + (chance(10) == 0);
        if (chance(20) == 0)
            out.registry = OV_NO_REGISTRY;
    } else {
        return;
    }
    model_out(&out);
}

static void call(void)
{
    enum ov_out_kind kind = chance(2) == 0 ? OV_OUT_TELL : OV_OUT_ASK;
    if (kind == OV_OUT_TELL && chance(2) == 0)
        to_somebody(kind, 0);
    else if (model_count(M_CALL) < HOSTING_REQUESTS)
        to_somebody(kind, ++next_handle);
}

static void watch(void)
{
    if (model_count(M_WATCH) < HOSTING_MONITORS)
        to_somebody(OV_OUT_WATCH, ++next_handle);
}

static void unwatch(void)
{
    const struct m_claim *claim = &model.claims[chance(M_CLAIMS)];
    if (claim->handle != 0 && claim->kind == M_WATCH)
        model_out(&(struct ov_out){.kind = OV_OUT_UNWATCH, .handle = claim->handle});
}

/* ---- what the runner says ---- */

static void spawned(void)
{
    const struct m_actor *actor = &model.actors[chance(M_ACTORS)];
    if (actor->state == M_SPAWNING || actor->state == M_UNDONE)
        model_spawned(actor, chance(4) == 0 ? AX_E_FAILED : 0);
}

static void ended(void)
{
    const struct m_actor *actor = some_actor();
    struct ov_host_end end = {.reason = chance(2) == 0 ? AX_FAILED : AX_NORMAL,
                              .incarnation = actor->incarnation,
                              .detail = {"detail", chance(7)}};
    if (actor->address == 0)
        return;
    end.restart = actor->state == M_LIVES && chance(2) == 0;
    model_ended(actor->address, &end);
}

static void answer(void)
{
    const struct m_claim *claim = &model.claims[chance(M_CLAIMS)];
    if (claim->handle != 0 && claim->kind == M_CALL)
        model_answer(claim);
}

static void name(void)
{
    const struct m_actor *actor = some_actor();
    const char *which = names[chance(M_NAMES)];
    if (chance(3) == 0)
        model_unregister(which);
    else if (chance(2) == 0 || actor->address == 0)
        model_register(which, 1000000 + ++next_handle); /* an actor without a key */
    else
        model_register(which, actor->address);
}

static void wait(void)
{
    hosting_now += chance(2 * HOSTING_RETRY);
}

/* ---- all of it ---- */

static const struct {
    void (*call)(void);
    unsigned weight;
} operations[] = {{shard_out, 4}, {late_loss, 1}, {ensure, 12},  {call, 12},
                  {watch, 8},     {unwatch, 3},   {spawned, 12}, {ended, 3},
                  {answer, 10},   {name, 4},      {wait, 1}};

static void something(void)
{
    unsigned n = chance(70), i = 0;
    while (n >= operations[i].weight)
        n -= operations[i++].weight;
    operations[i].call();
}

static void test_random(void **state)
{
    struct ov_host_counts all = {0};
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        const struct ov_host_counts *counts;
        state_of_chance = seed;
        next_handle = 0;
        (void)hosting_set_up(NULL);
        model_begin();
        for (unsigned i = 0; i < ROUNDS; i++) {
            something();
            model_check();
        }
        counts = ov_host_counts(hosting);
        all.spawned += counts->spawned;
        all.failed += counts->failed;
        all.undone += counts->undone;
        all.ended += counts->ended;
        all.stale += counts->stale;
        all.unknown += counts->unknown;
        all.full += counts->full;
        all.unsaid += counts->unsaid;
    }
    assert_true(all.spawned > SEEDS && all.failed > SEEDS && all.undone > SEEDS);
    assert_true(all.ended > SEEDS && all.stale > SEEDS && all.unknown > SEEDS);
    assert_true(all.full > SEEDS && all.unsaid > SEEDS);
}

/* More than the core may have in hand. */
static void test_too_much(void **state)
{
    struct ov_host_effect effect;
    const struct ov_frame frame = {.endpoint = {"name", 4}};
    struct ov_out what = {.registry = OV_NO_REGISTRY, .frame = &frame};
    (void)state;
    for (what.handle = 1; what.handle <= HOSTING_REQUESTS + HOSTING_ENSURES + 1; what.handle++) {
        what.kind = OV_OUT_ASK;
        assert_int_equal(ov_host_out(hosting, &what, &effect),
                         what.handle <= HOSTING_REQUESTS + HOSTING_ENSURES ? 0 : AX_E_LIMIT);
        what.kind = OV_OUT_WATCH;
        assert_int_equal(ov_host_out(hosting, &what, &effect),
                         what.handle <= HOSTING_MONITORS ? 0 : AX_E_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test_setup(test_too_much, hosting_set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
