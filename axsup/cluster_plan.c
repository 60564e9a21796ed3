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
