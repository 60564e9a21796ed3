/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include "overlay/core/place.h"

#include <string.h>

/* ---- what is said back ---- */

static void refuse(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *request,
                   uint8_t status)
{
    struct ov_frame frame = {.kind = request->kind, .response = true};
    OV_SET(&frame, request, request->request);
    OV_SET(&frame, status, status);
    ov_cluster_try(cluster, node, &frame);
}

static void say_busy(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *request)
{
    struct ov_frame frame = {.kind = OV_BUSY};
    OV_SET(&frame, request, request->request);
    cluster->counts.busy++;
    ov_cluster_try(cluster, node, &frame);
}

/* Who has the shard, as far as is known here, and the highest epoch that was heard of. */
static void say_moved(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *request,
                      uint32_t registry)
{
    const struct ov_owner *owner = ov_owner_of(cluster, registry, request->shard);
    uint64_t own = ov_shards_epoch(&cluster->shards[registry], request->shard, cluster->now);
    struct ov_ident ident = own != 0 ? cluster->config.core.self->ident : owner->ident;
    uint64_t epoch = own != 0 ? own : owner->epoch;
    char text[OV_ID_TEXT];
    struct ov_frame frame = {.kind = OV_MOVED};

    OV_SET(&frame, request, request->request);
    ov_cluster_set_shard(&frame, cluster, registry, request->shard,
                         epoch > request->epoch || own != 0 ? epoch : request->epoch);
    if (ident.boot != 0 && (own != 0 || owner->until > cluster->now)) {
        struct ax_span span = {text, (uint32_t)ov_ident_format(&ident, text)};
        OV_SET(&frame, owner, span);
    }
    cluster->counts.moved++;
    ov_cluster_try(cluster, node, &frame);
}

/* ---- a request ---- */

/* Whether the shard is this node's under the epoch of the request. A later one than this node's
 * says that it is no more. */
static bool owns(struct ov_cluster *cluster, const struct ov_frame *frame, uint32_t registry)
{
    ov_hold_saw(cluster, registry, frame->shard, frame->epoch);
    return ov_hold_has(cluster, registry, frame->shard, frame->epoch);
}

static bool right_shard(const struct ov_cluster *cluster, const struct ov_frame *frame,
                        uint32_t registry)
{
    return (frame->has & OV_HAS(key)) == 0 ||
           ov_shard_of(frame->key, cluster->config.registries[registry].shards) == frame->shard;
}

static struct ov_served *take_place(struct ov_cluster *cluster, const struct ov_frame *frame,
                                    uint32_t node, uint32_t registry)
{
    bool full = cluster->serving >= cluster->config.requests;
    bool spare = frame->kind == OV_ENSURE || (full && ov_endpoint_is_own(frame->endpoint));
    struct ov_served *served;

    if (spare ? cluster->serving_ensures >= cluster->config.ensures : full)
        return NULL;
    served = ov_pool_take(&cluster->served);
    *(spare ? &cluster->serving_ensures : &cluster->serving) += 1;
    served->spare = spare;
    served->kind = frame->kind;
    served->node = node;
    served->registry = registry;
    served->shard = frame->shard;
    served->boot = node == OV_HERE ? 0 : cluster->peers[node].ident.boot;
    served->request = frame->request;
    return served;
}

static void leave_place(struct ov_cluster *cluster, struct ov_served *served)
{
    *(served->spare ? &cluster->serving_ensures : &cluster->serving) -= 1;
    ov_pool_give(&cluster->served, served);
}

static void hand_over(struct ov_cluster *cluster, const struct ov_frame *frame, uint32_t node,
                      uint32_t registry, const struct ov_served *served)
{
    struct ov_out *out = ov_cluster_do(cluster, frame->kind == OV_ENSURE ? OV_OUT_ENSURE
                                                : frame->kind == OV_ASK  ? OV_OUT_ASK
                                                                         : OV_OUT_TELL);
    out->handle = served != NULL ? served->slot.id : 0;
    out->node = node;
    out->frame = frame;
    out->registry = registry;
    out->shard = frame->shard;
    out->epoch = frame->epoch;
    out->key = frame->key;
    out->contract = frame->contract;
    out->actor = frame->actor;
}

