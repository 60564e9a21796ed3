/* SPDX-License-Identifier: MIT */
#include "tests/lib/hosting_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

/* ---- what the runner says ---- */

void model_spawned(const struct m_actor *which, uint8_t status)
{
    struct m_actor *actor = &model.actors[which - model.actors];
    uint64_t address = 100 + ++model.addresses * 2;

    assert_int_equal(ov_host_spawned(hosting, hosting_now, actor->handle, status, address, 1), 0);
    if (status == 0) {
        actor->address = address;
        actor->incarnation = 1;
        m_all_due(actor, M_ENSURE, 0);
        actor->to_stop = actor->state == M_UNDONE;
        actor->state = actor->to_stop ? M_STOPPING : M_LIVES;
        return;
    }
    m_all_due(actor, M_ENSURE, status);
    actor->state = actor->state == M_SPAWNING && actor->key >= M_BOUND ? M_LATER : M_NONE;
    actor->retry_at = hosting_now + HOSTING_RETRY;
}

void model_ended(uint64_t address, const struct ov_host_end *end)
{
    struct m_actor *actor = m_by_address(address);
    struct m_claim *claim;
    struct m_name *name;

    assert_int_equal(ov_host_ended(hosting, address, end), actor == NULL ? AX_E_NO_ACTOR : 0);
    if (actor == NULL)
        return;
    actor->incarnation++;
    for (M_EACH(claim, model.claims))
        if (claim->handle != 0 && claim->whom == actor && claim->kind == M_WATCH &&
            !(claim->final && end->restart)) {
            m_due(claim, end->reason);
            claim->restart = end->restart;
        }
    if (end->restart)
        return;
    m_all_due(actor, M_CALL, AX_E_CANCELED);
    for (M_EACH(name, model.names))
        if (name->whom == actor)
            name->whom = NULL;
    actor->state = M_NONE;
}

void model_answer(const struct m_claim *which)
{
    struct m_claim *claim = &model.claims[which - model.claims];
    struct ov_host_effect effect;
    int r = ov_host_answer(hosting, claim->call, 0, hosting_span("body"), &effect);

    assert_int_equal(r, claim->whom != NULL ? 0 : AX_E_NO_KEY);
    if (r != 0)
        return;
    assert_int_equal(effect.kind, OV_HOST_CORE);
    assert_int_equal(effect.in->kind, OV_IN_ANSWER);
    assert_int_equal(effect.in->answer->handle, claim->handle);
    assert_int_equal(effect.in->answer->body.len, 4);
    m_free_claim(claim);
}

void model_register(const char *text, uint64_t address)
{
    struct m_actor *actor = m_by_address(address);
    struct m_name *name = model.names;
    unsigned used = 0;
    int expected = 0;

    for (M_EACH(name, model.names))
        used += name->whom != NULL;
    if (m_by_name(hosting_span(text)) != NULL)
        expected = AX_E_NAME_TAKEN;
    else if (actor != NULL && actor->state != M_LIVES)
        expected = AX_E_CLOSED;
    else if (used == HOSTING_ENDPOINTS || (actor == NULL && (actor = m_new_actor(0)) == NULL))
        expected = AX_E_LIMIT;
    assert_int_equal(ov_host_register(hosting, hosting_span(text), address), expected);
    if (expected != 0)
        return;
    for (name = model.names; name->whom != NULL; name++)
        ;
    strcpy(name->name, text);
    name->whom = actor;
    actor->state = M_LIVES;
    actor->address = address;
    actor->names++;
}

void model_unregister(const char *text)
{
    struct m_name *name = m_by_name(hosting_span(text));
    struct m_actor *actor = name != NULL ? name->whom : NULL;
    struct m_claim *claim;

    assert_int_equal(ov_host_unregister(hosting, hosting_span(text)),
                     name != NULL ? 0 : AX_E_NO_KEY);
    if (name == NULL)
        return;
    name->whom = NULL;
    actor->names--;
    for (M_EACH(claim, model.claims))
        if (claim->handle != 0 && claim->kind == M_WATCH && claim->whom == actor &&
            (strcmp(claim->name, text) == 0 ||
             (actor->registry == OV_NO_REGISTRY && actor->names == 0)))
            m_due(claim, AX_GONE);
    m_settle(actor);
}

