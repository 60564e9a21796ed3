/* SPDX-License-Identifier: MIT */
#include "overlay/core/host_parts.h"

#include <ax/actor.h>
#include <sodium.h>
#include <string.h>

/* ---- memory: the host and its tables, one behind another ---- */

#define ALIGN 16u

struct layout {
    size_t held, hosted, claims, watches, endpoints, by_key, by_actor, by_handle, by_name, size;
    uint32_t nhosted, nnames, nclaims, nwatches;
};

static size_t take(size_t *at, size_t n, size_t each)
{
    size_t begin = (*at + ALIGN - 1) / ALIGN * ALIGN;
    *at = begin + n * each;
    return begin;
}

static uint32_t buckets_for(uint32_t n)
{
    uint32_t buckets = 1;
    while (buckets < n)
        buckets *= 2;
    return buckets;
}

static struct layout lay_out(const struct ov_host_config *config)
{
    const struct ov_cluster_config *cluster = config->cluster;
    struct layout layout = {.size = sizeof(struct ov_host),
                            .nhosted = config->actors + config->nbound,
                            .nnames = config->endpoints > 0 ? config->endpoints : 1,
                            .nclaims = cluster->requests + cluster->ensures,
                            .nwatches = cluster->monitors};
    size_t shards = 0, bucket = sizeof(struct ov_chain *);

    for (uint32_t i = 0; i < cluster->nregistries; i++)
        shards += cluster->registries[i].shards;
    layout.held = take(&layout.size, shards, sizeof(struct ov_held));
    layout.hosted = take(&layout.size, layout.nhosted, sizeof(struct ov_hosted));
    layout.claims = take(&layout.size, layout.nclaims, sizeof(struct ov_claim));
    layout.watches = take(&layout.size, layout.nwatches, sizeof(struct ov_watch));
    layout.endpoints = take(&layout.size, layout.nnames, sizeof(struct ov_endpoint));
    layout.by_key = take(&layout.size, buckets_for(layout.nhosted), bucket);
    layout.by_actor = take(&layout.size, buckets_for(layout.nhosted), bucket);
    layout.by_handle = take(&layout.size, buckets_for(layout.nwatches), bucket);
    layout.by_name = take(&layout.size, buckets_for(layout.nnames), bucket);
    return layout;
}

static bool bound_valid(const struct ov_host_config *config, const struct ov_bound *bound)
{
    return bound->registry < config->cluster->nregistries && bound->key.len >= 1 &&
           bound->key.len <= OV_KEY_MAX;
}

static bool config_valid(const struct ov_host_config *config)
{
    if (ov_cluster_size(config->cluster) == 0 || config->nbound > OV_POOL_MOST ||
        config->actors > OV_POOL_MOST - config->nbound || config->actors + config->nbound == 0 ||
        config->spawns == 0 || config->endpoints > OV_POOL_MOST)
        return false;
    for (uint32_t i = 0; i < config->nbound; i++)
        if (!bound_valid(config, &config->bound[i]))
            return false;
    return true;
}

size_t ov_host_size(const struct ov_host_config *config)
{
    return config_valid(config) ? lay_out(config).size : 0;
}

static void init_held(struct ov_host *host, struct ov_held *held)
{
    const struct ov_cluster_config *cluster = host->config.cluster;
    for (uint32_t i = 0; i < cluster->nregistries; i++) {
        host->held[i] = held;
        for (uint32_t n = cluster->registries[i].shards; n > 0; n--, held++) {
            ov_row_init(&held->actors);
            ov_row_init(&held->row);
        }
    }
}

static void init_tables(struct ov_host *host, const struct layout *layout)
{
    char *memory = (char *)host;
    ov_pool_init(&host->hosted, memory + layout->hosted, sizeof(struct ov_hosted), layout->nhosted,
                 OV_POOL_HOSTED);
    ov_pool_init(&host->claims, memory + layout->claims, sizeof(struct ov_claim), layout->nclaims,
                 OV_POOL_CLAIMS);
    ov_pool_init(&host->watches, memory + layout->watches, sizeof(struct ov_watch),
                 layout->nwatches, OV_POOL_WATCHES);
    ov_pool_init(&host->endpoints, memory + layout->endpoints, sizeof(struct ov_endpoint),
                 layout->nnames, OV_POOL_ENDPOINTS);
    host->by_key =
        (struct ov_table){(void *)(memory + layout->by_key), buckets_for(layout->nhosted)};
    host->by_actor =
        (struct ov_table){(void *)(memory + layout->by_actor), buckets_for(layout->nhosted)};
    host->by_handle =
        (struct ov_table){(void *)(memory + layout->by_handle), buckets_for(layout->nwatches)};
    host->by_name =
        (struct ov_table){(void *)(memory + layout->by_name), buckets_for(layout->nnames)};
}

