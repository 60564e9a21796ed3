/* SPDX-License-Identifier: MIT */
#include "overlay/core/host_parts.h"

#include <ax/actor.h>
#include <string.h>

static void set_state(struct ov_host *host, struct ov_hosted *hosted, enum ov_hosted_state state)
{
    host->states[hosted->state]--;
    host->states[state]++;
    hosted->state = state;
}

static struct ax_span key_of(const struct ov_hosted *hosted)
{
    return (struct ax_span){(const char *)hosted->key, hosted->key_len};
}

static bool same(struct ax_span one, struct ax_span other)
{
    return one.len == other.len && memcmp(one.ptr, other.ptr, one.len) == 0;
}

/* ---- found ---- */

struct ov_hosted *ov_hosted_of_key(const struct ov_host *host, uint32_t registry,
                                   struct ax_span key)
{
    uint64_t hash = ov_host_hash(host, registry, key);
    struct ov_chain *at = ov_table_find(&host->by_key, hash);

    for (; at != NULL; at = ov_table_of(at->next, hash)) {
        struct ov_hosted *hosted = OV_ENTRY(at, struct ov_hosted, by_key);
        if (hosted->registry == registry && same(key_of(hosted), key))
            return hosted;
    }
    return NULL;
}

struct ov_hosted *ov_hosted_of_actor(const struct ov_host *host, uint64_t actor)
{
    uint64_t hash = ov_host_mix(actor);
    struct ov_chain *at = ov_table_find(&host->by_actor, hash);

    for (; at != NULL; at = ov_table_of(at->next, hash)) {
        struct ov_hosted *hosted = OV_ENTRY(at, struct ov_hosted, by_actor);
        if (hosted->actor == actor)
            return hosted;
    }
    return NULL;
}

/* ---- beginning ---- */

static const struct ov_bound *bound_of(const struct ov_host *host, uint32_t registry,
                                       struct ax_span key)
{
    for (uint32_t i = 0; i < host->config.nbound; i++)
        if (host->config.bound[i].registry == registry && same(host->config.bound[i].key, key))
            return &host->config.bound[i];
    return NULL;
}

static struct ov_hosted *take(struct ov_host *host, enum ov_hosted_state state,
                              const struct ov_bound *bound)
{
    bool room = bound != NULL || host->hosted.used - host->nbound < host->config.actors;
    struct ov_hosted *hosted = room ? ov_pool_take(&host->hosted) : NULL;

    if (hosted == NULL)
        return NULL;
    hosted->state = state;
    hosted->bound = bound;
    hosted->registry = OV_NO_REGISTRY;
    host->states[state]++;
    host->nbound += bound != NULL;
    ov_row_init(&hosted->row);
    ov_row_init(&hosted->in_shard);
    ov_row_init(&hosted->claims);
    ov_row_init(&hosted->endpoints);
    return hosted;
}

static void know(struct ov_host *host, struct ov_hosted *hosted, uint64_t actor)
{
    hosted->actor = actor;
    hosted->known = true;
    ov_table_add(&host->by_actor, &hosted->by_actor, ov_host_mix(actor));
}

struct ov_hosted *ov_hosted_want(struct ov_host *host, uint32_t registry, uint32_t shard,
                                 struct ax_span key, uint64_t contract)
{
    struct ov_held *held = ov_host_held(host, registry, shard);
    struct ov_hosted *hosted = take(host, OV_WANTED, bound_of(host, registry, key));

    if (hosted == NULL)
        return NULL;
    hosted->registry = registry;
    hosted->shard = shard;
    hosted->epoch = held->epoch;
    hosted->contract = contract;
    hosted->key_len = key.len;
    memcpy(hosted->key, key.ptr, key.len);
    hosted->keyed = true;
    ov_table_add(&host->by_key, &hosted->by_key, ov_host_hash(host, registry, key));
    ov_row_join(&held->actors, &hosted->in_shard);
    ov_row_join(&host->wanted, &hosted->row);
    return hosted;
}

void ov_hosted_hurry(struct ov_host *host, struct ov_hosted *hosted)
{
    if (hosted->state != OV_LATER)
        return;
    set_state(host, hosted, OV_WANTED);
    ov_row_join(&host->wanted, &hosted->row);
}

