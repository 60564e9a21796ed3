/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include <ax/actor.h>
#include <sodium.h>
#include <string.h>

/* ---- the table ---- */

static struct ov_watcher *at(const struct ov_cluster *cluster, uint32_t index)
{
    return ov_pool_at(&cluster->watchers, index);
}

static void is_due(struct ov_cluster *cluster, struct ov_watcher *watcher)
{
    if (watcher->gone)
        ov_row_join(&cluster->gone, &watcher->task.row);
    else
        ov_task_due(&cluster->to_tell, &watcher->task);
}

/* The number of a monitor is the peer's to choose. */
static uint32_t *bucket_of(const struct ov_cluster *cluster, uint32_t node, uint64_t boot,
                           uint64_t monitor)
{
    uint64_t secret[2] = {cluster->config.core.seed, OV_POOL_WATCHERS};
    uint64_t what[3] = {node, boot, monitor}, hash;
    _Static_assert(sizeof secret == crypto_shorthash_KEYBYTES, "the key of SipHash");
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "its value");
    crypto_shorthash((void *)&hash, (const void *)what, sizeof what, (const void *)secret);
    return &cluster->watched_by[hash & (cluster->nwatched_by - 1)];
}

/* One whose node has gone is as good as none: the same monitor may be set anew before it is given
 * back. */
static struct ov_watcher *find(const struct ov_cluster *cluster, uint32_t node, uint64_t boot,
                               uint64_t monitor)
{
    struct ov_watcher *watcher;
    for (uint32_t i = *bucket_of(cluster, node, boot, monitor); i != OV_NONE; i = watcher->chain) {
        watcher = at(cluster, i);
        if (watcher->node == node && watcher->boot == boot && watcher->monitor == monitor &&
            !watcher->gone)
            return watcher;
    }
    return NULL;
}

static struct ov_watcher *add(struct ov_cluster *cluster, const struct ov_frame *frame,
                              uint32_t node, uint64_t boot, uint32_t registry)
{
    struct ov_watcher *watcher = ov_pool_take(&cluster->watchers);
    uint32_t *bucket;

    ov_task_init(&watcher->task);
    watcher->node = node;
    watcher->boot = boot;
    watcher->monitor = frame->monitor;
    watcher->registry = registry;
    watcher->shard = frame->shard;
    bucket = bucket_of(cluster, node, boot, watcher->monitor);
    watcher->chain = *bucket;
    *bucket = ov_pool_index(&cluster->watchers, watcher);
    return watcher;
}

static void forget(struct ov_cluster *cluster, struct ov_watcher *watcher)
{
    uint32_t *link = bucket_of(cluster, watcher->node, watcher->boot, watcher->monitor);
    uint32_t index = ov_pool_index(&cluster->watchers, watcher);
    while (*link != index)
        link = &at(cluster, *link)->chain;
    *link = watcher->chain;
    ov_task_leave(&watcher->task);
    ov_pool_give(&cluster->watchers, watcher);
}

/* ---- its beginning and end ---- */

/* `frame` is there until the next step. */
static void watch(struct ov_cluster *cluster, const struct ov_frame *frame, uint32_t node,
                  uint64_t boot, uint32_t registry)
{
    struct ov_watcher *watcher = add(cluster, frame, node, boot, registry);
    struct ov_out *out = ov_cluster_do(cluster, OV_OUT_WATCH);

    out->handle = watcher->slot.id;
    out->node = node;
    out->frame = frame;
    out->registry = registry;
    out->shard = frame->shard;
    out->epoch = frame->epoch;
    out->actor = frame->actor;
}

static void unwatch(struct ov_cluster *cluster, struct ov_watcher *watcher)
{
    if (!watcher->ended)
        ov_cluster_do(cluster, OV_OUT_UNWATCH)->handle = watcher->slot.id;
    forget(cluster, watcher);
}