int ov_host_init(struct ov_host **out, void *memory, size_t size,
                 const struct ov_host_config *config)
{
    struct ov_host *host = memory;
    struct layout layout;

    if (!config_valid(config))
        return AX_E_INVALID;
    layout = lay_out(config);
    if (size < layout.size)
        return AX_E_INVALID;
    memset(memory, 0, layout.size);
    host->config = *config;
    init_tables(host, &layout);
    init_held(host, (void *)((char *)memory + layout.held));
    ov_row_init(&host->stops);
    ov_row_init(&host->due);
    ov_row_init(&host->stopped);
    ov_row_init(&host->wanted);
    ov_row_init(&host->later);
    *out = host;
    return 0;
}

uint64_t ov_host_hash(const struct ov_host *host, uint32_t registry, struct ax_span bytes)
{
    uint64_t secret[2] = {host->config.cluster->core.seed, registry}, hash;
    _Static_assert(sizeof secret == crypto_shorthash_KEYBYTES, "the key of SipHash");
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "its value");
    crypto_shorthash((void *)&hash, (const void *)bytes.ptr, bytes.len, (const void *)secret);
    return hash;
}

/* ---- requests ---- */

/* As nothing was done. */
static int refuse(struct ov_host *host, enum ov_claim_kind kind, const struct ov_out *out,
                  uint8_t status)
{
    struct ov_claim *claim;

    host->counts.stale += status == AX_E_STALE;
    host->counts.unknown += status == AX_E_NO_ACTOR || status == AX_E_CLOSED;
    host->counts.full += status == AX_E_LIMIT;
    if (out->handle == 0) {
        host->counts.unsaid++;
        return 0;
    }
    claim = ov_claim_make(host, kind, out);
    if (claim == NULL)
        return AX_E_LIMIT;
    ov_claim_answer(host, claim, status);
    return 0;
}

static int ensure(struct ov_host *host, const struct ov_out *out)
{
    struct ov_hosted *hosted;
    struct ov_claim *claim;

    if (ov_host_held(host, out->registry, out->shard) == NULL || out->key.len == 0 ||
        out->key.len > OV_KEY_MAX)
        return refuse(host, OV_CLAIM_ENSURE, out, AX_E_INVALID);
    if (!ov_host_holds(host, out))
        return refuse(host, OV_CLAIM_ENSURE, out, AX_E_STALE);
    hosted = ov_hosted_of_key(host, out->registry, out->key);
    if (hosted == NULL)
        hosted = ov_hosted_want(host, out->registry, out->shard, out->key, out->contract);
    if (hosted == NULL)
        return refuse(host, OV_CLAIM_ENSURE, out, AX_E_LIMIT);
    claim = ov_claim_make(host, OV_CLAIM_ENSURE, out);
    if (claim == NULL)
        return AX_E_LIMIT;
    claim->whom = hosted;
    ov_row_join(&hosted->claims, &claim->row);
    ov_hosted_hurry(host, hosted);
    if (hosted->state == OV_LIVES)
        ov_claim_answer(host, claim, 0);
    return 0;
}

/* The actor that a call or a monitor is for. One in a shard is found by an epoch or by a name, and
 * one without a key as long as it has a name. */
static struct ov_hosted *target_of(const struct ov_host *host, const struct ov_out *out,
                                   struct ov_endpoint **endpoint)
{
    struct ov_hosted *hosted;

    *endpoint = out->actor == 0 ? ov_endpoint_find(host, out->frame->endpoint) : NULL;
    if (*endpoint != NULL)
        return (*endpoint)->whom;
    hosted = out->actor != 0 ? ov_hosted_of_actor(host, out->actor) : NULL;
    if (hosted == NULL || hosted->registry != out->registry)
        return NULL;
    if (hosted->registry == OV_NO_REGISTRY)
        return ov_row_empty(&hosted->endpoints) ? NULL : hosted;
    return hosted->shard == out->shard && hosted->epoch == out->epoch ? hosted : NULL;
}

static int refuse_call(struct ov_host *host, const struct ov_out *out,
                       struct ov_host_effect *effect, uint8_t status)
{
    if (out->handle == 0)
        effect->status = status;
    return refuse(host, OV_CLAIM_CALL, out, status);
}