struct ov_hosted *ov_hosted_add(struct ov_host *host, uint64_t actor)
{
    struct ov_hosted *hosted = take(host, OV_LIVES, NULL);
    if (hosted != NULL)
        know(host, hosted, actor);
    return hosted;
}

void ov_hosted_bind(struct ov_host *host, uint32_t registry, uint32_t shard)
{
    for (uint32_t i = 0; i < host->config.nbound; i++) {
        const struct ov_bound *bound = &host->config.bound[i];
        uint32_t shards = host->config.cluster->registries[bound->registry].shards;
        if (bound->registry == registry && ov_shard_of(bound->key, shards) == shard)
            (void)ov_hosted_want(host, registry, shard, bound->key, bound->contract);
    }
}

/* ---- end ---- */

static void lose_key(struct ov_host *host, struct ov_hosted *hosted)
{
    if (hosted->keyed)
        (void)ov_table_take(&host->by_key, &hosted->by_key);
    hosted->keyed = false;
}

/* The last thing in a shard that is given up: the core is told. */
static void look_at_shard(struct ov_host *host, struct ov_held *held)
{
    if (held->state == OV_GIVEN_UP && ov_row_empty(&held->actors))
        ov_row_join(&host->stopped, &held->row);
}

static void forget(struct ov_host *host, struct ov_hosted *hosted)
{
    struct ov_held *held = ov_host_held(host, hosted->registry, hosted->shard);

    lose_key(host, hosted);
    if (hosted->known)
        (void)ov_table_take(&host->by_actor, &hosted->by_actor);
    ov_row_leave(&hosted->row);
    ov_row_leave(&hosted->in_shard);
    host->states[hosted->state]--;
    host->nbound -= hosted->bound != NULL;
    ov_pool_give(&host->hosted, hosted);
    if (held != NULL)
        look_at_shard(host, held);
}

void ov_hosted_settle(struct ov_host *host, struct ov_hosted *hosted)
{
    if (hosted->registry == OV_NO_REGISTRY && ov_row_empty(&hosted->claims) &&
        ov_row_empty(&hosted->endpoints))
        forget(host, hosted);
}

/* Who waits for its end, of its names as well. */
static void tell_end(struct ov_host *host, struct ov_hosted *hosted, const struct ov_host_end *end)
{
    OV_EACH(&hosted->endpoints, at, behind)
    {
        struct ov_endpoint *endpoint = OV_ENTRY(at, struct ov_endpoint, row);
        ov_claim_end_all(host, &endpoint->watches, end);
        if (!end->restart)
            ov_endpoint_drop(host, endpoint);
    }
    ov_claim_end_all(host, &hosted->claims, end);
}

int ov_host_ended(struct ov_host *host, uint64_t actor, const struct ov_host_end *end)
{
    struct ov_hosted *hosted = ov_hosted_of_actor(host, actor);

    if (hosted == NULL)
        return AX_E_NO_ACTOR;
    if (end->reason >= AX_REASON_COUNT || end->detail.len > OV_DETAIL_MAX)
        return AX_E_INVALID;
    tell_end(host, hosted, end);
    hosted->incarnation = end->incarnation + 1;
    if (end->restart)
        return 0;
    host->counts.ended++;
    ov_claim_answer_all(host, hosted, OV_CLAIM_CALL, AX_E_CANCELED);
    forget(host, hosted);
    return 0;
}

/* ---- the end of a shard ---- */

static void stop(struct ov_host *host, struct ov_hosted *hosted, bool lost)
{
    hosted->lost |= lost;
    lose_key(host, hosted);
    switch (hosted->state) {
    case OV_SPAWNING:
        set_state(host, hosted, OV_UNDONE);
        break;
    case OV_LIVES:
        set_state(host, hosted, OV_STOPPING);
        ov_row_join(&host->stops, &hosted->row);
        break;
    case OV_STOPPING:
        if (lost)
            ov_row_join(&host->stops, &hosted->row);
        break;
    case OV_UNDONE:
        break;
    default:
        forget(host, hosted);
    }
}

