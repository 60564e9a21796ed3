/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include <ax/actor.h>
#include <string.h>

/* The request of a monitor is its id, and that of taking it back is another. */
#define BACK (1ull << 63)

/* What is said of a monitor that there was no room for: better down than never. */
#define FULL "too many monitors are set on that node"

static void is_due(struct ov_cluster *cluster, struct ov_monitor *monitor)
{
    ov_task_due(&cluster->to_watch, &monitor->task);
}

static void forget(struct ov_cluster *cluster, struct ov_monitor *monitor)
{
    ov_task_leave(&monitor->task);
    ov_pool_give(&cluster->monitors, monitor);
}

static struct ov_frame frame_of(const struct ov_cluster *cluster, const struct ov_monitor *monitor)
{
    struct ov_frame frame = {.kind = OV_MONITOR};
    OV_SET(&frame, request, monitor->slot.id);
    OV_SET(&frame, monitor, monitor->slot.id);
    if (monitor->actor != 0)
        OV_SET(&frame, actor, monitor->actor);
    else
        OV_SET(&frame, endpoint, ((struct ax_span){monitor->endpoint, monitor->endpoint_len}));
    if (monitor->registry != OV_NO_REGISTRY)
        ov_cluster_set_shard(&frame, cluster, monitor->registry, monitor->shard, monitor->epoch);
    OV_SET(&frame, final, monitor->final);
    return frame;
}

/* ---- the end ---- */

static void end_later(struct ov_cluster *cluster, struct ov_monitor *monitor, uint8_t reason)
{
    monitor->state = OV_MON_ENDED;
    monitor->reason = reason;
    is_due(cluster, monitor);
}

static struct ov_out *tell_down(struct ov_cluster *cluster, struct ov_monitor *monitor,
                                uint8_t reason)
{
    struct ov_out *out = ov_cluster_do(cluster, OV_OUT_DOWN);
    out->id = monitor->slot.id;
    out->token = monitor->token;
    out->reason = reason;
    forget(cluster, monitor);
    return out;
}

void ov_monitor_down_here(struct ov_cluster *cluster, const struct ov_watcher *watcher)
{
    struct ov_monitor *monitor = ov_pool_find(&cluster->monitors, watcher->monitor);
    struct ov_out *out = tell_down(cluster, monitor, watcher->reason);
    out->restart = watcher->restart;
    out->incarnation = watcher->incarnation;
    out->detail = ov_cluster_keep(cluster, watcher->detail, watcher->detail_len);
}

/* ---- calls ---- */

static bool valid(const struct ov_cluster *cluster, const struct ov_target *target)
{
    return ov_cluster_knows(cluster, target) && target->key.len == 0 &&
           (target->actor != 0) != (target->endpoint.len > 0) &&
           target->endpoint.len <= sizeof((struct ov_monitor *)0)->endpoint;
}

static int set_here(struct ov_cluster *cluster, struct ov_monitor *monitor)
{
    struct ov_frame frame = frame_of(cluster, monitor);
    uint32_t registry = monitor->registry;

    if (!ov_hold_has(cluster, registry, monitor->shard, monitor->epoch)) {
        end_later(cluster, monitor, AX_LEASE_LOST);
        return 0;
    }
    monitor->state = OV_MON_SET;
    return ov_watcher_here(cluster, &frame, monitor->boot, registry);
}

int ov_monitor_set(struct ov_cluster *cluster, const struct ov_in *in)
{
    const struct ov_target *target = in->target;
    struct ov_monitor *monitor;
    int r = 0;

    if (!valid(cluster, target))
        return AX_E_INVALID;
    monitor = ov_pool_take(&cluster->monitors);
    if (monitor == NULL)
        return AX_E_BUSY;
    ov_task_init(&monitor->task);
    monitor->token = in->token;
    monitor->final = in->final;
    monitor->node = target->node;
    monitor->boot = target->boot;
    monitor->actor = target->actor;
    monitor->registry = target->registry;
    monitor->shard = target->shard;
    monitor->epoch = target->epoch;
    monitor->endpoint_len = (uint8_t)target->endpoint.len;
    if (target->endpoint.len > 0)
        memcpy(monitor->endpoint, target->endpoint.ptr, target->endpoint.len);
    if (!ov_cluster_is_up(cluster, target->node, target->boot))
        end_later(cluster, monitor, AX_NODE_DOWN);
    else if (target->node == OV_HERE)
        r = set_here(cluster, monitor);
    else
        is_due(cluster, monitor);
    cluster->out->id = r == 0 ? monitor->slot.id : 0;
    if (r != 0)
        forget(cluster, monitor);
    return r;
}

int ov_monitor_back(struct ov_cluster *cluster, uint64_t id)
{
    struct ov_monitor *monitor = ov_pool_find(&cluster->monitors, id);

    if (monitor == NULL || monitor->state == OV_MON_BACK)
        return AX_E_NO_KEY;
    if (monitor->node == OV_HERE || monitor->state == OV_MON_ENDED) {
        ov_watcher_back_here(cluster, monitor->boot, id);
        forget(cluster, monitor);
        return 0;
    }
    monitor->state = OV_MON_BACK;
    is_due(cluster, monitor);
    return 0;
}

/* ---- frames ---- */

