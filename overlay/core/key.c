/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include "overlay/core/place.h"

#include <sodium.h>
#include <string.h>

/* ---- the table ---- */

static struct ov_known *at(const struct ov_cluster *cluster, uint32_t index)
{
    return ov_pool_at(&cluster->keys, index);
}

static uint32_t *bucket_of(struct ov_cluster *cluster, uint32_t registry, struct ax_span key)
{
    uint64_t secret[2] = {cluster->config.core.seed, registry}, hash;
    _Static_assert(sizeof secret == crypto_shorthash_KEYBYTES, "the key of SipHash");
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "its value");
    crypto_shorthash((void *)&hash, key.ptr, key.len, (const void *)secret);
    return &cluster->buckets[hash & (cluster->nbuckets - 1)];
}

static void forget_one(struct ov_cluster *cluster, struct ov_known *key)
{
    uint32_t *link = bucket_of(cluster, key->registry, (struct ax_span){key->bytes, key->len});
    uint32_t index = ov_pool_index(&cluster->keys, key);
    while (*link != index)
        link = &at(cluster, *link)->chain;
    *link = key->chain;
    ov_pool_give(&cluster->keys, key);
}

static bool idle(const struct ov_known *key)
{
    return key->slot.id != 0 && !key->wanted && !key->asking && key->sent == 0;
}

/* There is one that is idle: each that is not has a request or an ensure, and there are more keys.
 */
static void make_room(struct ov_cluster *cluster)
{
    while (cluster->keys.used == cluster->keys.n) {
        struct ov_known *key = at(cluster, cluster->hand);
        cluster->hand = (cluster->hand + 1) % cluster->keys.n;
        if (idle(key))
            forget_one(cluster, key);
    }
}

struct ov_known *ov_key_get(struct ov_cluster *cluster, uint32_t registry, struct ax_span bytes)
{
    uint32_t *bucket = bucket_of(cluster, registry, bytes);
    struct ov_known *key;

    for (uint32_t i = *bucket; i != OV_NONE; i = key->chain) {
        key = at(cluster, i);
        if (key->registry == registry && key->len == bytes.len &&
            memcmp(key->bytes, bytes.ptr, bytes.len) == 0)
            return key;
    }
    make_room(cluster);
    key = ov_pool_take(&cluster->keys);
    key->registry = registry;
    key->shard = ov_shard_of(bytes, cluster->config.registries[registry].shards);
    key->len = bytes.len;
    memcpy(key->bytes, bytes.ptr, bytes.len);
    key->first = key->last = key->waits = key->before = key->behind = OV_NONE;
    key->chain = *bucket;
    *bucket = ov_pool_index(&cluster->keys, key);
    return key;
}

/* ---- keys that are waited for ---- */

void ov_key_want(struct ov_cluster *cluster, struct ov_known *key, uint64_t contract)
{
    uint32_t index = ov_pool_index(&cluster->keys, key);

    key->contract = contract;
    if (key->wanted)
        return;
    key->wanted = true;
    key->give_up_at = cluster->now + cluster->config.give_up_ns;
    key->before = cluster->last_key;
    key->behind = OV_NONE;
    if (cluster->last_key == OV_NONE)
        cluster->first_key = index;
    else
        at(cluster, cluster->last_key)->behind = index;
    cluster->last_key = index;
}

static void unwant(struct ov_cluster *cluster, struct ov_known *key)
{
    uint32_t *behind =
        key->before == OV_NONE ? &cluster->first_key : &at(cluster, key->before)->behind;
    uint32_t *before =
        key->behind == OV_NONE ? &cluster->last_key : &at(cluster, key->behind)->before;
    *behind = key->behind;
    *before = key->before;
    key->before = key->behind = OV_NONE;
    key->wanted = false;
}

bool ov_key_fresh(const struct ov_cluster *cluster, const struct ov_known *key)
{
    if (key->actor == 0 || key->until <= cluster->now ||
        !ov_cluster_is_up(cluster, key->node, key->boot))
        return false;
    if (key->node == OV_HERE)
        return ov_hold_has(cluster, key->registry, key->shard, key->epoch);
    return !cluster->peers[key->node].suspect && /* another one may have the shard by now */
           cluster->owners[key->registry][key->shard].epoch <= key->epoch;
}

void ov_key_forget(struct ov_known *key)
{
    key->actor = 0;
}

/* ---- its ensure ---- */

static void asked_no_more(struct ov_cluster *cluster, struct ov_known *key)
{
    cluster->asking -= key->asking;
    key->asking = false;
    ov_pool_renew(&cluster->keys, key); /* what answers that one is late */
}

static bool ask(struct ov_cluster *cluster, struct ov_known *key, uint32_t node, uint64_t epoch)
{
    struct ov_frame frame = {.kind = OV_ENSURE};
    int r;

    ov_pool_renew(&cluster->keys, key);
    OV_SET(&frame, request, key->slot.id);
    OV_SET(&frame, timeout, cluster->config.retry_ns);
    ov_cluster_set_shard(&frame, cluster, key->registry, key->shard, epoch);
    OV_SET(&frame, key, ((struct ax_span){key->bytes, key->len}));
    OV_SET(&frame, contract, key->contract);
    key->asking = true;
    cluster->asking++;
    key->node = node;
    key->boot =
        node == OV_HERE ? cluster->config.core.self->ident.boot : cluster->peers[node].ident.boot;
    key->epoch = epoch;
    key->until = cluster->now + cluster->config.retry_ns;
    r = node == OV_HERE ? ov_serve_here(cluster, &frame, key->registry)
                        : ov_cluster_send(cluster, node, &frame);
    if (r == 0)
        return true;
    asked_no_more(cluster, key);
    key->retry_at = cluster->now + cluster->config.resolve_ns;
    return false;
}

