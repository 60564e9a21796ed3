/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include <string.h>

static struct ov_pending *at(const struct ov_cluster *cluster, uint32_t index)
{
    return ov_pool_at(&cluster->requests, index);
}

static struct ov_known *key_of(const struct ov_cluster *cluster, const struct ov_pending *request)
{
    return request->key != OV_NONE ? ov_pool_at(&cluster->keys, request->key) : NULL;
}

/* ---- the row of a key: by the order in which they were made ---- */

static void line_up(struct ov_cluster *cluster, struct ov_pending *request)
{
    struct ov_known *key = key_of(cluster, request);
    uint32_t index = ov_pool_index(&cluster->requests, request);
    uint32_t before = key->last, behind = OV_NONE;

    while (before != OV_NONE && at(cluster, before)->order > request->order) {
        behind = before;
        before = at(cluster, before)->before;
    }
    request->state = OV_WAITS;
    request->before = before;
    request->behind = behind;
    *(before == OV_NONE ? &key->first : &at(cluster, before)->behind) = index;
    *(behind == OV_NONE ? &key->last : &at(cluster, behind)->before) = index;
    if (key->waits == OV_NONE || at(cluster, key->waits)->order > request->order)
        key->waits = index;
    ov_key_want(cluster, key, request->contract);
}

static bool waits(const struct ov_cluster *cluster, uint32_t index)
{
    return index == OV_NONE || at(cluster, index)->state == OV_WAITS;
}

/* The first behind it that has not been asked for its body. */
static uint32_t next_waiting(const struct ov_cluster *cluster, const struct ov_pending *request)
{
    uint32_t index = request->behind;
    while (!waits(cluster, index))
        index = at(cluster, index)->behind;
    return index;
}

static void step_out(struct ov_cluster *cluster, struct ov_pending *request)
{
    struct ov_known *key = key_of(cluster, request);
    if (key->waits == ov_pool_index(&cluster->requests, request))
        key->waits = next_waiting(cluster, request);
    *(request->before == OV_NONE ? &key->first : &at(cluster, request->before)->behind) =
        request->behind;
    *(request->behind == OV_NONE ? &key->last : &at(cluster, request->behind)->before) =
        request->before;
    request->before = request->behind = OV_NONE;
}

/* ---- the end ---- */

/* Takes it out of wherever it is. */
static void leave(struct ov_cluster *cluster, struct ov_pending *request)
{
    struct ov_known *key = key_of(cluster, request);
    if (key == NULL || request->state == OV_ENDED)
        return;
    if (request->state != OV_SENT) {
        step_out(cluster, request);
        return;
    }
    key->sent--;
    if (request->order > key->past)
        key->past = request->order;
}

/* To be told when there is room. */
static void end_later(struct ov_cluster *cluster, struct ov_pending *request, uint8_t status)
{
    leave(cluster, request);
    request->state = OV_ENDED;
    request->status = status;
    cluster->requests_at = 0;
}

static struct ov_out *tell_end(struct ov_cluster *cluster, struct ov_pending *request,
                               uint8_t status)
{
    struct ov_out *out = ov_cluster_do(cluster, OV_OUT_END);
    leave(cluster, request);
    out->id = request->slot.id;
    out->token = request->token;
    out->status = status;
    ov_pool_give(&cluster->requests, request);
    return out;
}

static void end_ensure(struct ov_cluster *cluster, struct ov_pending *request,
                       const struct ov_known *key)
{
    struct ov_out *out = tell_end(cluster, request, 0);
    out->node = key->node;
    out->boot = key->boot;
    out->actor = key->actor;
    out->incarnation = key->incarnation;
    out->registry = key->registry;
    out->shard = key->shard;
    out->epoch = key->epoch;
}

void ov_request_fail_all(struct ov_cluster *cluster, struct ov_known *key, uint8_t status)
{
    while (key->first != OV_NONE)
        end_later(cluster, at(cluster, key->first), status);
}

void ov_request_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot)
{
    struct ov_pending *request;
    for (uint32_t i = 0; (request = ov_pool_next(&cluster->requests, &i)) != NULL;)
        if (request->state == OV_SENT && request->node == node && request->boot == boot)
            end_later(cluster, request, AX_E_NODE_DOWN);
}

/* Nothing was done: its actor is elsewhere by now. The first time it is looked for at once. */
static void again(struct ov_cluster *cluster, struct ov_pending *request, struct ov_known *key)
{
    key->sent--;
    if (key->misses < UINT8_MAX && key->misses++ > 0)
        key->retry_at = cluster->now + cluster->config.resolve_ns;
    ov_key_forget(key);
    cluster->counts.retried++;
    line_up(cluster, request);
}

