/* SPDX-License-Identifier: MIT */
/* closing.c - leases as the workers see them, and what lives under one that is given back.
 *
 * The core gives a lease back when it is told that nothing runs under it. The host says so when all
 * actors have ended that it knows. There may be more: whom those have spawned, and whom only a
 * process of the gateway before this one knew. So the workers are told that the lease is closed, by
 * which all that lives under it ends in order, and the core is not told before each of them has
 * said that nothing does. Until then it renews the lease. */
#include "overlay/gateway/gw.h"

#include "libax/far_serve.h"

#include <stdlib.h>

/* Between two looks whether anything lives still. */
#define LEAST_NS UINT64_C(1000000)
#define MOST_NS UINT64_C(64000000)

/* As workers count them, from 1. */
static uint32_t lease_of(uint32_t registry, uint32_t shard)
{
    uint32_t lease = 1 + shard;
    for (uint32_t i = 0; i < registry; i++)
        lease += gw.registries[i].shards;
    return lease;
}

void gw_closing_open(struct ax_ctx *ctx)
{
    gw.closing = (struct gw_closing){.look_at = UINT64_MAX};
    gw.closing.stopped = calloc(gw_shards() + 1, sizeof *gw.closing.stopped);
    if (gw.closing.stopped == NULL)
        gw_die(ctx, "no memory for leases that are given back");
}

static void look_soon(void)
{
    gw.closing.pause = LEAST_NS;
    gw.closing.look_at = gw.now + LEAST_NS;
}

void gw_lease_publish(struct ax_ctx *ctx, uint32_t registry, uint32_t shard)
{
    struct ov_shard_view view;
    ov_cluster_shard(gw.cluster, registry, shard, gw.now, &view);
    far_lease(ctx, lease_of(registry, shard), view.here ? view.epoch : 0,
              view.here ? gw.now + view.left_ns : 0);
}

void gw_lease_follow(struct ax_ctx *ctx, const struct ov_out *out)
{
    uint32_t lease = lease_of(out->registry, out->shard);
    if (out->kind == OV_OUT_GAINED)
        far_lease_keep(ctx, lease);
    else if (out->kind == OV_OUT_DRAIN)
        gw.closing.tell |= far_lease_close(ctx, lease, out->epoch, gw.now);
    gw_lease_publish(ctx, out->registry, out->shard);
}

bool gw_closed(struct ax_ctx *ctx, const struct ov_in *in)
{
    struct ov_shard_view view;
    uint32_t lease = lease_of(in->registry, in->shard);
    ov_cluster_shard(gw.cluster, in->registry, in->shard, gw.now, &view);
    return view.state != OV_DRAINING || view.epoch != in->epoch ||
           !far_lease_lives(ctx, gw.registries[in->registry].name, lease);
}

void gw_closing_put_off(const struct ov_in *in)
{
    uint64_t *stopped = &gw.closing.stopped[lease_of(in->registry, in->shard)];
    gw.closing.n += *stopped == 0;
    *stopped = in->epoch;
    look_soon();
}

/* ---- when the node leaves ----
 *
 * Whatever was published is closed, also by a process before this one, as the core of this one asks
 * for no lease any more, and may not have come to that. */

static void look_at_left(struct ax_ctx *ctx)
{
    uint32_t lease = 0;
    gw.closing.left = 0;
    for (uint32_t i = 0; i < gw.config.nregistries; i++)
        for (uint32_t shard = 0; shard < gw.registries[i].shards; shard++) {
            uint64_t epoch = far_lease_epoch(ctx, ++lease);
            if (epoch == 0) /* else it may be over, and a turn under it not */
                continue;
            gw.closing.tell |= far_lease_close(ctx, lease, epoch, gw.now);
            if (far_lease_lives(ctx, gw.registries[i].name, lease))
                gw.closing.left++;
            else
                far_lease(ctx, lease, 0, 0);
        }
}

void gw_closing_leave(struct ax_ctx *ctx)
{
    look_at_left(ctx);
    if (gw.closing.left != 0)
        look_soon();
}

/* ---- */

bool gw_closing_any(void)
{
    return gw.closing.n != 0 || gw.closing.left != 0;
}

void gw_closing_tell(struct ax_ctx *ctx)
{
    if (gw.closing.tell)
        far_lease_look(ctx);
    gw.closing.tell = false;
}

/* Of those that were put off: what the core is told now. */
static void go_on(struct ax_ctx *ctx)
{
    struct ov_in in = {.kind = OV_IN_STOPPED};
    for (uint32_t i = 0; i < gw.config.nregistries; i++)
        for (uint32_t shard = 0; shard < gw.registries[i].shards; shard++) {
            uint64_t *stopped = &gw.closing.stopped[lease_of(i, shard)];
            in.registry = i;
            in.shard = shard;
            in.epoch = *stopped;
            if (*stopped == 0 || !gw_closed(ctx, &in))
                continue;
            *stopped = 0;
            gw.closing.n--;
            gw_later(ctx, in.kind)->in = in;
        }
}

void gw_closing_look(struct ax_ctx *ctx)
{
    struct gw_closing *closing = &gw.closing;
    if (gw.now < closing->look_at)
        return;
    closing->look_at = UINT64_MAX;
    if (closing->n != 0)
        go_on(ctx);
    if (closing->left != 0)
        look_at_left(ctx);
    if (!gw_closing_any())
        return;
    closing->pause = 2 * closing->pause < MOST_NS ? 2 * closing->pause : MOST_NS;
    closing->look_at = gw.now + closing->pause;
}