void ov_key_ensured(struct ov_cluster *cluster, struct ov_known *key, uint8_t status,
                    uint64_t actor, uint32_t incarnation)
{
    asked_no_more(cluster, key);
    if (status == 0 && actor != 0) {
        key->actor = actor;
        key->incarnation = incarnation;
        key->until = cluster->now + cluster->config.key_ns;
        key->give_up_at = cluster->now + cluster->config.give_up_ns;
    } else if (status == AX_E_STALE) {
        ov_owner_forget(cluster, key->registry, key->shard);
        if (key->node == OV_HERE) /* who has the lease here needs no store to be found again */
            key->retry_at = cluster->now + cluster->config.resolve_ns;
    } else if (status == AX_E_BUSY) {
        key->retry_at = cluster->now + cluster->config.resolve_ns;
    } else {
        ov_request_fail_all(cluster, key, status != 0 ? status : AX_E_PROTOCOL);
    }
}

void ov_key_answer(struct ov_cluster *cluster, struct ov_known *key, const struct ov_frame *frame)
{
    if (frame->kind == OV_MOVED) {
        ov_key_ensured(cluster, key, AX_E_STALE, 0, 0);
        if (ov_cluster_registry(cluster, frame) == key->registry && frame->shard == key->shard)
            ov_owner_hint(cluster, key->registry, frame);
    } else if (frame->kind == OV_BUSY) {
        ov_key_ensured(cluster, key, AX_E_BUSY, 0, 0);
    } else {
        ov_key_ensured(cluster, key, frame->status, frame->actor, frame->incarnation);
    }
}

void ov_key_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot)
{
    for (uint32_t i = cluster->first_key; i != OV_NONE; i = at(cluster, i)->behind) {
        struct ov_known *key = at(cluster, i);
        if (key->asking && key->node == node && key->boot == boot) {
            asked_no_more(cluster, key);
            ov_owner_forget(cluster, key->registry, key->shard);
        }
    }
}

/* ---- what is due ---- */

static uint8_t why_not_found(struct ov_cluster *cluster, const struct ov_known *key)
{
    const struct ov_owner *owner = ov_owner_of(cluster, key->registry, key->shard);
    return owner->ident.boot != 0 ? AX_E_NODE_DOWN : AX_E_STALE;
}

/* One thing; false: there is nothing to do for now. */
static bool work(struct ov_cluster *cluster, struct ov_known *key)
{
    uint32_t node;
    uint64_t epoch;

    if (key->asking && key->until > cluster->now)
        return false;
    if (key->asking)
        asked_no_more(cluster, key); /* and asked again: it is the same to ask twice */
    if (key->first != OV_NONE && ov_key_fresh(cluster, key)) {
        if (key->waits == OV_NONE)
            return false;
        ov_request_release(cluster, key);
        return true;
    }
    if (key->first == OV_NONE || key->sent > 0)
        return false;
    if (key->give_up_at <= cluster->now) {
        ov_request_fail_all(cluster, key, why_not_found(cluster, key));
        return false;
    }
    if (key->retry_at > cluster->now)
        return false;
    if (!ov_owner_find(cluster, key->registry, key->shard, &node, &epoch))
        return ov_owner_ask(cluster, key->registry, key->shard);
    return cluster->asking < cluster->config.ensures && ask(cluster, key, node, epoch);
}

void ov_key_work(struct ov_cluster *cluster)
{
    for (uint32_t i = cluster->first_key, behind; i != OV_NONE; i = behind) {
        struct ov_known *key = at(cluster, i);
        behind = key->behind;
        while (ov_cluster_has_room(cluster) && work(cluster, key))
            ;
        if (key->first == OV_NONE && !key->asking)
            unwant(cluster, key);
    }
}

static uint64_t next_of(const struct ov_cluster *cluster, const struct ov_known *key)
{
    uint64_t next = key->give_up_at, epoch;
    uint32_t node;
    if (key->asking)
        return key->until;
    if (ov_key_fresh(cluster, key))
        return key->waits == OV_NONE ? key->until : 0;
    if (key->sent > 0)
        return UINT64_MAX;
    if (key->retry_at > cluster->now)
        ov_sooner(&next, key->retry_at);
    else if (!ov_owner_find(cluster, key->registry, key->shard, &node, &epoch))
        ov_sooner(&next, ov_owner_next(cluster, key->registry, key->shard));
    return next;
}

uint64_t ov_key_next(const struct ov_cluster *cluster)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = cluster->first_key; i != OV_NONE; i = at(cluster, i)->behind)
        ov_sooner(&next, next_of(cluster, at(cluster, i)));
    return next;
}