/* ---- what the host says ---- */

static void check_in(const struct ov_in *in)
{
    struct m_shard *shard;
    struct m_claim *claim;

    if (in->kind == OV_IN_STOPPED) {
        struct m_actor *actor;
        shard = m_shard_at(in->registry, in->shard);
        assert_int_equal(shard->state, M_GIVEN_UP);
        shard->state = M_AWAY;
        for (M_EACH(actor, model.actors))
            assert_false(actor->state != M_NONE && actor->registry == in->registry &&
                         actor->shard == in->shard);
        return;
    }
    claim = m_by_handle(in->answer->handle);
    assert_null(claim->whom);
    assert_int_equal(in->kind, claim->kind == M_WATCH ? OV_IN_ENDED : OV_IN_ANSWER);
    assert_int_equal(claim->kind == M_WATCH ? in->answer->reason : in->answer->status,
                     claim->result);
    if (claim->kind == M_ENSURE && claim->result == 0)
        assert_int_equal(in->answer->actor, claim->actor);
    assert_int_equal(in->answer->restart, claim->restart);
    *claim = (struct m_claim){0};
}

/* The one that has waited longest. */
static struct m_actor *next_to_spawn(void)
{
    struct m_actor *actor, *next = NULL;
    if (m_count_actors(M_SPAWNING, M_UNDONE) >= HOSTING_SPAWNS)
        return NULL;
    for (M_EACH(actor, model.actors))
        if (actor->state == M_WANTED && (next == NULL || actor->order < next->order))
            next = actor;
    return next;
}

static void check_effect(const struct ov_host_effect *effect)
{
    struct m_actor *actor;

    if (effect->kind == OV_HOST_CORE) {
        check_in(effect->in);
    } else if (effect->kind == OV_HOST_STOP) {
        actor = m_by_address(effect->actor);
        assert_true(actor != NULL && actor->to_stop);
        assert_int_equal(effect->lost, actor->lost);
        actor->to_stop = false;
    } else {
        assert_int_equal(effect->kind, OV_HOST_SPAWN);
        actor = next_to_spawn();
        assert_non_null(actor);
        assert_memory_equal(effect->key.ptr, model_keys[actor->key], effect->key.len);
        assert_int_equal(effect->epoch, actor->epoch);
        actor->handle = effect->handle;
        actor->state = M_SPAWNING;
    }
}

/* Those whose time has come, in its order. */
static void hurry(void)
{
    struct m_actor *actor, *first;
    do {
        first = NULL;
        for (M_EACH(actor, model.actors))
            if (actor->state == M_LATER && actor->retry_at <= hosting_now &&
                (first == NULL || actor->retry_at < first->retry_at))
                first = actor;
        if (first != NULL) {
            first->state = M_WANTED;
            first->order = ++model.orders;
        }
    } while (first != NULL);
}

static void check_counts(void)
{
    struct ov_host_view view;
    struct m_shard *shard;
    unsigned held = 0;
    ov_host_look(hosting, &view);
    for (M_EACH(shard, model.shards))
        held += shard->state == M_HELD;
    assert_int_equal(view.wanted, m_count_actors(M_WANTED, M_LATER));
    assert_int_equal(view.spawning, m_count_actors(M_SPAWNING, M_SPAWNING));
    assert_int_equal(view.undone, m_count_actors(M_UNDONE, M_UNDONE));
    assert_int_equal(view.living, m_count_actors(M_LIVES, M_LIVES));
    assert_int_equal(view.stopping, m_count_actors(M_STOPPING, M_STOPPING));
    assert_int_equal(view.ensures, model_count(M_ENSURE));
    assert_int_equal(view.calls, model_count(M_CALL));
    assert_int_equal(view.watches, model_count(M_WATCH));
    assert_int_equal(view.held, held);
}

void model_check(void)
{
    struct ov_host_effect effect;
    struct m_actor *actor;
    struct m_claim *claim;

    hurry();
    while (ov_host_next(hosting, hosting_now, &effect))
        check_effect(&effect);
    for (M_EACH(claim, model.claims))
        assert_true(claim->handle == 0 || claim->whom != NULL);
    for (M_EACH(actor, model.actors))
        assert_false(actor->state != M_NONE && actor->to_stop);
    assert_null(next_to_spawn());
    check_counts();
}