static void unwatch_gone(struct ov_cluster *cluster)
{
    struct ov_watcher *watcher = OV_ENTRY(cluster->gone.next, struct ov_watcher, task.row);
    cluster->counts.untold += watcher->ended;
    unwatch(cluster, watcher);
}

/* Whether there is room for one more, if need be that of one whose node has gone. */
static bool has_place(struct ov_cluster *cluster)
{
    if (cluster->watchers.used == cluster->watchers.n && !ov_row_empty(&cluster->gone))
        unwatch_gone(cluster);
    return cluster->watchers.used < cluster->watchers.n;
}

static void end(struct ov_cluster *cluster, struct ov_watcher *watcher, uint8_t reason)
{
    watcher->ended = true;
    watcher->reason = reason;
    watcher->after = watcher->node != OV_HERE ? cluster->peers[watcher->node].sent : 0;
    is_due(cluster, watcher);
}

int ov_watcher_ended(struct ov_cluster *cluster, const struct ov_answer *answer)
{
    struct ov_watcher *watcher = ov_pool_find(&cluster->watchers, answer->handle);

    if (watcher == NULL || watcher->ended)
        return AX_E_NO_KEY;
    if (answer->detail.len > OV_DETAIL_MAX || answer->reason >= AX_REASON_COUNT)
        return AX_E_INVALID;
    end(cluster, watcher, answer->reason);
    watcher->restart = answer->restart;
    watcher->incarnation = answer->incarnation;
    watcher->detail_len = (uint8_t)answer->detail.len;
    if (answer->detail.len > 0)
        memcpy(watcher->detail, answer->detail.ptr, answer->detail.len);
    return 0;
}

void ov_watcher_lost(struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    struct ov_watcher *watcher;
    for (uint32_t i = 0; (watcher = ov_pool_next(&cluster->watchers, &i)) != NULL;)
        if (watcher->registry == registry && watcher->shard == shard && !watcher->ended)
            end(cluster, watcher, AX_LEASE_LOST);
}

/* ---- of this node itself ---- */

int ov_watcher_here(struct ov_cluster *cluster, const struct ov_frame *frame, uint64_t boot,
                    uint32_t registry)
{
    if (!has_place(cluster))
        return AX_E_BUSY;
    cluster->local[cluster->nlocal] = *frame;
    watch(cluster, &cluster->local[cluster->nlocal++], OV_HERE, boot, registry);
    return 0;
}

void ov_watcher_back_here(struct ov_cluster *cluster, uint64_t boot, uint64_t monitor)
{
    struct ov_watcher *watcher = find(cluster, OV_HERE, boot, monitor);
    if (watcher != NULL)
        unwatch(cluster, watcher);
}

/* ---- frames ---- */

static void answer(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *request,
                   uint8_t status)
{
    struct ov_frame frame = {.kind = request->kind, .response = true};
    OV_SET(&frame, request, request->request);
    OV_SET(&frame, status, status);
    ov_cluster_try(cluster, node, &frame);
}

static void answer_busy(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *request)
{
    struct ov_frame frame = {.kind = OV_BUSY};
    OV_SET(&frame, request, request->request);
    cluster->counts.unwatched++;
    ov_cluster_try(cluster, node, &frame);
}

/* The registry of its target. False: it is none that can be watched. */
static bool take_target(struct ov_cluster *cluster, const struct ov_frame *frame,
                        uint32_t *registry)
{
    *registry = OV_NO_REGISTRY;
    if ((frame->has & OV_HAS(registry)) == 0)
        return true;
    *registry = ov_cluster_registry(cluster, frame);
    if (*registry == OV_NO_REGISTRY || (frame->has & OV_HAS(key)) != 0)
        return false;
    ov_hold_saw(cluster, *registry, frame->shard, frame->epoch);
    return true;
}

/* Of what this node does not hold under that epoch it tells the end as of anything else: behind
 * what was sent before. */
