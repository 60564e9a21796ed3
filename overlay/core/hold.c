/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include "overlay/core/place.h"

#include <string.h>

/* ---- beginning ---- */

void ov_hold_init(struct ov_cluster *cluster, struct ov_owner *owners, struct ov_shard *shards)
{
    const struct ov_cluster_config *config = &cluster->config;
    struct ov_lease_config lease = {.self = config->core.self->ident,
                                    .ttl_ns = config->ttl_ns,
                                    .margin_ns = config->margin_ns,
                                    .answer_ns = config->answer_ns};

    for (uint32_t i = 0; i < config->nregistries; i++) {
        uint32_t n = config->registries[i].shards;
        ov_shards_init(&cluster->shards[i], &lease, config->registries[i].name, config->round_ns,
                       shards, n);
        cluster->owners[i] = owners;
        owners += n;
        shards += n;
    }
    cluster->recount = true;
}

/* ---- who takes part ---- */

/* Where the store was away for all, those who were cut off by that will be back as this one is. Who
 * has not said yet whether it does may be about to leave: what it was given would come back. */
static bool takes_part(const struct ov_cluster *cluster, const struct ov_peer_node *peer)
{
    bool believes = !cluster->cut_off && cluster->trusts_at == 0;
    return peer->up && peer->said && !peer->suspect &&
           (peer->abstains == OV_TAKES_PART || (peer->abstains == OV_CUT_OFF && !believes));
}

/* Goes through all shards for each member: once in a step, however often peers change in it. */
static void count_members(struct ov_cluster *cluster)
{
    uint32_t n = 0;
    cluster->recount = false;
    cluster->members[n++] = cluster->config.core.self->ident;
    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++)
        if (takes_part(cluster, &cluster->peers[i]))
            cluster->members[n++] = cluster->peers[i].ident;
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        ov_shards_members(&cluster->shards[i], cluster->members, n);
}

static bool is_cut_off(const struct ov_cluster *cluster)
{
    return cluster->store_since != 0 &&
           cluster->now - cluster->store_since >= cluster->config.ttl_ns;
}

/* Others do not take a shard for theirs before they are told of it. Who asked the store before all
 * is given back would be told once more of each; but no other shard waits for an actor that does
 * not end. */
static bool leaves(const struct ov_cluster *cluster)
{
    uint32_t held = 0;
    if (cluster->leaves_at <= cluster->now)
        return cluster->leaves_at != 0;
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        held += ov_shards_held(&cluster->shards[i]);
    return held == 0;
}

/* Who is cut off tries on to have its shards, but no others wait for that. */
static void abstain(struct ov_cluster *cluster)
{
    bool cut_off = is_cut_off(cluster);
    bool again = cluster->trusts_at != 0 && cluster->trusts_at <= cluster->now;

    ov_core_abstain(cluster->core, leaves(cluster) ? OV_LEAVING
                                   : cut_off       ? OV_CUT_OFF
                                                   : OV_TAKES_PART);
    if (cut_off == cluster->cut_off && !again)
        return;
    cluster->trusts_at = cluster->cut_off && !cut_off ? cluster->now + cluster->config.ttl_ns : 0;
    cluster->cut_off = cut_off;
    cluster->recount = true;
}

/* ---- what follows for a shard ---- */

/* Who should have it next; OV_HERE: nobody else. */
static uint32_t heir_of(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    const char *name = cluster->config.registries[registry].name;
    const struct ax_span of = {name, (uint32_t)strlen(name)};
    char text[2][OV_ID_TEXT] = {"", ""}; /* the best so far, and the next */
    struct ax_span names[2] = {{0}};
    uint32_t heir = OV_HERE, next = 0;

    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++) {
        if (!takes_part(cluster, &cluster->peers[i]))
            continue;
        names[next] = ov_place_name(&cluster->peers[i].ident, text[next]);
        if (heir != OV_HERE && ov_place(names, 2, of, shard) != next)
            continue;
        heir = i;
        next = 1 - next;
    }
    return heir;
}

/* It need not wait for what was left of the lease. Where it does not come, it will. */
static void tell_heir(struct ov_cluster *cluster, uint32_t registry, uint32_t shard, uint64_t epoch)
{
    struct ov_frame frame = {.kind = OV_RELEASED};
    uint32_t heir = heir_of(cluster, registry, shard);
    ov_cluster_set_shard(&frame, cluster, registry, shard, epoch);
    if (heir != OV_HERE)
        ov_cluster_try(cluster, heir, &frame);
}

