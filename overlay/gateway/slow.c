/* SPDX-License-Identifier: MIT */
/* slow.c - peers that do not read what is sent to them.
 *
 * While much waits to leave for one, nobody can send more: mail of actors waits with them, as some
 * of it may be for that one. But not for long, for some is for others: then what is for that peer
 * is refused by the core, until it has read what waits, or is given up. */
#include "overlay/gateway/gw.h"

#define STUCK_NS UINT64_C(1000000000)

/* How long who does not read is waited for; after dead_ns the connection is given up. */
static uint64_t patience(void)
{
    return gw.config.core.dead_ns < STUCK_NS ? gw.config.core.dead_ns : STUCK_NS;
}

void gw_slow_begin(struct ax_ctx *ctx, struct gw_link *link)
{
    if (link->slow_since != 0)
        return;
    link->slow_since = gw.now;
    gw.nslow++;
    far_refuse(ctx, true);
    if (gw.now + patience() < gw.slow_at)
        gw.slow_at = gw.now + patience();
}

void gw_slow_end(struct ax_ctx *ctx, const struct gw_link *link)
{
    if (link->slow_since == 0 || link->stuck)
        return;
    gw.nslow--;
    far_refuse(ctx, gw.nslow > 0);
}

static bool carries_data(const struct gw_link *link)
{
    struct ov_node_view view;
    for (uint32_t i = 0; i < gw.config.core.nodes_max; i++)
        if (ov_core_node(ov_cluster_core(gw.cluster), i, &view) && view.conn[1] == link->conn)
            return true;
    return false;
}

/* When it is to be looked at again; UINT64_MAX: it is not slow. */
static uint64_t look_at_slow(struct ax_ctx *ctx, struct gw_link *link)
{
    uint64_t slow = gw.now - link->slow_since;
    if (link->conn == 0 || link->slow_since == 0)
        return UINT64_MAX;
    if (slow >= gw.config.core.dead_ns) {
        gw_links_end(ctx, link->conn);
        return UINT64_MAX;
    }
    if (slow >= patience() && !link->stuck && carries_data(link)) {
        gw_slow_end(ctx, link);
        link->stuck = true;
        gw_later(ctx, OV_IN_LINK)->link =
            (struct ov_event){.kind = OV_ON_STUCK, .conn = link->conn};
    }
    return link->slow_since + (slow < patience() ? patience() : gw.config.core.dead_ns);
}

void gw_slow_look(struct ax_ctx *ctx)
{
    uint64_t next = UINT64_MAX;
    if (gw.now < gw.slow_at)
        return;
    for (uint32_t i = 0; i < gw.nlinks; i++) {
        uint64_t at = look_at_slow(ctx, &gw.links[i]);
        next = at < next ? at : next;
    }
    gw.slow_at = next;
}

void gw_slow_drained(struct ax_ctx *ctx, struct gw_link *link)
{
    bool stuck = link->stuck;
    gw_slow_end(ctx, link);
    link->slow_since = 0;
    link->stuck = false;
    if (stuck)
        (void)gw_link_event(ctx, (struct ov_event){.kind = OV_ON_FLOWS, .conn = link->conn});
}