static void take_monitor(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    uint64_t boot = cluster->peers[node].ident.boot;
    uint32_t registry;

    if (!take_target(cluster, frame, &registry)) {
        answer(cluster, node, frame, AX_E_INVALID);
    } else if (find(cluster, node, boot, frame->monitor) != NULL) {
        cluster->counts.again++;
        answer(cluster, node, frame, 0);
    } else if (!has_place(cluster)) {
        answer_busy(cluster, node, frame);
    } else {
        answer(cluster, node, frame, 0);
        if (!ov_hold_has(cluster, registry, frame->shard, frame->epoch))
            end(cluster, add(cluster, frame, node, boot, registry), AX_LEASE_LOST);
        else
            watch(cluster, frame, node, boot, registry);
    }
}

static void take_demonitor(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_watcher *watcher =
        find(cluster, node, cluster->peers[node].ident.boot, frame->monitor);
    answer(cluster, node, frame, 0);
    if (watcher != NULL)
        unwatch(cluster, watcher);
}

static void take_answer(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_watcher *watcher = ov_pool_find(&cluster->watchers, frame->request);
    if (watcher != NULL && watcher->ended && watcher->node == node)
        forget(cluster, watcher);
    else
        cluster->counts.late++;
}

void ov_watcher_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    if (frame->kind == OV_MONITOR)
        take_monitor(cluster, node, frame);
    else if (frame->kind == OV_DEMONITOR)
        take_demonitor(cluster, node, frame);
    else
        take_answer(cluster, node, frame);
}

/* ---- nodes ---- */

/* A later session of the same boot: the peer says anew what it still watches; what has ended is
 * told again. */
void ov_watcher_node_up(struct ov_cluster *cluster, uint32_t node)
{
    struct ov_watcher *watcher;
    for (uint32_t i = 0; (watcher = ov_pool_next(&cluster->watchers, &i)) != NULL;)
        if (watcher->node == node) {
            watcher->gone |= !watcher->ended;
            watcher->after = 0;
            is_due(cluster, watcher);
        }
}

void ov_watcher_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot)
{
    struct ov_watcher *watcher;
    for (uint32_t i = 0; (watcher = ov_pool_next(&cluster->watchers, &i)) != NULL;)
        if (watcher->node == node && watcher->boot == boot) {
            watcher->gone = true;
            is_due(cluster, watcher);
        }
}

/* ---- what is due ---- */

/* One whose node has no session now is due in the next. */
static void send_down(struct ov_cluster *cluster, struct ov_watcher *watcher)
{
    struct ov_frame frame = {.kind = OV_DOWN};

    ov_task_leave(&watcher->task);
    if (!ov_cluster_is_up(cluster, watcher->node, watcher->boot))
        return;
    OV_SET(&frame, request, watcher->slot.id);
    OV_SET(&frame, monitor, watcher->monitor);
    OV_SET(&frame, reason, watcher->reason);
    OV_SET(&frame, incarnation, watcher->incarnation);
    OV_SET(&frame, restart, watcher->restart);
    OV_SET(&frame, after, watcher->after);
    if (watcher->detail_len > 0)
        OV_SET(&frame, detail, ((struct ax_span){watcher->detail, watcher->detail_len}));
    ov_cluster_try(cluster, watcher->node, &frame);
    ov_task_sent(&cluster->to_tell, &watcher->task, cluster->now + cluster->config.retry_ns);
}

static void work(struct ov_cluster *cluster, struct ov_watcher *watcher)
{
    if (watcher->node == OV_HERE) {
        ov_monitor_down_here(cluster, watcher);
        forget(cluster, watcher);
    } else {
        send_down(cluster, watcher);
    }
}

void ov_watcher_work(struct ov_cluster *cluster)
{
    struct ov_task *task;
    while (!ov_row_empty(&cluster->gone)) {
        if (!ov_cluster_has_room(cluster))
            return;
        unwatch_gone(cluster);
    }
    while ((task = ov_agenda_first(&cluster->to_tell, cluster->now)) != NULL) {
        if (!ov_cluster_has_room(cluster))
            return;
        work(cluster, OV_ENTRY(task, struct ov_watcher, task));
    }
}