static void do_shard(struct ov_cluster *cluster, uint32_t registry,
                     const struct ov_shards_effect *effect)
{
    static const enum ov_out_kind kinds[] = {[OV_SHARDS_GAINED] = OV_OUT_GAINED,
                                             [OV_SHARDS_DRAIN] = OV_OUT_DRAIN,
                                             [OV_SHARDS_LOST] = OV_OUT_LOST};
    struct ov_out *out;

    if (effect->kind == OV_SHARDS_ASK) {
        ov_cluster_store(cluster, 2 * registry, &effect->request);
        return;
    }
    if (effect->kind == OV_SHARDS_RELEASED) {
        tell_heir(cluster, registry, effect->shard, effect->epoch);
        return;
    }
    out = ov_cluster_do(cluster, kinds[effect->kind]);
    out->registry = registry;
    out->shard = effect->shard;
    out->epoch = effect->epoch;
    if (effect->kind != OV_SHARDS_LOST)
        return;
    ov_serve_lost(cluster, registry, effect->shard);
    ov_watcher_lost(cluster, registry, effect->shard);
}

void ov_hold_saw(struct ov_cluster *cluster, uint32_t registry, uint32_t shard, uint64_t epoch)
{
    struct ov_shards_effect effect;
    if (ov_shards_saw(&cluster->shards[registry], shard, epoch, &effect))
        do_shard(cluster, registry, &effect);
}

void ov_hold_released(struct ov_cluster *cluster, const struct ov_frame *frame)
{
    uint32_t registry = ov_cluster_registry(cluster, frame);
    if (registry == OV_NO_REGISTRY)
        return;
    ov_hold_saw(cluster, registry, frame->shard, frame->epoch);
    ov_shards_released(&cluster->shards[registry], frame->shard, frame->epoch);
}

void ov_hold_work(struct ov_cluster *cluster)
{
    struct ov_shards_effect effect;
    abstain(cluster);
    if (cluster->recount)
        count_members(cluster);
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        while (ov_cluster_has_room(cluster) &&
               ov_shards_step(&cluster->shards[i], cluster->now, &effect))
            do_shard(cluster, i, &effect);
}

uint64_t ov_hold_next(const struct ov_cluster *cluster)
{
    uint64_t next = cluster->trusts_at != 0 ? cluster->trusts_at : UINT64_MAX;
    if (cluster->recount) /* nothing has come in yet */
        return 0;
    if (cluster->store_since != 0 && !cluster->cut_off)
        ov_sooner(&next, cluster->store_since + cluster->config.ttl_ns);
    if (cluster->leaves_at > cluster->now)
        ov_sooner(&next, cluster->leaves_at);
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        ov_sooner(&next, ov_shards_next(&cluster->shards[i]));
    return next;
}

int ov_hold_store(struct ov_cluster *cluster, const struct ov_store_answer *answer)
{
    unsigned which = (unsigned)(answer->number % OV_STORE_ASKERS);
    struct ov_store_answer own = *answer;
    struct ov_shards_effect effect;

    if (which / 2 >= cluster->config.nregistries)
        return AX_E_NO_KEY;
    if (answer->outcome != OV_STORE_UNKNOWN)
        cluster->store_since = 0;
    own.number /= OV_STORE_ASKERS;
    if (which % 2 != 0)
        ov_owner_answer(cluster, which / 2, &own);
    else if (ov_shards_answer(&cluster->shards[which / 2], cluster->now, &own, &effect))
        do_shard(cluster, which / 2, &effect);
    return 0;
}

int ov_hold_stopped(struct ov_cluster *cluster, uint32_t registry, uint32_t shard, uint64_t epoch)
{
    struct ov_shards_effect effect;
    if (registry >= cluster->config.nregistries)
        return AX_E_INVALID;
    if (!ov_shards_stopping(&cluster->shards[registry], shard, epoch))
        return 0; /* said twice, as after a DRAIN and a LOST: it may run anew by now */
    ov_watcher_lost(cluster, registry, shard); /* of what has not told its end */
    if (ov_shards_stopped(&cluster->shards[registry], cluster->now, shard, epoch, &effect))
        do_shard(cluster, registry, &effect);
    return 0;
}

void ov_hold_all(struct ov_cluster *cluster, const struct ov_in *in)
{
    if (in->kind == OV_IN_DRAIN && cluster->leaves_at == 0)
        cluster->leaves_at = cluster->now + cluster->config.ttl_ns;
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        if (in->kind == OV_IN_DRAIN)
            ov_shards_leave(&cluster->shards[i]);
        else
            ov_shards_pause(&cluster->shards[i], in->paused);
}