void ov_hosted_stop_all(struct ov_host *host, struct ov_held *held, uint64_t epoch, bool lost)
{
    OV_EACH(&held->actors, at, behind)
    {
        struct ov_hosted *hosted = OV_ENTRY(at, struct ov_hosted, in_shard);
        if (hosted->epoch > epoch)
            continue;
        ov_claim_answer_all(host, hosted, OV_CLAIM_ENSURE, AX_E_STALE);
        stop(host, hosted, lost);
    }
    look_at_shard(host, held);
}

/* ---- what is to be done ---- */

static void fill(struct ov_host_effect *effect, enum ov_host_kind kind,
                 const struct ov_hosted *hosted)
{
    *effect = (struct ov_host_effect){.kind = kind,
                                      .lost = hosted->lost,
                                      .bound = hosted->bound != NULL,
                                      .registry = hosted->registry,
                                      .shard = hosted->shard,
                                      .handle = kind == OV_HOST_SPAWN ? hosted->slot.id : 0,
                                      .actor = hosted->actor,
                                      .epoch = hosted->epoch,
                                      .contract = hosted->contract,
                                      .key = key_of(hosted)};
}

bool ov_hosted_stop(struct ov_host *host, struct ov_host_effect *effect)
{
    struct ov_hosted *hosted = OV_ENTRY(host->stops.next, struct ov_hosted, row);
    if (ov_row_empty(&host->stops))
        return false;
    ov_row_leave(&hosted->row);
    fill(effect, OV_HOST_STOP, hosted);
    return true;
}

bool ov_hosted_spawn(struct ov_host *host, uint64_t now, struct ov_host_effect *effect)
{
    struct ov_hosted *hosted;

    OV_EACH(&host->later, at, behind)
    { /* in the order of their times */
        if (OV_ENTRY(at, struct ov_hosted, row)->retry_at > now)
            break;
        ov_hosted_hurry(host, OV_ENTRY(at, struct ov_hosted, row));
    }
    if (ov_row_empty(&host->wanted) ||
        host->states[OV_SPAWNING] + host->states[OV_UNDONE] >= host->config.spawns)
        return false;
    hosted = OV_ENTRY(host->wanted.next, struct ov_hosted, row);
    ov_row_leave(&hosted->row);
    set_state(host, hosted, OV_SPAWNING);
    fill(effect, OV_HOST_SPAWN, hosted);
    return true;
}

/* ---- what becomes of a spawn ---- */

static void failed(struct ov_host *host, uint64_t now, struct ov_hosted *hosted, uint8_t status)
{
    host->counts.failed++;
    ov_claim_answer_all(host, hosted, OV_CLAIM_ENSURE, status);
    if (hosted->state == OV_UNDONE || hosted->bound == NULL) {
        forget(host, hosted);
        return;
    }
    set_state(host, hosted, OV_LATER);
    hosted->retry_at = now + host->config.cluster->retry_ns;
    ov_row_join(&host->later, &hosted->row);
}

int ov_host_spawned(struct ov_host *host, uint64_t now, uint64_t handle, uint8_t status,
                    uint64_t actor, uint32_t incarnation)
{
    struct ov_hosted *hosted = ov_pool_find(&host->hosted, handle);

    if (hosted == NULL || (hosted->state != OV_SPAWNING && hosted->state != OV_UNDONE))
        return AX_E_NO_KEY;
    if (status != 0) {
        failed(host, now, hosted, status);
        return 0;
    }
    if (actor == 0 || ov_hosted_of_actor(host, actor) != NULL)
        return AX_E_INVALID;
    know(host, hosted, actor);
    hosted->incarnation = incarnation;
    host->counts.spawned++;
    if (hosted->state == OV_SPAWNING) {
        set_state(host, hosted, OV_LIVES);
        ov_claim_answer_all(host, hosted, OV_CLAIM_ENSURE, 0);
        return 0;
    }
    host->counts.undone++;
    set_state(host, hosted, OV_STOPPING);
    ov_row_join(&host->stops, &hosted->row);
    return 0;
}
