/* SPDX-License-Identifier: MIT */
#include "tests/lib/hosting_model.h"

#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

struct model model;
const char *const model_keys[M_KEYS] = {"a", "b", "c", "d", "e", "f", "g", "kept", "boss"};

void model_begin(void)
{
    model = (struct model){
        .shards = {{0, 0, M_AWAY, 0}, {0, 1, M_AWAY, 0}, {0, 2, M_AWAY, 0}, {1, 0, M_AWAY, 0}}};
}

struct m_shard *m_shard_at(uint32_t registry, uint32_t number)
{
    return &model.shards[registry == 0 ? number : HOSTING_SHARDS];
}

const struct m_shard *model_shard_of(unsigned key)
{
    return key == M_KEYS - 1 ? m_shard_at(1, 0) : m_shard_at(0, hosting_shard(model_keys[key]));
}

unsigned model_count(unsigned kind)
{
    struct m_claim *claim;
    unsigned n = 0;
    for (M_EACH(claim, model.claims))
        n += claim->handle != 0 && (unsigned)claim->kind == kind;
    return n;
}

unsigned m_count_actors(unsigned from, unsigned to)
{
    struct m_actor *actor;
    unsigned n = 0;
    for (M_EACH(actor, model.actors))
        n += (unsigned)actor->state >= from && (unsigned)actor->state <= to;
    return n;
}

/* ---- found ---- */

struct m_actor *m_by_address(uint64_t address)
{
    struct m_actor *actor;
    for (M_EACH(actor, model.actors))
        if (actor->state != M_NONE && actor->address == address && address != 0)
            return actor;
    return NULL;
}

static struct m_actor *by_key(unsigned key)
{
    struct m_actor *actor;
    for (M_EACH(actor, model.actors))
        if (actor->state != M_NONE && actor->state != M_UNDONE && actor->state != M_STOPPING &&
            actor->registry != OV_NO_REGISTRY && actor->key == key)
            return actor;
    return NULL;
}

struct m_name *m_by_name(struct ax_span name)
{
    struct m_name *at;
    for (M_EACH(at, model.names))
        if (at->whom != NULL && strlen(at->name) == name.len &&
            memcmp(at->name, name.ptr, name.len) == 0)
            return at;
    return NULL;
}

struct m_claim *m_by_handle(uint64_t handle)
{
    struct m_claim *claim;
    for (M_EACH(claim, model.claims))
        if (claim->handle == handle)
            return claim;
    fail_msg("handle %u", (unsigned)handle);
    return NULL;
}

static bool holds(const struct ov_out *out)
{
    return out->registry == OV_NO_REGISTRY ||
           (m_shard_at(out->registry, out->shard)->state == M_HELD &&
            m_shard_at(out->registry, out->shard)->epoch == out->epoch);
}

/* ---- actors ---- */

struct m_actor *m_new_actor(unsigned key)
{
    struct m_actor *actor = model.actors;
    unsigned bound = 0;
    for (M_EACH(actor, model.actors))
        bound +=
            actor->state != M_NONE && actor->registry != OV_NO_REGISTRY && actor->key >= M_BOUND;
    if (key < M_BOUND && m_count_actors(M_WANTED, M_STOPPING) - bound >= HOSTING_ACTORS)
        return NULL;
    for (actor = model.actors; actor->state != M_NONE; actor++)
        ;
    *actor = (struct m_actor){.registry = OV_NO_REGISTRY, .key = key, .order = ++model.orders};
    return actor;
}

static struct m_actor *want(unsigned key)
{
    const struct m_shard *shard = model_shard_of(key);
    struct m_actor *actor = m_new_actor(key);
    if (actor == NULL)
        return NULL;
    actor->state = M_WANTED;
    actor->registry = shard->registry;
    actor->shard = shard->number;
    actor->epoch = shard->epoch;
    return actor;
}

static void stop(struct m_actor *actor, bool lost)
{
    actor->lost |= lost;
    if (actor->state == M_WANTED || actor->state == M_LATER)
        actor->state = M_NONE;
    else if (actor->state == M_SPAWNING)
        actor->state = M_UNDONE;
    else if (actor->state == M_LIVES || (actor->state == M_STOPPING && lost)) {
        actor->state = M_STOPPING;
        actor->to_stop = true;
    }
}

/* Of those without a key and a name there is nothing to be known but what waits for them. */
void m_settle(struct m_actor *actor)
{
    struct m_claim *claim;
    if (actor->registry != OV_NO_REGISTRY || actor->names > 0)
        return;
    for (M_EACH(claim, model.claims))
        if (claim->handle != 0 && claim->whom == actor)
            return;
    actor->state = M_NONE;
}

/* ---- claims ---- */

static struct m_claim *new_claim(unsigned kind, const struct ov_out *out)
{
    struct m_claim *claim = model.claims;
    while (claim->handle != 0)
        claim++;
    *claim = (struct m_claim){
        .handle = out->handle, .kind = kind, .registry = out->registry, .shard = out->shard};
    return claim;
}

void m_due(struct m_claim *claim, uint8_t result)
{
    claim->actor = claim->whom != NULL ? claim->whom->address : 0;
    claim->whom = NULL;
    claim->result = result;
}

void m_all_due(struct m_actor *actor, unsigned kind, uint8_t result)
{
    struct m_claim *claim;
    for (M_EACH(claim, model.claims))
        if (claim->handle != 0 && claim->whom == actor && (unsigned)claim->kind == kind)
            m_due(claim, result);
}

