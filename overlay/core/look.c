/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

/* It is in the numbers of both who keep shards and who look for their owners. */
bool ov_cluster_asked(const struct ov_cluster *cluster, uint64_t number, uint32_t *registry,
                      uint32_t *shard)
{
    *registry = (uint32_t)(number % OV_STORE_ASKERS) / 2;
    *shard = (uint32_t)(number / OV_STORE_ASKERS % OV_SHARDS_MOST);
    return *registry < cluster->config.nregistries &&
           *shard < cluster->config.registries[*registry].shards;
}

void ov_cluster_shard(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                      uint64_t now, struct ov_shard_view *view)
{
    const struct ov_lease *lease = &cluster->shards[registry].shards[shard].lease;
    const struct ov_owner *owner = ov_owner_of(cluster, registry, shard);
    bool held = ov_lease_may_go_on(lease, now);

    *view = (struct ov_shard_view){
        .state = lease->state, .epoch = held ? lease->epoch : owner->epoch, .here = held};
    if (held)
        view->owner = cluster->config.core.self->ident;
    else if (owner->until > now)
        view->owner = owner->ident;
    if (held)
        view->left_ns = lease->deadline - now;
}