static bool is_of(const struct ov_cluster *cluster, uint32_t node, const struct ov_monitor *monitor)
{
    return monitor != NULL && monitor->node == node &&
           monitor->boot == cluster->peers[node].ident.boot;
}

/* One that has overtaken what was sent before it is not answered, and comes again. */
static void take_down(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_monitor *monitor = ov_pool_find(&cluster->monitors, frame->monitor);
    struct ov_frame taken = {.kind = OV_DOWN, .response = true};
    struct ov_out *out;

    if (frame->after > cluster->peers[node].taken)
        return;
    OV_SET(&taken, request, frame->request);
    OV_SET(&taken, status, 0);
    ov_cluster_try(cluster, node, &taken);
    if (!is_of(cluster, node, monitor) || monitor->state >= OV_MON_BACK)
        return;
    out = tell_down(cluster, monitor, frame->reason < AX_REASON_COUNT ? frame->reason : AX_OTHER);
    out->restart = frame->restart;
    out->incarnation = frame->incarnation;
    out->detail = frame->detail;
}

static uint8_t reason_of(uint8_t status)
{
    return status == AX_E_STALE                               ? AX_LEASE_LOST
           : status == AX_E_NO_ACTOR || status == AX_E_CLOSED ? AX_GONE
                                                              : AX_PROTOCOL;
}

static struct ov_frame demonitor(uint64_t id)
{
    struct ov_frame frame = {.kind = OV_DEMONITOR};
    OV_SET(&frame, request, BACK | id);
    OV_SET(&frame, monitor, id);
    return frame;
}

/* One that was sent again may be set after the first was refused, or told down: nobody wants it. */
static void take_late(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_frame unwanted = demonitor(frame->request);

    cluster->counts.late++;
    if (frame->kind == OV_MONITOR && frame->status == 0 &&
        ov_pool_find(&cluster->monitors, frame->request) == NULL)
        ov_cluster_try(cluster, node, &unwanted);
}

static void take_answer(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    bool back = (frame->request & BACK) != 0;
    struct ov_monitor *monitor = ov_pool_find(&cluster->monitors, frame->request & ~BACK);

    if (!is_of(cluster, node, monitor) || monitor->state != (back ? OV_MON_BACK : OV_MON_NEW))
        take_late(cluster, node, frame);
    else if (back)
        forget(cluster, monitor);
    else if (frame->kind == OV_BUSY)
        tell_down(cluster, monitor, AX_OTHER)->detail =
            ov_cluster_keep(cluster, FULL, sizeof FULL - 1);
    else if (frame->kind != OV_MONITOR || frame->status != 0)
        (void)tell_down(cluster, monitor, reason_of(frame->status));
    else {
        monitor->state = OV_MON_SET;
        ov_task_leave(&monitor->task);
    }
}

void ov_monitor_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    if (frame->kind == OV_DOWN)
        take_down(cluster, node, frame);
    else
        take_answer(cluster, node, frame);
}

/* ---- nodes ---- */

/* A later session of the same boot: what is under way may be lost, and is sent again. */
void ov_monitor_node_up(struct ov_cluster *cluster, uint32_t node)
{
    struct ov_monitor *monitor;
    for (uint32_t i = 0; (monitor = ov_pool_next(&cluster->monitors, &i)) != NULL;)
        if (is_of(cluster, node, monitor) && monitor->state <= OV_MON_BACK) {
            if (monitor->state == OV_MON_SET)
                monitor->state = OV_MON_NEW;
            is_due(cluster, monitor);
        }
}

void ov_monitor_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot)
{
    struct ov_monitor *monitor;
    for (uint32_t i = 0; (monitor = ov_pool_next(&cluster->monitors, &i)) != NULL;) {
        if (monitor->node != node || monitor->boot != boot)
            continue;
        if (monitor->state == OV_MON_BACK) {
            cluster->counts.unsettled++;
            forget(cluster, monitor);
        } else if (monitor->state != OV_MON_ENDED) {
            end_later(cluster, monitor, AX_NODE_DOWN);
        }
    }
}

/* ---- what is due ---- */

/* Sends it, or sends it again. One whose node has no session now is due in the next. */
static void send_it(struct ov_cluster *cluster, struct ov_monitor *monitor)
{
    struct ov_frame frame = frame_of(cluster, monitor);

    ov_task_leave(&monitor->task);
    if (!ov_cluster_is_up(cluster, monitor->node, monitor->boot))
        return;
    if (monitor->state == OV_MON_BACK)
        frame = demonitor(monitor->slot.id);
    ov_cluster_try(cluster, monitor->node, &frame);
    ov_task_sent(&cluster->to_watch, &monitor->task, cluster->now + cluster->config.retry_ns);
}

void ov_monitor_work(struct ov_cluster *cluster)
{
    struct ov_task *task;
    while ((task = ov_agenda_first(&cluster->to_watch, cluster->now)) != NULL) {
        struct ov_monitor *monitor = OV_ENTRY(task, struct ov_monitor, task);
        if (!ov_cluster_has_room(cluster))
            return;
        if (monitor->state == OV_MON_ENDED)
            (void)tell_down(cluster, monitor, monitor->reason);
        else
            send_it(cluster, monitor);
    }
}
