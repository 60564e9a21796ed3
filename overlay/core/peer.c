/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

/* ---- nodes ---- */

/* The life of a node that had that boot is over, as far as this node knows. */
static void forget_node(struct ov_cluster *cluster, uint32_t node)
{
    uint64_t boot = cluster->peers[node].ident.boot;
    cluster->peers[node].rotating = false;
    ov_request_node_down(cluster, node, boot);
    ov_key_node_down(cluster, node, boot);
    ov_monitor_node_down(cluster, node, boot);
    ov_watcher_node_down(cluster, node, boot);
}

void ov_peer_up(struct ov_cluster *cluster, const struct ov_effect *effect)
{
    struct ov_peer_node *peer = &cluster->peers[effect->index];
    bool same = peer->ident.boot == effect->ident.boot;

    if (peer->rotating && !same)
        forget_node(cluster, effect->index);
    else if (peer->rotating && !ov_ident_same_process(peer->ident.session, effect->ident.session))
        ov_request_node_down(cluster, effect->index, peer->ident.boot);
    *peer = (struct ov_peer_node){.up = true, .rotating = peer->rotating, .ident = effect->ident};
    if (peer->rotating) {
        ov_monitor_node_up(cluster, effect->index);
        ov_watcher_node_up(cluster, effect->index);
    }
    peer->rotating = false;
    cluster->recount = true;
}

void ov_peer_down(struct ov_cluster *cluster, const struct ov_effect *effect)
{
    struct ov_peer_node *peer = &cluster->peers[effect->index];

    peer->up = peer->suspect = peer->said = false;
    peer->abstains = OV_TAKES_PART;
    peer->rotating = effect->end == OV_END_SESSION;
    peer->rotate_until = cluster->now + cluster->config.core.dead_ns;
    if (!peer->rotating)
        forget_node(cluster, effect->index);
    cluster->recount = true;
}

void ov_peer_suspect(struct ov_cluster *cluster, uint32_t node, bool suspect)
{
    cluster->peers[node].suspect = suspect;
    cluster->recount = true;
}

void ov_peer_part(struct ov_cluster *cluster, uint32_t node, enum ov_abstains abstains)
{
    cluster->peers[node].said = true;
    cluster->peers[node].abstains = abstains;
    cluster->recount = true;
}

void ov_peer_work(struct ov_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++)
        if (cluster->peers[i].rotating && cluster->peers[i].rotate_until <= cluster->now)
            forget_node(cluster, i);
}

/* ---- frames ---- */

static void answer_request(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_pending *request = ov_pool_find(&cluster->requests, frame->request);
    bool asked = request != NULL && request->state == OV_SENT && request->node == node &&
                 request->boot == cluster->peers[node].ident.boot;
    uint32_t registry;

    if (!asked) {
        cluster->counts.late++;
        return;
    }
    if (frame->kind == OV_MOVED) {
        ov_request_answer(cluster, request, AX_E_STALE, (struct ax_span){0});
        registry = ov_cluster_registry(cluster, frame);
        if (registry != OV_NO_REGISTRY)
            ov_owner_hint(cluster, registry, frame);
    } else {
        ov_request_answer(cluster, request, frame->kind == OV_BUSY ? AX_E_BUSY : frame->status,
                          frame->body);
    }
}

static void answer_key(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    struct ov_known *key = ov_pool_find(&cluster->keys, frame->request);
    if (key != NULL && key->asking && key->node == node &&
        key->boot == cluster->peers[node].ident.boot)
        ov_key_answer(cluster, key, frame);
    else
        cluster->counts.late++;
}

/* Its request has the token. */
static void refused(struct ov_cluster *cluster, const struct ov_frame *frame)
{
    struct ov_out *out = ov_cluster_do(cluster, OV_OUT_DEAD);
    cluster->counts.refused++;
    out->token = frame->request & ~OV_UNANSWERED;
    out->status = frame->kind == OV_BUSY    ? AX_E_BUSY
                  : frame->kind == OV_MOVED ? AX_E_STALE
                                            : frame->status;
}

/* Moved and busy are in place of any answer: whose, says the id. */
static void answer_any(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    if ((frame->request & OV_UNANSWERED) != 0)
        refused(cluster, frame);
    else if (ov_pool_what(frame->request) == OV_POOL_MONITORS)
        ov_monitor_frame(cluster, node, frame);
    else if (ov_pool_what(frame->request) == OV_POOL_KEYS)
        answer_key(cluster, node, frame);
    else
        answer_request(cluster, node, frame);
}

static void take_answer(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    switch (frame->kind) {
    case OV_MONITOR:
    case OV_DEMONITOR:
        ov_monitor_frame(cluster, node, frame);
        break;
    case OV_DOWN:
        ov_watcher_frame(cluster, node, frame);
        break;
    case OV_ENSURE:
        answer_key(cluster, node, frame);
        break;
    case OV_ASK:
        answer_request(cluster, node, frame);
        break;
    default: /* a tell's, or in place of any */
        answer_any(cluster, node, frame);
    }
}

static void take_request(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    switch (frame->kind) {
    case OV_MONITOR:
    case OV_DEMONITOR:
        ov_watcher_frame(cluster, node, frame);
        break;
    case OV_DOWN:
        ov_monitor_frame(cluster, node, frame);
        break;
    case OV_RELEASED:
        ov_hold_released(cluster, frame);
        break;
    default:
        ov_serve_frame(cluster, node, frame);
    }
}

void ov_peer_frame(struct ov_cluster *cluster, const struct ov_effect *effect)
{
    const struct ov_frame *frame = &effect->frame;

    cluster->peers[effect->index].taken += effect->plane == OV_DATA;
    if (frame->response || frame->kind == OV_MOVED || frame->kind == OV_BUSY)
        take_answer(cluster, effect->index, frame);
    else
        take_request(cluster, effect->index, frame);
}
