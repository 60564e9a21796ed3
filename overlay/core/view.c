/* SPDX-License-Identifier: MIT */
/* What a cluster has in hand. All tables are gone through: this is for people and tests. */
#include "overlay/core/cluster_parts.h"

static void look_at_monitors(const struct ov_cluster *cluster, struct ov_cluster_view *view)
{
    const struct ov_monitor *monitor;
    const struct ov_watcher *watcher;

    for (uint32_t i = 0; (monitor = ov_pool_next(&cluster->monitors, &i)) != NULL;) {
        view->unset += monitor->state == OV_MON_NEW;
        view->back += monitor->state == OV_MON_BACK;
    }
    for (uint32_t i = 0; (watcher = ov_pool_next(&cluster->watchers, &i)) != NULL;)
        view->downs += watcher->ended;
}

static void look_at_caches(const struct ov_cluster *cluster, struct ov_cluster_view *view)
{
    const struct ov_known *key;

    for (uint32_t i = 0; (key = ov_pool_next(&cluster->keys, &i)) != NULL;)
        view->fresh += ov_key_fresh(cluster, key);
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        for (uint32_t shard = 0; shard < cluster->config.registries[i].shards; shard++)
            view->owners += cluster->owners[i][shard].ident.boot != 0 &&
                            cluster->owners[i][shard].until > cluster->now;
}

static void look_at_nodes(const struct ov_cluster *cluster, struct ov_cluster_view *view)
{
    struct ov_node_view node;

    view->handshakes = ov_core_gate(cluster->core)->held;
    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++) {
        view->sessions += cluster->peers[i].up;
        view->suspects += cluster->peers[i].suspect;
        view->handshakes += ov_core_node(cluster->core, i, &node) && node.dial != 0;
    }
}

void ov_cluster_look(const struct ov_cluster *cluster, struct ov_cluster_view *view)
{
    *view = (struct ov_cluster_view){.requests = cluster->requests.used,
                                     .ensures = cluster->asking,
                                     .served = cluster->served.used,
                                     .served_ensures = cluster->serving_ensures,
                                     .monitors = cluster->monitors.used,
                                     .watchers = cluster->watchers.used,
                                     .keys = cluster->keys.used};
    look_at_monitors(cluster, view);
    look_at_caches(cluster, view);
    look_at_nodes(cluster, view);
    for (uint32_t i = 0; i < cluster->config.nregistries; i++)
        view->held += ov_shards_held(&cluster->shards[i]);
}