void ov_serve_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame)
{
    uint32_t registry = OV_NO_REGISTRY;
    struct ov_served *served = NULL;
    bool answered = frame->kind != OV_TELL || frame->answer;

    if ((frame->has & OV_HAS(registry)) != 0) {
        registry = ov_cluster_registry(cluster, frame);
        if (registry == OV_NO_REGISTRY || !right_shard(cluster, frame, registry)) {
            refuse(cluster, node, frame, AX_E_INVALID);
            return;
        }
        if (!owns(cluster, frame, registry)) {
            say_moved(cluster, node, frame, registry);
            return;
        }
    }
    if (answered && (served = take_place(cluster, frame, node, registry)) == NULL)
        say_busy(cluster, node, frame);
    else
        hand_over(cluster, frame, node, registry, served);
}

int ov_serve_here(struct ov_cluster *cluster, const struct ov_frame *frame, uint32_t registry)
{
    struct ov_served *served = NULL;
    bool answered = frame->kind != OV_TELL || frame->answer;

    if (!ov_hold_has(cluster, registry, frame->shard, frame->epoch))
        return AX_E_STALE;
    if (answered && (served = take_place(cluster, frame, OV_HERE, registry)) == NULL)
        return AX_E_BUSY;
    cluster->local[cluster->nlocal] = *frame;
    hand_over(cluster, &cluster->local[cluster->nlocal++], OV_HERE, registry, served);
    return 0;
}

/* ---- its answer ---- */

static void answer_here(struct ov_cluster *cluster, const struct ov_served *served,
                        const struct ov_answer *answer)
{
    if (served->kind == OV_ENSURE) {
        struct ov_known *key = ov_pool_find(&cluster->keys, served->request);
        if (key != NULL && key->asking)
            ov_key_ensured(cluster, key, answer->status, answer->actor, answer->incarnation);
    } else {
        struct ov_pending *request = ov_pool_find(&cluster->requests, served->request);
        if (request != NULL && request->state == OV_SENT)
            ov_request_answer(cluster, request, answer->status, answer->body);
        else
            cluster->counts.orphans++;
    }
}

static int answer_there(struct ov_cluster *cluster, const struct ov_served *served,
                        const struct ov_answer *answer)
{
    struct ov_frame frame = {.kind = served->kind, .response = true};
    int r;

    if (!ov_cluster_is_up(cluster, served->node, served->boot))
        return AX_E_NODE_DOWN;
    OV_SET(&frame, request, served->request);
    OV_SET(&frame, status, answer->status);
    if (served->kind == OV_ENSURE && answer->actor != 0) {
        OV_SET(&frame, actor, answer->actor);
        OV_SET(&frame, incarnation, answer->incarnation);
    }
    if (served->kind == OV_ASK && answer->status == 0)
        frame.body = answer->body;
    r = ov_cluster_send(cluster, served->node, &frame);
    if (r == AX_E_TOO_BIG) {
        frame.body = (struct ax_span){0};
        OV_SET(&frame, status, AX_E_TOO_BIG);
        r = ov_cluster_send(cluster, served->node, &frame);
    }
    return r;
}

int ov_serve_answer(struct ov_cluster *cluster, const struct ov_answer *answer)
{
    struct ov_served *served = ov_pool_find(&cluster->served, answer->handle);

    if (served == NULL)
        return AX_E_NO_KEY;
    if (served->node == OV_HERE) {
        answer_here(cluster, served, answer);
    } else {
        int r = answer_there(cluster, served, answer);
        if (r == AX_E_LIMIT)
            return r;
        cluster->counts.orphans += r != 0;
    }
    leave_place(cluster, served);
    return 0;
}

/* ---- the lease is lost ---- */

void ov_serve_lost(struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    struct ov_served *served;
    for (uint32_t i = 0; (served = ov_pool_next(&cluster->served, &i)) != NULL;)
        if (served->registry == registry && served->shard == shard) {
            served->lost = true;
            cluster->served_at = 0;
        }
}

/* Whether it was done nobody knows, so it is not to be tried again; but to ensure twice is the same
 * as once. */
void ov_serve_work(struct ov_cluster *cluster)
{
    struct ov_served *served;
    if (cluster->served_at > cluster->now)
        return;
    for (uint32_t i = 0; (served = ov_pool_next(&cluster->served, &i)) != NULL;) {
        struct ov_answer answer = {.handle = served->slot.id,
                                   .status =
                                       served->kind == OV_ENSURE ? AX_E_STALE : AX_E_CANCELED};
        if (!served->lost)
            continue;
        if (!ov_cluster_has_room(cluster))
            return;
        if (ov_serve_answer(cluster, &answer) != 0)
            return; /* in the next step */
    }
    cluster->served_at = UINT64_MAX;
}