void m_free_claim(struct m_claim *claim)
{
    struct m_actor *whom = claim->whom;
    *claim = (struct m_claim){0};
    if (whom != NULL)
        m_settle(whom);
}

/* ---- what the core says ---- */

static void gained(const struct ov_out *out)
{
    struct m_shard *shard = m_shard_at(out->registry, out->shard);
    shard->state = M_HELD;
    shard->epoch = out->epoch;
    for (unsigned key = M_BOUND; key < M_KEYS; key++)
        if (model_shard_of(key) == shard)
            (void)want(key);
}

static void given_up(const struct ov_out *out)
{
    struct m_shard *shard = m_shard_at(out->registry, out->shard);
    bool lost = out->kind == OV_OUT_LOST;
    struct m_actor *actor;
    struct m_claim *claim;

    if (out->epoch < shard->epoch)
        return;
    shard->state = M_GIVEN_UP;
    for (M_EACH(claim, model.claims))
        if (lost && claim->handle != 0 && claim->registry == out->registry &&
            claim->shard == out->shard)
            *claim = (struct m_claim){0};
    for (M_EACH(actor, model.actors))
        if (actor->state != M_NONE && actor->registry == out->registry &&
            actor->shard == out->shard) {
            m_all_due(actor, M_ENSURE, AX_E_STALE);
            stop(actor, lost);
        }
}

static void ensure(const struct ov_out *out)
{
    struct m_claim *claim = new_claim(M_ENSURE, out);
    struct m_actor *actor;
    unsigned key = 0;

    while (strncmp(model_keys[key], out->key.ptr, out->key.len) != 0)
        key++;
    if (!holds(out)) {
        m_due(claim, AX_E_STALE);
        return;
    }
    actor = by_key(key);
    if (actor == NULL)
        actor = want(key);
    if (actor == NULL) {
        m_due(claim, AX_E_LIMIT);
        return;
    }
    if (actor->state == M_LATER) {
        actor->state = M_WANTED;
        actor->order = ++model.orders;
    }
    claim->whom = actor;
    if (actor->state == M_LIVES)
        m_due(claim, 0);
}

static struct m_actor *target(const struct ov_out *out)
{
    struct m_name *name = out->actor == 0 ? m_by_name(out->frame->endpoint) : NULL;
    struct m_actor *actor = m_by_address(out->actor);
    if (name != NULL)
        return name->whom;
    if (actor == NULL || actor->registry != out->registry)
        return NULL;
    if (out->registry == OV_NO_REGISTRY)
        return actor->names > 0 ? actor : NULL;
    return actor->shard == out->shard && actor->epoch == out->epoch ? actor : NULL;
}

/* Whether it is to be delivered; what is refused is due. */
static struct m_claim *call(const struct ov_out *out, bool *deliver)
{
    struct m_actor *actor = target(out);
    struct m_claim *claim = out->handle != 0 ? new_claim(M_CALL, out) : NULL;
    uint8_t status = !holds(out)               ? AX_E_STALE
                     : actor == NULL           ? AX_E_NO_ACTOR
                     : actor->state != M_LIVES ? AX_E_CLOSED
                                               : 0;
    *deliver = status == 0;
    if (claim != NULL && status != 0)
        m_due(claim, status);
    else if (claim != NULL)
        claim->whom = actor;
    return claim;
}

static void watch(const struct ov_out *out)
{
    struct m_actor *actor = target(out);
    struct m_claim *claim = new_claim(M_WATCH, out);
    claim->final = out->frame->final;
    if (!holds(out) || actor == NULL) {
        m_due(claim, holds(out) ? AX_GONE : AX_LEASE_LOST);
        return;
    }
    claim->whom = actor;
    if (out->actor == 0)
        memcpy(claim->name, out->frame->endpoint.ptr, out->frame->endpoint.len);
}

void model_out(const struct ov_out *out)
{
    struct ov_host_effect effect = {0};
    struct m_claim *claim;
    bool deliver = false;

    assert_int_equal(ov_host_out(hosting, out, &effect), 0);
    if (out->kind == OV_OUT_GAINED)
        gained(out);
    else if (out->kind == OV_OUT_DRAIN || out->kind == OV_OUT_LOST)
        given_up(out);
    else if (out->kind == OV_OUT_ENSURE)
        ensure(out);
    else if (out->kind == OV_OUT_WATCH)
        watch(out);
    else if (out->kind == OV_OUT_UNWATCH)
        m_free_claim(m_by_handle(out->handle));
    else {
        claim = call(out, &deliver);
        if (deliver) {
            assert_int_equal(effect.kind, out->kind == OV_OUT_ASK ? OV_HOST_ASK : OV_HOST_TELL);
            assert_int_equal(effect.actor, target(out)->address);
            assert_int_equal(effect.epoch, target(out)->epoch);
            assert_ptr_equal(effect.frame, out->frame);
            assert_int_equal(effect.handle != 0, claim != NULL);
            if (claim != NULL)
                claim->call = effect.handle;
        }
    }
    assert_int_equal(effect.kind != OV_HOST_NOTHING, deliver);
    assert_int_equal(effect.status != 0, out->kind == OV_OUT_TELL && out->handle == 0 && !deliver);
}
