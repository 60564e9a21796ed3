/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include "libax/utf8.h"

#include <sodium.h>
#include <string.h>

/* ---- memory: the cluster, its tables and its core, one behind another ---- */

#define ALIGN 16u

struct layout {
    size_t peers, members, owners, shards, buckets, requests, keys, served, monitors, watchers;
    size_t watched_by, core, size;
    uint32_t nbuckets, nwatched_by;
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

static struct layout lay_out(const struct ov_cluster_config *config)
{
    struct layout layout = {.size = sizeof(struct ov_cluster),
                            .nbuckets = buckets_for(config->keys),
                            .nwatched_by = buckets_for(config->monitors)};
    size_t shards = 0, nodes = config->core.nodes_max;

    for (uint32_t i = 0; i < config->nregistries; i++)
        shards += config->registries[i].shards;
    layout.peers = take(&layout.size, nodes, sizeof(struct ov_peer_node));
    layout.members = take(&layout.size, nodes + 1, sizeof(struct ov_ident));
    layout.owners = take(&layout.size, shards, sizeof(struct ov_owner));
    layout.shards = take(&layout.size, shards, sizeof(struct ov_shard));
    layout.buckets = take(&layout.size, layout.nbuckets, sizeof(uint32_t));
    layout.requests =
        take(&layout.size, config->requests + config->ensures, sizeof(struct ov_pending));
    layout.keys = take(&layout.size, config->keys, sizeof(struct ov_known));
    layout.served =
        take(&layout.size, config->requests + config->ensures, sizeof(struct ov_served));
    layout.monitors = take(&layout.size, config->monitors, sizeof(struct ov_monitor));
    layout.watchers = take(&layout.size, config->monitors, sizeof(struct ov_watcher));
    layout.watched_by = take(&layout.size, layout.nwatched_by, sizeof(uint32_t));
    layout.core = take(&layout.size, 1, ov_core_size(&config->core));
    return layout;
}

static bool registry_valid(const struct ov_registry *registry)
{
    size_t len = registry->name != NULL ? strnlen(registry->name, OV_REGISTRY_MAX + 1) : 0;
    return len >= 1 && len <= OV_REGISTRY_MAX && ax_utf8_valid(registry->name, len) &&
           registry->shards >= 1 && registry->shards <= OV_SHARDS_MOST;
}

static bool within(uint32_t n, uint32_t least)
{
    return n >= least && n <= OV_POOL_MOST;
}

static bool config_valid(const struct ov_cluster_config *config)
{
    if (ov_core_size(&config->core) == 0 || config->nregistries > OV_REGISTRIES_MAX)
        return false;
    for (uint32_t i = 0; i < config->nregistries; i++)
        if (!registry_valid(&config->registries[i]))
            return false;
    return config->ttl_ns > 0 && config->margin_ns < config->ttl_ns / 2 && config->answer_ns > 0 &&
           config->round_ns > 0 && config->owner_ns > 0 && config->key_ns > 0 &&
           config->resolve_ns > 0 && config->give_up_ns > 0 && config->retry_ns > 0 &&
           within(config->requests, 1) && within(config->ensures, 1) &&
           within(config->monitors, 1) && config->requests <= OV_POOL_MOST - config->ensures &&
           within(config->keys, config->requests + config->ensures + 1);
}

size_t ov_cluster_size(const struct ov_cluster_config *config)
{
    return config_valid(config) ? lay_out(config).size : 0;
}

static void init_pools(struct ov_cluster *cluster, const struct layout *layout)
{
    const struct ov_cluster_config *config = &cluster->config;
    char *memory = (char *)cluster;
    ov_pool_init(&cluster->requests, memory + layout->requests, sizeof(struct ov_pending),
                 config->requests + config->ensures, OV_POOL_REQUESTS);
    ov_pool_init(&cluster->keys, memory + layout->keys, sizeof(struct ov_known), config->keys,
                 OV_POOL_KEYS);
    ov_pool_init(&cluster->served, memory + layout->served, sizeof(struct ov_served),
                 config->requests + config->ensures, OV_POOL_SERVED);
    ov_pool_init(&cluster->monitors, memory + layout->monitors, sizeof(struct ov_monitor),
                 config->monitors, OV_POOL_MONITORS);
    ov_pool_init(&cluster->watchers, memory + layout->watchers, sizeof(struct ov_watcher),
                 config->monitors, OV_POOL_WATCHERS);
    ov_pool_begin(&cluster->requests, config->process);
    ov_pool_begin(&cluster->keys, config->process);
    ov_pool_begin(&cluster->monitors, config->process);
}

int ov_cluster_init(struct ov_cluster **out, void *memory, size_t size,
                    const struct ov_cluster_config *config)
{
    struct ov_cluster *cluster = memory;
    struct layout layout;
    int r;

    if (!config_valid(config))
        return AX_E_INVALID;
    layout = lay_out(config);
    if (size < layout.size)
        return AX_E_INVALID;
    memset(memory, 0, layout.core); /* the core clears its own */
    cluster->config = *config;
    cluster->peers = (void *)((char *)memory + layout.peers);
    cluster->members = (void *)((char *)memory + layout.members);
    cluster->buckets = (void *)((char *)memory + layout.buckets);
    cluster->nbuckets = layout.nbuckets;
    memset(cluster->buckets, 0xff, layout.nbuckets * sizeof *cluster->buckets);
    cluster->watched_by = (void *)((char *)memory + layout.watched_by);
    cluster->nwatched_by = layout.nwatched_by;
    memset(cluster->watched_by, 0xff, layout.nwatched_by * sizeof *cluster->watched_by);
    cluster->first_key = cluster->last_key = OV_NONE;
    cluster->requests_at = cluster->served_at = UINT64_MAX;
    ov_agenda_init(&cluster->to_watch);
    ov_agenda_init(&cluster->to_tell);
    ov_row_init(&cluster->gone);
    cluster->in = (struct ov_effects){.list = cluster->in_list,
                                      .room = OV_EFFECTS_MIN,
                                      .bytes = cluster->in_bytes,
                                      .bytes_room = sizeof cluster->in_bytes};
    r = ov_core_init(&cluster->core, (char *)memory + layout.core, layout.size - layout.core,
                     &config->core);
    if (r != 0)
        return r;
    init_pools(cluster, &layout);
    ov_hold_init(cluster, (void *)((char *)memory + layout.owners),
                 (void *)((char *)memory + layout.shards));
    *out = cluster;
    return 0;
}

void ov_cluster_deinit(struct ov_cluster *cluster)
{
    ov_core_deinit(cluster->core);
    sodium_memzero(cluster, sizeof *cluster);
}

/* ---- what the other files share ---- */

struct ov_out *ov_cluster_do(struct ov_cluster *cluster, enum ov_out_kind kind)
{
    struct ov_out *out = &cluster->out->list[cluster->out->n++];
    *out = (struct ov_out){.kind = kind, .registry = OV_NO_REGISTRY};
    return out;
}

/* For two things that come out, and a frame, with all that were gathered before it. */
bool ov_cluster_has_room(struct ov_cluster *cluster)
{
    struct ov_outs *out = cluster->out;
    bool room = out->room - out->n >= 2 + OV_SENT_BY_ONE &&
                out->bytes_room - out->bytes_n >= (size_t)2 * OV_EFFECT_BYTES &&
                cluster->nsends + OV_EFFECTS_MIN < OV_SENDS && cluster->nstores < OV_OUTS_MIN &&
                cluster->nlocal < OV_OUTS_MIN;
    if (!room)
        out->more = true;
    return room;
}

struct ax_span ov_cluster_keep(struct ov_cluster *cluster, const char *text, uint32_t len)
{
    struct ov_outs *out = cluster->out;
    char *copy = (char *)out->bytes + out->bytes_n;
    memcpy(copy, text, len);
    out->bytes_n += len;
    return (struct ax_span){copy, len};
}

int ov_cluster_send(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_outs *out = cluster->out;
    struct ov_event event = {.kind = OV_ON_SEND, .index = node, .frame = frame};
    struct ov_effects effects = {.list = &cluster->sends[cluster->nsends],
                                 .room = OV_EFFECTS_MIN,
                                 .bytes = out->bytes + out->bytes_n,
                                 .bytes_room = out->bytes_room - out->bytes_n};
    int r = ov_core_step(cluster->core, cluster->now, &event, &effects);

    if (r != 0)
        return r;
    for (unsigned i = 0; i < effects.n; i++)
        ov_cluster_do(cluster, OV_OUT_LINK)->link = &effects.list[i];
    cluster->nsends += effects.n;
    out->bytes_n += effects.bytes_n;
    if (ov_frame_plane(frame->kind, frame->response) == OV_DATA)
        cluster->peers[node].sent++;
    return 0;
}

void ov_cluster_store(struct ov_cluster *cluster, unsigned which,
                      const struct ov_store_request *request)
{
    struct ov_store_request *store = &cluster->stores[cluster->nstores++];
    if (cluster->store_since == 0)
        cluster->store_since = cluster->now;
    *store = *request;
    store->number = request->number * OV_STORE_ASKERS + which;
    ov_cluster_do(cluster, OV_OUT_STORE)->store = store;
}

bool ov_cluster_is_up(const struct ov_cluster *cluster, uint32_t node, uint64_t boot)
{
    if (node == OV_HERE)
        return boot == cluster->config.core.self->ident.boot;
    return cluster->peers[node].up && cluster->peers[node].ident.boot == boot;
}

bool ov_cluster_knows(const struct ov_cluster *cluster, const struct ov_target *target)
{
    return (target->registry == OV_NO_REGISTRY || target->registry < cluster->config.nregistries) &&
           (target->node == OV_HERE || target->node < cluster->config.core.nodes_max);
}

uint32_t ov_cluster_registry(const struct ov_cluster *cluster, const struct ov_frame *frame)
{
    for (uint32_t i = 0; i < cluster->config.nregistries; i++) {
        const struct ov_registry *registry = &cluster->config.registries[i];
        if (strlen(registry->name) == frame->registry.len &&
            memcmp(registry->name, frame->registry.ptr, frame->registry.len) == 0)
            return frame->shard < registry->shards ? i : OV_NO_REGISTRY;
    }
    return OV_NO_REGISTRY;
}

void ov_cluster_set_shard(struct ov_frame *frame, const struct ov_cluster *cluster,
                          uint32_t registry, uint32_t shard, uint64_t epoch)
{
    const char *name = cluster->config.registries[registry].name;
    OV_SET(frame, registry, ((struct ax_span){name, (uint32_t)strlen(name)}));
    OV_SET(frame, shard, shard);
    OV_SET(frame, epoch, epoch);
}

/* ---- connections ---- */

static void carry(struct ov_cluster *cluster, const struct ov_effect *effect)
{
    if (effect->kind == OV_DO_SEND)
        return; /* it went out before */
    if (effect->kind == OV_TELL_FRAME) {
        ov_peer_frame(cluster, effect);
        return;
    }
    ov_cluster_do(cluster, OV_OUT_LINK)->link = effect;
    if (effect->kind == OV_TELL_UP)
        ov_peer_up(cluster, effect);
    else if (effect->kind == OV_TELL_DOWN)
        ov_peer_down(cluster, effect);
    else if (effect->kind == OV_TELL_SUSPECT || effect->kind == OV_TELL_ALIVE)
        ov_peer_suspect(cluster, effect->index, effect->kind == OV_TELL_SUSPECT);
    else if (effect->kind == OV_TELL_PART)
        ov_peer_part(cluster, effect->index, effect->abstains);
}

/* What the core itself says, as to a heartbeat, was sealed before whatever the frames around it are
 * answered with, so it goes out before that. */
static void send_first(struct ov_cluster *cluster)
{
    for (unsigned i = 0; i < cluster->in.n; i++)
        if (cluster->in.list[i].kind == OV_DO_SEND)
            ov_cluster_do(cluster, OV_OUT_LINK)->link = &cluster->in.list[i];
}

static int take_link(struct ov_cluster *cluster, const struct ov_event *event)
{
    int r = ov_core_step(cluster->core, cluster->now, event, &cluster->in);
    if (r != 0)
        return r;
    send_first(cluster);
    for (unsigned i = 0; i < cluster->in.n; i++)
        carry(cluster, &cluster->in.list[i]);
    cluster->out->used = cluster->in.used;
    cluster->out->more |= cluster->in.more;
    if (event->kind == OV_ON_LEAVE)
        cluster->leaving = cluster->in.more;
    return 0;
}

static int tick(struct ov_cluster *cluster)
{
    struct ov_event event = {.kind = cluster->leaving ? OV_ON_LEAVE : OV_ON_TIMER};
    return take_link(cluster, &event);
}

/* ---- what comes in ---- */

static int take_in(struct ov_cluster *cluster, const struct ov_in *in)
{
    switch (in->kind) {
    case OV_IN_TIMER:
        return tick(cluster);
    case OV_IN_LINK:
        if (in->link->kind == OV_ON_TIMER || in->link->kind == OV_ON_SEND)
            return AX_E_INVALID;
        return take_link(cluster, in->link);
    case OV_IN_STORE:
        return ov_hold_store(cluster, in->store);
    case OV_IN_REQUEST:
        return ov_request_make(cluster, in->request);
    case OV_IN_GO_ON:
        return ov_request_go_on(cluster, in->id, in->body);
    case OV_IN_CANCEL:
        return ov_request_cancel(cluster, in->id);
    case OV_IN_MONITOR:
        return ov_monitor_set(cluster, in);
    case OV_IN_DEMONITOR:
        return ov_monitor_back(cluster, in->id);
    case OV_IN_ANSWER:
        return ov_serve_answer(cluster, in->answer);
    case OV_IN_ENDED:
        return ov_watcher_ended(cluster, in->answer);
    case OV_IN_STOPPED:
        return ov_hold_stopped(cluster, in->registry, in->shard, in->epoch);
    default:
        ov_hold_all(cluster, in);
        return 0;
    }
}

int ov_cluster_step(struct ov_cluster *cluster, uint64_t now, const struct ov_in *in,
                    struct ov_outs *outs)
{
    int r;

