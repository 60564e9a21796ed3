/* SPDX-License-Identifier: MIT */
#include "overlay/core/host_parts.h"

void ov_held_gain(struct ov_host *host, const struct ov_out *out)
{
    struct ov_held *held = ov_host_held(host, out->registry, out->shard);

    host->nheld += held->state != OV_HERE_NOW;
    held->state = OV_HERE_NOW;
    held->epoch = out->epoch;
    ov_row_leave(&held->row);
    ov_hosted_stop_all(host, held, out->epoch - 1, true);
    ov_hosted_bind(host, out->registry, out->shard);
}

/* With the lease of a shard the core has ended all that was for it. */
static void lose_claims(struct ov_host *host, const struct ov_held *held, const struct ov_out *out)
{
    ov_claim_lost(host, &host->due, out->registry, out->shard);
    OV_EACH(&held->actors, at, behind)
    ov_claim_lost(host, &OV_ENTRY(at, struct ov_hosted, in_shard)->claims, out->registry,
                  out->shard);
}

void ov_held_give_up(struct ov_host *host, const struct ov_out *out)
{
    struct ov_held *held = ov_host_held(host, out->registry, out->shard);
    bool lost = out->kind == OV_OUT_LOST;

    if (out->epoch < held->epoch)
        return;
    if (lost)
        lose_claims(host, held, out);
    host->nheld -= held->state == OV_HERE_NOW;
    held->state = OV_GIVEN_UP;
    held->epoch = out->epoch;
    ov_hosted_stop_all(host, held, out->epoch, lost);
}

/* Its place in the tables says which it is. */
bool ov_held_say(struct ov_host *host)
{
    struct ov_held *held = OV_ENTRY(host->stopped.next, struct ov_held, row);
    const struct ov_cluster_config *cluster = host->config.cluster;
    uint32_t registry = 0;

    if (ov_row_empty(&host->stopped))
        return false;
    while (held < host->held[registry] ||
           held >= host->held[registry] + cluster->registries[registry].shards)
        registry++;
    ov_row_leave(&held->row);
    held->state = OV_ELSEWHERE;
    host->in = (struct ov_in){.kind = OV_IN_STOPPED,
                              .registry = registry,
                              .shard = (uint32_t)(held - host->held[registry]),
                              .epoch = held->epoch};
    return true;
}
