/* SPDX-License-Identifier: MIT */
#include "overlay/core/cluster_parts.h"

#include <string.h>

struct ov_owner *ov_owner_of(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    return &cluster->owners[registry][shard];
}

/* The node that has a session with that boot of it now; OV_NONE: none has. */
static uint32_t node_of(const struct ov_cluster *cluster, const struct ov_ident *ident)
{
    for (uint32_t i = 0; i < cluster->config.core.nodes_max; i++)
        if (cluster->peers[i].up && cluster->peers[i].ident.boot == ident->boot &&
            strcmp(cluster->peers[i].ident.node, ident->node) == 0)
            return i;
    return OV_NONE;
}

bool ov_owner_find(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                   uint32_t *node, uint64_t *epoch)
{
    const struct ov_owner *owner = ov_owner_of(cluster, registry, shard);

    *epoch = ov_shards_epoch(&cluster->shards[registry], shard, cluster->now);
    *node = OV_HERE;
    if (*epoch != 0)
        return true;
    if (owner->ident.boot == 0 || owner->until <= cluster->now)
        return false;
    *epoch = owner->epoch;
    *node = node_of(cluster, &owner->ident);
    return *node != OV_NONE;
}

/* Where a shard is handed over it has its next owner within a few round trips, and after a death
 * not for long: so the first questions come soon, and each of the others after twice as long. */
bool ov_owner_ask(struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    struct ov_owner *owner = ov_owner_of(cluster, registry, shard);
    struct ov_store_request request = {.op = OV_STORE_READ, .shard = shard};

    if (ov_owner_next(cluster, registry, shard) > cluster->now)
        return false;
    owner->read = ++cluster->reads * OV_SHARDS_MOST + shard;
    owner->read_until = cluster->now + cluster->config.answer_ns;
    owner->read_at =
        cluster->now + (cluster->config.resolve_ns >> (OV_READ_SOON - owner->read_in_vain));
    owner->read_in_vain += owner->read_in_vain < OV_READ_SOON;
    cluster->counts.reads++;
    request.number = owner->read;
    request.asker = cluster->config.core.self->ident;
    memcpy(request.registry, cluster->shards[registry].registry, sizeof request.registry);
    ov_cluster_store(cluster, 2 * registry + 1, &request);
    return true;
}

uint64_t ov_owner_next(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    const struct ov_owner *owner = ov_owner_of(cluster, registry, shard);
    return owner->read != 0 && owner->read_until > owner->read_at ? owner->read_until
                                                                  : owner->read_at;
}

static void see(struct ov_owner *owner, uint64_t epoch)
{
    if (epoch <= owner->epoch)
        return;
    owner->epoch = epoch;
    owner->read_in_vain = 0;
}

/* An epoch that is known never falls: who has a lower one, as the store has lost what it knew, is
 * shown the higher one by the next request, and asks the store anew. */
void ov_owner_answer(struct ov_cluster *cluster, uint32_t registry,
                     const struct ov_store_answer *answer)
{
    uint32_t shard = (uint32_t)(answer->number % OV_SHARDS_MOST);
    struct ov_owner *owner;

    if (shard >= cluster->config.registries[registry].shards)
        return;
    owner = ov_owner_of(cluster, registry, shard);
    if (owner->read != answer->number)
        return;
    owner->read = 0;
    owner->hinted = false;
    if (answer->outcome == OV_STORE_UNKNOWN)
        return;
    owner->ident = answer->owner;
    owner->until = cluster->now + cluster->config.owner_ns;
    see(owner, answer->epoch);
}

void ov_owner_hint(struct ov_cluster *cluster, uint32_t registry, const struct ov_frame *moved)
{
    struct ov_owner *owner = ov_owner_of(cluster, registry, moved->shard);
    bool newer = moved->epoch > owner->epoch;

    ov_owner_forget(cluster, registry, moved->shard);
    if (!ov_epoch_believed(owner->epoch, moved->epoch))
        return;
    see(owner, moved->epoch);
    if ((moved->has & OV_HAS(owner)) == 0 || moved->epoch < owner->epoch ||
        (!newer && owner->hinted) || ov_ident_parse(moved->owner, &owner->ident) != 0)
        return;
    owner->hinted = true;
    owner->until = cluster->now + cluster->config.owner_ns;
}

void ov_owner_forget(struct ov_cluster *cluster, uint32_t registry, uint32_t shard)
{
    struct ov_owner *owner = ov_owner_of(cluster, registry, shard);
    owner->ident = (struct ov_ident){0};
    owner->until = 0;
}