void ov_request_answer(struct ov_cluster *cluster, struct ov_pending *request, uint8_t status,
                       struct ax_span body)
{
    struct ov_known *key = key_of(cluster, request);
    bool undone = status == AX_E_NO_ACTOR || status == AX_E_CLOSED || status == AX_E_STALE;

    if (key != NULL && undone) {
        if (status == AX_E_STALE)
            ov_owner_forget(cluster, key->registry, key->shard);
        again(cluster, request, key);
        return;
    }
    if (key != NULL)
        key->misses = 0;
    tell_end(cluster, request, status)->body = body;
}

/* ---- the way there ---- */

/* Of which life of which node, and what of it. */
static void aim(struct ov_cluster *cluster, struct ov_frame *frame, const struct ov_target *target)
{
    if (target->actor != 0)
        OV_SET(frame, actor, target->actor);
    else
        OV_SET(frame, endpoint, target->endpoint);
    if (target->registry != OV_NO_REGISTRY)
        ov_cluster_set_shard(frame, cluster, target->registry, target->shard, target->epoch);
}

static int send(struct ov_cluster *cluster, const struct ov_target *target, struct ov_frame *frame)
{
    aim(cluster, frame, target);
    if (!ov_cluster_is_up(cluster, target->node, target->boot))
        return AX_E_NODE_DOWN;
    return target->node == OV_HERE ? ov_serve_here(cluster, frame, target->registry)
                                   : ov_cluster_send(cluster, target->node, frame);
}

static struct ov_frame frame_of(const struct ov_cluster *cluster, const struct ov_pending *request,
                                struct ax_span body)
{
    struct ov_frame frame = {.kind = request->kind, .body = body};
    OV_SET(&frame, request, request->slot.id);
    if (request->kind == OV_ASK)
        OV_SET(&frame, timeout, request->deadline - cluster->now);
    else
        OV_SET(&frame, answer, true);
    OV_SET(&frame, contract, request->contract);
    OV_SET(&frame, method, request->method);
    if (request->sender != 0)
        OV_SET(&frame, sender, request->sender);
    return frame;
}

static int send_to_key(struct ov_cluster *cluster, struct ov_pending *request, struct ov_known *key,
                       struct ax_span body)
{
    struct ov_target target = {.registry = key->registry,
                               .node = key->node,
                               .boot = key->boot,
                               .actor = key->actor,
                               .shard = key->shard,
                               .epoch = key->epoch};
    struct ov_frame frame = frame_of(cluster, request, body);
    int r = send(cluster, &target, &frame);
    if (r != 0)
        return r;
    request->state = OV_SENT;
    request->node = key->node;
    request->boot = key->boot;
    key->sent++;
    return 0;
}

static bool not_there(int r)
{
    return r == AX_E_NODE_DOWN || r == AX_E_STALE;
}

void ov_request_release(struct ov_cluster *cluster, struct ov_known *key)
{
    struct ov_pending *request = at(cluster, key->waits);
    struct ov_out *out;

    if (request->kind == OV_ENSURE) {
        end_ensure(cluster, request, key);
        return;
    }
    if (request->order < key->past) { /* one behind it was not refused as this one was */
        (void)tell_end(cluster, request, AX_E_STALE);
        return;
    }
    key->waits = next_waiting(cluster, request);
    request->state = OV_ASKED_FOR;
    out = ov_cluster_do(cluster, OV_OUT_READY);
    out->id = request->slot.id;
    out->token = request->token;
}

/* Where its key has lost its actor in the meantime, or another one is to go first, it waits on. */
int ov_request_go_on(struct ov_cluster *cluster, uint64_t id, struct ax_span body)
{
    struct ov_pending *request = ov_pool_find(&cluster->requests, id);
    struct ov_known *key;
    int r;

    if (request == NULL || request->state != OV_ASKED_FOR)
        return AX_E_NO_KEY;
    key = key_of(cluster, request);
    step_out(cluster, request);
    if (key->first != OV_NONE && at(cluster, key->first)->order < request->order) {
        line_up(cluster, request);
        return 0;
    }
    r = ov_key_fresh(cluster, key) && request->deadline > cluster->now
            ? send_to_key(cluster, request, key, body)
            : AX_E_STALE;
    if (r == AX_E_LIMIT || not_there(r)) {
        line_up(cluster, request);
    } else if (r != 0) {
        request->state = OV_ENDED; /* it has stepped out */
        (void)tell_end(cluster, request, (uint8_t)r);
    }
    return r == AX_E_LIMIT ? r : 0;
}

