/* SPDX-License-Identifier: MIT */
/* cluster_plan.c - which leases there are, from the config alone. */
#include "axsup/cluster.h"

#include <string.h>

uint32_t sup_cluster_leases(const struct sup_config *config)
{
    uint32_t leases = 0;

    for (size_t i = 0; i < config->cluster.n_registries; i++)
        leases += config->cluster.registries[i].shards;
    return leases;
}

uint32_t sup_cluster_leases_kept(const struct sup_config *config)
{
    const struct sup_cluster_config *cluster = &config->cluster;
    const char *keeper = cluster->store.memory.node;
    bool here = cluster->store.kind == SUP_STORE_MEMORY && keeper != NULL &&
                cluster->node != NULL && strcmp(keeper, cluster->node) == 0;

    return here ? sup_cluster_leases(config) : 0;
}

void sup_cluster_shards(const struct sup_config *config, const char *registry, uint32_t *shards,
                        uint32_t *first)
{
    *first = 1;
    *shards = 0;
    for (size_t i = 0; i < config->cluster.n_registries; i++) {
        const struct sup_spread_config *spread = &config->cluster.registries[i];

        if (strcmp(spread->name, registry) == 0) {
            *shards = spread->shards;
            return;
        }
        *first += spread->shards;
    }
}
