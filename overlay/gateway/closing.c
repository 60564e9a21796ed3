/* SPDX-License-Identifier: MIT */
/* closing.c - leases as the workers see them, and what lives under one that is given back.
 *
 * The core gives a lease back when all actors that it had spawned have ended. There may be more:
 * what those have spawned, and those that only a process of the gateway before this one knew. So
 * the workers are told when a lease is closed, by which all that lives under it ends in order, and
 * the store is not before each of them has said that nothing does. Until then, or until it is over,
 * the lease stays as it was published last. */
#include "overlay/gateway/gw.h"

#include "libax/far_serve.h"

#include <string.h>

#define LIVES_NS UINT64_C(1000000) /* until it is looked whether anything lives still */

/* As workers count them. */
static uint32_t lease_of(uint32_t registry, uint32_t shard)
{
    uint32_t lease = 1 + shard;
    for (uint32_t i = 0; i < registry; i++)
        lease += gw.registries[i].shards;
    return lease;
}

static struct gw_unsent *returned(const char *registry, uint32_t shard)
{
    struct gw_closing *closing = &gw.closing;
    for (uint32_t i = 0; i < closing->n; i++)
        if (closing->returned[i].request.shard == shard &&
            strcmp(closing->returned[i].request.registry, registry) == 0)
            return &closing->returned[i];
    return NULL;
}

static void forget(const char *registry, uint32_t shard)
{
    struct gw_unsent *at = returned(registry, shard);
    if (at != NULL)
        *at = gw.closing.returned[--gw.closing.n];
}

void gw_lease_publish(struct ax_ctx *ctx, uint32_t registry, uint32_t shard)
{
    struct ov_shard_view view;
    if (returned(gw.registries[registry].name, shard) != NULL)
        return;
    ov_cluster_shard(gw.cluster, registry, shard, gw.now, &view);
    far_lease(ctx, lease_of(registry, shard), view.here ? view.epoch : 0,
              view.here ? gw.now + view.left_ns : 0);
}

void gw_lease_follow(struct ax_ctx *ctx, const struct ov_out *out)
{
    uint32_t lease = lease_of(out->registry, out->shard);
    const char *registry = gw.registries[out->registry].name;
    if (out->kind == OV_OUT_DRAIN)
        far_lease_close(ctx, registry, lease, out->epoch, gw.now);
    else
        forget(registry, out->shard);
    if (out->kind == OV_OUT_GAINED)
        far_lease_keep(ctx, lease);
    gw_lease_publish(ctx, out->registry, out->shard);
}

static void put_off(struct ax_ctx *ctx, const struct ov_store_request *request)
{
    struct gw_closing *closing = &gw.closing;
    struct gw_unsent *at = returned(request->registry, request->shard);
    if (at == NULL && closing->n == closing->room)
        closing->returned =
            gw_grow(ctx, closing->returned, &closing->room, sizeof *closing->returned);
    if (at == NULL)
        at = &closing->returned[closing->n++];
    *at = (struct gw_unsent){gw.now + gw.config.ttl_ns, *request};
    closing->look_at = gw.now + LIVES_NS;
}

bool gw_closed(struct ax_ctx *ctx, const struct ov_store_request *request)
{
    uint32_t registry = gw_registry(request->registry), lease = lease_of(registry, request->shard);
    far_lease_close(ctx, request->registry, lease, request->epoch, gw.now);
    if (far_lease_lives(ctx, request->registry, lease)) {
        put_off(ctx, request);
        return false;
    }
    gw_lease_publish(ctx, registry, request->shard);
    return true;
}

/* ---- when the node leaves ----
 *
 * Whatever was published is closed, also by a process before this one, as the core of this one asks
 * for no lease any more, and may not have come to that. */

static void for_left(struct ax_ctx *ctx, void (*fn)(struct ax_ctx *ctx, const char *registry,
                                                    uint32_t lease, uint64_t epoch))
{
    uint32_t lease = 0;
    for (uint32_t i = 0; i < gw.config.nregistries; i++)
        for (uint32_t shard = 0; shard < gw.registries[i].shards; shard++) {
            uint64_t epoch, until = far_lease_until(ctx, ++lease, &epoch);
            if (epoch != 0 && until > gw.now)
                fn(ctx, gw.registries[i].name, lease, epoch);
        }
}

static void close_left(struct ax_ctx *ctx, const char *registry, uint32_t lease, uint64_t epoch)
{
    far_lease_close(ctx, registry, lease, epoch, gw.now);
    gw.closing.left++;
    far_go_on(ctx);
}

static void look_at_left(struct ax_ctx *ctx, const char *registry, uint32_t lease, uint64_t epoch)
{
    (void)epoch;
    if (far_lease_lives(ctx, registry, lease))
        gw.closing.left++;
    else
        far_lease(ctx, lease, 0, 0);
}

void gw_closing_leave(struct ax_ctx *ctx)
{
    gw.closing.left = 0;
    for_left(ctx, close_left);
    if (gw.closing.left != 0)
        gw.closing.look_at = gw.now + LIVES_NS;
}

/* ---- */

bool gw_closing_any(void)
{
    return gw.closing.n != 0 || gw.closing.left != 0;
}

void gw_closing_look(struct ax_ctx *ctx)
{
    struct gw_closing *closing = &gw.closing;
    uint32_t n = closing->n;
    if (gw.now < closing->look_at)
        return;
    closing->look_at = UINT64_MAX;
    for (uint32_t i = n; i-- > 0;) {
        const struct gw_unsent one = closing->returned[i];
        closing->returned[i] = closing->returned[--closing->n];
        if (gw.now < one.until)
            gw_leases_ask(ctx, &one.request); /* it is put off again, or sent */
    }
    if (closing->left != 0) {
        closing->left = 0;
        for_left(ctx, look_at_left);
    }
    if (gw_closing_any())
        closing->look_at = gw.now + LIVES_NS;
}
