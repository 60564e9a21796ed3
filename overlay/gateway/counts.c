/* SPDX-License-Identifier: MIT */
/* counts.c - what the core and the host of this node have in hand, beside how much it may be, and
 * how often what they count has happened since this gateway began. ax_cluster(7) says what each is;
 * a name is one word there. */
#include "overlay/gateway/gw.h"

#include <stddef.h>

enum source { CLUSTER_VIEW, HOST_VIEW, CLUSTER_COUNTS, CORE_COUNTS, GATE_COUNTS, HOST_COUNTS };
enum most { UNBOUNDED, REQUESTS, ENSURES, SERVED, MONITORS, KEYS, SHARDS, NODES, PEERS, ACTORS };

#define HAS(name, most, member)                                                                    \
    {                                                                                              \
        name, CLUSTER_VIEW, most, offsetof(struct ov_cluster_view, member)                         \
    }
#define HOSTS(name, most, member)                                                                  \
    {                                                                                              \
        name, HOST_VIEW, most, offsetof(struct ov_host_view, member)                               \
    }
#define SEEN(name, member)                                                                         \
    {                                                                                              \
        name, CLUSTER_COUNTS, UNBOUNDED, offsetof(struct ov_cluster_counts, member)                \
    }
#define SEEN_BY_CORE(name, member)                                                                 \
    {                                                                                              \
        name, CORE_COUNTS, UNBOUNDED, offsetof(struct ov_core_counts, member)                      \
    }
#define SEEN_BY_GATE(name, member)                                                                 \
    {                                                                                              \
        name, GATE_COUNTS, UNBOUNDED, offsetof(struct ov_gate, member)                             \
    }
#define SEEN_BY_HOST(name, member)                                                                 \
    {                                                                                              \
        name, HOST_COUNTS, UNBOUNDED, offsetof(struct ov_host_counts, member)                      \
    }

static const struct row {
    const char *name;
    enum source source;
    enum most most;
    size_t offset;
} rows[] = {
    HAS("requests", REQUESTS, requests),
    HAS("ensures", ENSURES, ensures),
    HAS("served", SERVED, served),
    HAS("served_ensures", SERVED, served_ensures),
    HAS("monitors", MONITORS, monitors),
    HAS("monitors_new", MONITORS, unset),
    HAS("monitors_back", MONITORS, back),
    HAS("watchers", MONITORS, watchers),
    HAS("downs", MONITORS, downs),
    HAS("keys", KEYS, keys),
    HAS("keys_fresh", KEYS, fresh),
    HAS("owners", SHARDS, owners),
    HAS("held", SHARDS, held),
    HAS("sessions", NODES, sessions),
    HAS("suspects", NODES, suspects),
    HAS("handshakes", PEERS, handshakes),
    HOSTS("actors", ACTORS, living),
    HOSTS("spawning", ACTORS, spawning),
    HOSTS("stopping", ACTORS, stopping),
    SEEN("late_answers", late),
    SEEN("orphan_answers", orphans),
    SEEN("unsent_answers", unsent),
    SEEN("busy", busy),
    SEEN("moved", moved),
    SEEN("retried", retried),
    SEEN("refused_tells", refused),
    SEEN("refused_monitors", unwatched),
    SEEN("repeated_monitors", again),
    SEEN("untold_downs", untold),
    SEEN("unsettled_demonitors", unsettled),
    SEEN("store_reads", reads),
    SEEN_BY_CORE("refused_handshakes", refused),
    SEEN_BY_CORE("unfinished_handshakes", unfinished),
    SEEN_BY_GATE("late_handshakes", late),
    SEEN_BY_GATE("gate_full", full),
    SEEN_BY_GATE("gate_crowded", crowded),
    SEEN_BY_CORE("late_dials", late),
    SEEN_BY_CORE("early_frames", early),
    SEEN_BY_CORE("obsolete_connections", obsolete),
    SEEN_BY_CORE("replaced_connections", given_up),
    SEEN_BY_CORE("nodes_without_room", no_room),
    SEEN_BY_HOST("spawned", spawned),
    SEEN_BY_HOST("failed_spawns", failed),
    SEEN_BY_HOST("stale_requests", stale),
    SEEN_BY_HOST("unknown_actors", unknown),
};

static struct {
    struct ov_cluster_view cluster;
    struct ov_host_view host;
} looked;

uint64_t gw_counts_look(void)
{
    ov_cluster_look(gw.cluster, &looked.cluster);
    ov_host_look(gw.host, &looked.host);
    return sizeof rows / sizeof *rows;
}

static uint64_t most_of(enum most most)
{
    const struct ov_cluster_config *config = &gw.config;
    const uint64_t of[] = {[UNBOUNDED] = 0,
                           [REQUESTS] = config->requests,
                           [ENSURES] = config->ensures,
                           [SERVED] = (uint64_t)config->requests + config->ensures,
                           [MONITORS] = config->monitors,
                           [KEYS] = config->keys,
                           [SHARDS] = gw_shards(),
                           [NODES] = config->core.nodes_max,
                           [PEERS] = (uint64_t)config->core.nodes_max + OV_GATE_PLACES,
                           [ACTORS] = (uint64_t)gw.host_config.actors + gw.host_config.nbound};
    return of[most];
}

struct gw_count gw_count(uint64_t at)
{
    const struct row *row = &rows[at];
    const void *const of[] = {[CLUSTER_VIEW] = &looked.cluster,
                              [HOST_VIEW] = &looked.host,
                              [CLUSTER_COUNTS] = ov_cluster_counts(gw.cluster),
                              [CORE_COUNTS] = ov_core_counts(ov_cluster_core(gw.cluster)),
                              [GATE_COUNTS] = ov_core_gate(ov_cluster_core(gw.cluster)),
                              [HOST_COUNTS] = ov_host_counts(gw.host)};
    const char *from = (const char *)of[row->source] + row->offset;
    bool in_hand = row->most != UNBOUNDED; /* those are of 32 bits */
    return (struct gw_count){.name = row->name,
                             .value = in_hand ? *(const uint32_t *)(const void *)from
                                              : *(const uint64_t *)(const void *)from,
                             .most = most_of(row->most),
                             .in_hand = in_hand};
}