int ov_request_cancel(struct ov_cluster *cluster, uint64_t id)
{
    struct ov_pending *request = ov_pool_find(&cluster->requests, id);
    if (request == NULL || request->state == OV_ENDED)
        return AX_E_NO_KEY;
    leave(cluster, request);
    ov_pool_give(&cluster->requests, request);
    return 0;
}

/* ---- the beginning ---- */

static bool valid(const struct ov_cluster *cluster, const struct ov_request *request)
{
    const struct ov_target *target = &request->target;
    bool by_key = target->key.len > 0;

    if (!ov_cluster_knows(cluster, target) || target->key.len > OV_KEY_MAX ||
        request->token >= OV_UNANSWERED)
        return false;
    if (by_key)
        return target->registry != OV_NO_REGISTRY && !request->unanswered &&
               (request->kind == OV_ENSURE || request->kind == OV_TELL || request->kind == OV_ASK);
    return (target->actor != 0) != (target->endpoint.len > 0) &&
           (request->kind == OV_TELL || (request->kind == OV_ASK && !request->unanswered));
}

static int tell_unanswered(struct ov_cluster *cluster, const struct ov_request *request)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = request->body};
    OV_SET(&frame, request, OV_UNANSWERED | request->token);
    OV_SET(&frame, contract, request->contract);
    OV_SET(&frame, method, request->method);
    if (request->sender != 0)
        OV_SET(&frame, sender, request->sender);
    return send(cluster, &request->target, &frame);
}

static int send_straight(struct ov_cluster *cluster, struct ov_pending *pending,
                         const struct ov_request *request)
{
    struct ov_frame frame = frame_of(cluster, pending, request->body);
    int r = send(cluster, &request->target, &frame);
    pending->state = OV_SENT;
    pending->node = request->target.node;
    pending->boot = request->target.boot;
    return r;
}

static int send_or_wait(struct ov_cluster *cluster, struct ov_pending *pending,
                        const struct ov_request *request)
{
    struct ov_known *key = ov_key_get(cluster, request->target.registry, request->target.key);
    int r = AX_E_STALE;

    pending->key = ov_pool_index(&cluster->keys, key);
    if (pending->kind == OV_ENSURE && key->first == OV_NONE && key->sent == 0)
        ov_key_forget(key); /* it may have ended, and nothing would come back from there */
    if (pending->kind != OV_ENSURE && key->first == OV_NONE && ov_key_fresh(cluster, key))
        r = send_to_key(cluster, pending, key, request->body);
    if (not_there(r))
        line_up(cluster, pending);
    return not_there(r) ? 0 : r;
}

int ov_request_make(struct ov_cluster *cluster, const struct ov_request *request)
{
    struct ov_pending *pending;
    int r;

    if (!valid(cluster, request))
        return AX_E_INVALID;
    if (request->deadline <= cluster->now)
        return AX_E_TIMEOUT;
    if (request->unanswered)
        return tell_unanswered(cluster, request);
    if (cluster->requests.used >= cluster->config.requests &&
        !ov_endpoint_is_own(request->target.endpoint))
        return AX_E_BUSY;
    pending = ov_pool_take(&cluster->requests);
    if (pending == NULL)
        return AX_E_BUSY;
    pending->kind = request->kind;
    pending->method = request->method;
    pending->key = pending->before = pending->behind = OV_NONE;
    pending->token = request->token;
    pending->deadline = request->deadline;
    pending->contract = request->contract;
    pending->sender = request->sender;
    pending->order = ++cluster->orders;
    r = request->target.key.len > 0 ? send_or_wait(cluster, pending, request)
                                    : send_straight(cluster, pending, request);
    if (r != 0) {
        ov_pool_give(&cluster->requests, pending);
        return r;
    }
    cluster->out->id = pending->slot.id;
    ov_sooner(&cluster->requests_at, pending->deadline);
    return 0;
}

/* ---- what is due ---- */

void ov_request_work(struct ov_cluster *cluster)
{
    uint64_t next = UINT64_MAX;
    struct ov_pending *request;

    if (cluster->requests_at > cluster->now)
        return;
    for (uint32_t i = 0; (request = ov_pool_next(&cluster->requests, &i)) != NULL;) {
        bool ended = request->state == OV_ENDED;
        if (!ended && request->deadline > cluster->now)
            ov_sooner(&next, request->deadline);
        else if (ov_cluster_has_room(cluster))
            (void)tell_end(cluster, request, ended ? request->status : AX_E_TIMEOUT);
        else
            return;
    }
    cluster->requests_at = next;
}