static int call(struct ov_host *host, const struct ov_out *out, struct ov_host_effect *effect)
{
    struct ov_endpoint *endpoint;
    struct ov_hosted *hosted = target_of(host, out, &endpoint);
    struct ov_claim *claim = NULL;

    if (!ov_host_holds(host, out))
        return refuse_call(host, out, effect, AX_E_STALE);
    if (hosted == NULL || hosted->state != OV_LIVES)
        return refuse_call(host, out, effect, hosted == NULL ? AX_E_NO_ACTOR : AX_E_CLOSED);
    if (out->handle != 0) {
        claim = ov_claim_make(host, OV_CLAIM_CALL, out);
        if (claim == NULL)
            return AX_E_LIMIT;
        claim->whom = hosted;
        ov_row_join(&hosted->claims, &claim->row);
    }
    *effect = (struct ov_host_effect){.kind = out->kind == OV_OUT_ASK ? OV_HOST_ASK : OV_HOST_TELL,
                                      .node = out->node,
                                      .registry = hosted->registry,
                                      .shard = hosted->shard,
                                      .handle = claim != NULL ? claim->slot.id : 0,
                                      .actor = hosted->actor,
                                      .epoch = hosted->epoch,
                                      .frame = out->frame};
    return 0;
}

/* ---- monitors ---- */

static int watch(struct ov_host *host, const struct ov_out *out)
{
    struct ov_endpoint *endpoint;
    struct ov_hosted *hosted = target_of(host, out, &endpoint);
    struct ov_claim *claim = ov_claim_make(host, OV_CLAIM_WATCH, out);
    bool holds = ov_host_holds(host, out);

    if (claim == NULL)
        return AX_E_LIMIT;
    if (!holds || hosted == NULL) {
        host->counts.stale += !holds;
        host->counts.unknown += holds;
        ov_claim_end(host, claim, &(struct ov_host_end){.reason = holds ? AX_GONE : AX_LEASE_LOST});
        return 0;
    }
    claim->whom = hosted;
    ov_row_join(endpoint != NULL ? &endpoint->watches : &hosted->claims, &claim->row);
    return 0;
}

static void unwatch(struct ov_host *host, uint64_t handle)
{
    struct ov_watch *found = ov_claim_watch(host, handle);
    if (found != NULL)
        ov_claim_drop(host, &found->claim);
}

/* ---- all of it ---- */

int ov_host_out(struct ov_host *host, const struct ov_out *out, struct ov_host_effect *effect)
{
    effect->kind = OV_HOST_NOTHING;
    effect->status = 0;
    switch (out->kind) {
    case OV_OUT_GAINED:
        ov_held_gain(host, out);
        return 0;
    case OV_OUT_DRAIN:
    case OV_OUT_LOST:
        ov_held_give_up(host, out);
        return 0;
    case OV_OUT_ENSURE:
        return ensure(host, out);
    case OV_OUT_TELL:
    case OV_OUT_ASK:
        return call(host, out, effect);
    case OV_OUT_WATCH:
        return watch(host, out);
    case OV_OUT_UNWATCH:
        unwatch(host, out->handle);
        return 0;
    default:
        return 0;
    }
}

/* Ends come before what follows from them: a shard has stopped when its actors' ends were told. */
bool ov_host_next(struct ov_host *host, uint64_t now, struct ov_host_effect *effect)
{
    if (ov_hosted_stop(host, effect))
        return true;
    if (ov_claim_say(host) || ov_held_say(host)) {
        *effect = (struct ov_host_effect){.kind = OV_HOST_CORE, .in = &host->in};
        return true;
    }
    return ov_hosted_spawn(host, now, effect);
}

uint64_t ov_host_due(const struct ov_host *host)
{
    return ov_row_empty(&host->later) ? UINT64_MAX
                                      : OV_ENTRY(host->later.next, struct ov_hosted, row)->retry_at;
}

/* ---- to be looked at ---- */

void ov_host_look(const struct ov_host *host, struct ov_host_view *view)
{
    *view = (struct ov_host_view){.wanted = host->states[OV_WANTED] + host->states[OV_LATER],
                                  .spawning = host->states[OV_SPAWNING],
                                  .undone = host->states[OV_UNDONE],
                                  .living = host->states[OV_LIVES],
                                  .stopping = host->states[OV_STOPPING],
                                  .endpoints = host->endpoints.used,
                                  .ensures = host->nclaims[OV_CLAIM_ENSURE],
                                  .calls = host->nclaims[OV_CLAIM_CALL],
                                  .watches = host->nclaims[OV_CLAIM_WATCH],
                                  .held = host->nheld};
}

const struct ov_host_counts *ov_host_counts(const struct ov_host *host)
{
    return &host->counts;
}