    outs->n = 0;
    outs->bytes_n = outs->used = 0;
    outs->id = 0;
    outs->more = false;
    if (outs->room < OV_OUTS_MIN || outs->bytes_room < OV_OUT_BYTES)
        return AX_E_LIMIT;
    cluster->now = now;
    cluster->out = outs;
    cluster->nsends = cluster->nstores = cluster->nlocal = 0;
    r = take_in(cluster, in);
    if (r != 0)
        return r;
    ov_peer_work(cluster);
    ov_hold_work(cluster);
    ov_serve_work(cluster);
    ov_request_work(cluster);
    ov_key_work(cluster);
    ov_monitor_work(cluster);
    ov_watcher_work(cluster);
    return 0;
}

uint64_t ov_cluster_next(const struct ov_cluster *cluster)
{
    uint64_t next = ov_core_next(cluster->core);
    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++)
        if (cluster->peers[i].rotating)
            ov_sooner(&next, cluster->peers[i].rotate_until);
    ov_sooner(&next, ov_hold_next(cluster));
    ov_sooner(&next, cluster->requests_at);
    ov_sooner(&next, cluster->served_at);
    ov_sooner(&next, ov_agenda_next(&cluster->to_watch));
    ov_sooner(&next, ov_agenda_next(&cluster->to_tell));
    ov_sooner(&next, ov_key_next(cluster));
    return next;
}

/* ---- to be looked at ---- */

uint64_t ov_cluster_epoch(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                          uint64_t now)
{
    return registry < cluster->config.nregistries
               ? ov_shards_epoch(&cluster->shards[registry], shard, now)
               : 0;
}

const struct ov_core *ov_cluster_core(const struct ov_cluster *cluster)
{
    return cluster->core;
}

const struct ov_cluster_counts *ov_cluster_counts(const struct ov_cluster *cluster)
{
    return &cluster->counts;
}
