/* SPDX-License-Identifier: MIT */
/* slow.c - peers that do not read what is sent to them.
 *
 * While many messages wait to leave for one, nobody can send more: mail of actors waits with them,
 * as some of it may be for that one. But not for long, for some is for others: then what is for
 * that peer is refused by the core, until it has read what waits.
 *
 * Where answers wait, the peer is heard no more until it has read them: that ends by itself.
 *
 * One to which nothing leaves for dead_ns is given up. */
#include "overlay/gateway/gw.h"

#define STUCK_NS UINT64_C(1000000000)

static void look_by(uint64_t at)
{
    if (at < gw.slow_at)
        gw.slow_at = at;
}

/* The node whose connection it is; false: of none, or one that it goes on without. */
static bool node_of(const struct gw_link *link, struct ov_node_view *view)
{
    for (uint32_t i = 0; i < gw.config.core.nodes_max; i++)
        if (ov_core_node(ov_cluster_core(gw.cluster), i, view) &&
            (view->conn[0] == link->conn || view->conn[1] == link->conn))
            return true;
    return false;
}

void gw_slow_begin(struct ax_ctx *ctx, struct gw_link *link)
{
    struct ov_node_view view;
    if (link->slow_since != 0)
        return;
    link->slow_since = link->left_at = gw.now;
    link->left = gw_links_left(ctx, link);
    look_by(gw.now + gw.config.core.dead_ns);
    if (!node_of(link, &view))
        return;
    if (view.conn[1] == link->conn) {
        link->waited_for = true;
        gw.nslow++;
        far_refuse(ctx, true);
        look_by(gw.now + STUCK_NS);
    } else {
        link->chokes = view.conn[1];
        gw_links_choke(ctx, link->chokes, true);
    }
}

static void wait_no_more(struct ax_ctx *ctx, struct gw_link *link)
{
    if (!link->waited_for)
        return;
    link->waited_for = false;
    gw.nslow--;
    far_refuse(ctx, gw.nslow > 0);
}

void gw_slow_end(struct ax_ctx *ctx, struct gw_link *link)
{
    wait_no_more(ctx, link);
    gw_links_choke(ctx, link->chokes, false);
    link->slow_since = link->chokes = 0;
}

void gw_slow_drained(struct ax_ctx *ctx, struct gw_link *link)
{
    bool stuck = link->stuck;
    gw_slow_end(ctx, link);
    link->stuck = false;
    if (stuck)
        (void)gw_link_event(ctx, (struct ov_event){.kind = OV_ON_FLOWS, .conn = link->conn});
}

static void look_at_one(struct ax_ctx *ctx, struct gw_link *link)
{
    uint64_t left = gw_links_left(ctx, link);
    if (left != link->left)
        link->left_at = gw.now;
    link->left = left;
    if (gw.now - link->left_at >= gw.config.core.dead_ns) {
        gw_links_end(ctx, link->conn);
        return;
    }
    look_by(link->left_at + gw.config.core.dead_ns);
    if (!link->waited_for)
        return;
    if (gw.now - link->slow_since < STUCK_NS) {
        look_by(link->slow_since + STUCK_NS);
        return;
    }
    wait_no_more(ctx, link);
    link->stuck = true;
    gw_later(ctx, OV_IN_LINK)->link = (struct ov_event){.kind = OV_ON_STUCK, .conn = link->conn};
}

void gw_slow_look(struct ax_ctx *ctx)
{
    if (gw.now < gw.slow_at)
        return;
    gw.slow_at = UINT64_MAX;
    for (uint32_t i = 0; i < gw.nlinks; i++)
        if (gw.links[i].conn != 0 && gw.links[i].slow_since != 0)
            look_at_one(ctx, &gw.links[i]);
}
