/* SPDX-License-Identifier: MIT */
/* tells.c - tells to actors and endpoints that have been taken, until they have left.
 *
 * Nobody answers them, and a kept map for each would take as long as all the rest of its way. So
 * they are noted in a ring (shm/tell.h), and beside it how much has left for each node: what is
 * behind that when the process dies is a dead letter of the next one. What the kernel has, has
 * left. */
#include "overlay/gateway/tells.h"

#include <string.h>

_Static_assert(OV_NODES_MAX <= SHM_TELL_NODES, "each node has a place");

/* By which connection they leave for a node, and what of all that was ever written for it went by
 * those before, and up to now. */
static struct way {
    uint64_t conn, before, end;
} ways[OV_NODES_MAX];

static uint64_t staying; /* the first that may not have been written */

static struct shm_tell *tell_at(struct shm_tells *all, uint64_t n)
{
    return &all->tell[n % SHM_TELLS];
}

static bool has_left(const struct shm_tells *all, const struct shm_tell *tell)
{
    return tell->end <= all->node[tell->to].left;
}

/* It is remembered no longer. */
static void forget(struct shm_tells *all, const struct shm_tell *tell)
{
    if (has_left(all, tell))
        return;
    if (all->node[tell->to].over_end <= all->node[tell->to].left)
        all->node[tell->to].over = 0;
    all->node[tell->to].over++;
    all->node[tell->to].over_end = tell->end;
}

static struct shm_tell *take(struct ax_ctx *ctx, const struct shm_tell_what *tell, uint32_t to)
{
    struct shm_tells *all = far_tells(ctx);
    struct shm_tell *place = tell_at(all, all->taken);
    if (all->taken >= all->past + SHM_TELLS_KNOWN)
        forget(all, tell_at(all, all->taken - SHM_TELLS_KNOWN));
    *place = (struct shm_tell){.what = *tell,
                               .to = to == OV_HERE ? 0 : (uint16_t)to,
                               .end = to == OV_HERE ? 0 : SHM_TELL_STAYS};
    far_set(ctx, &all->taken, all->taken + 1);
    return place;
}

/* Its token says how many had been taken with it. */
void gw_tells_send(struct ax_ctx *ctx, const struct shm_tell_what *tell, struct ov_request *request)
{
    const struct ov_in in = {.kind = OV_IN_REQUEST, .request = request};
    struct shm_tell *noted = take(ctx, tell, request->target.node);
    request->token = far_tells(ctx)->taken;
    request->unanswered = true;
    int error = gw_step(ctx, &in, NULL);
    if (error == 0)
        return;
    gw_tell_lost(ctx, tell, error);
    far_set(ctx, &noted->end, 0);
}

/* What it was is known as long as it is remembered. */
void gw_tells_dead(struct ax_ctx *ctx, const struct ov_out *out)
{
    struct shm_tells *all = far_tells(ctx);
    struct shm_tell_what tell = {0};
    if (out->token - 1 < all->taken && all->taken - out->token < SHM_TELLS_KNOWN)
        tell = tell_at(all, out->token - 1)->what;
    gw_tell_lost(ctx, &tell, out->status);
}

/* ---- they leave ---- */

/* What had not left by the one before went with it, or is as good as sent. */
static void begin_way(struct ax_ctx *ctx, uint32_t to, struct gw_link *link)
{
    struct shm_tells *all = far_tells(ctx);
    struct way *way = &ways[to];
    const struct gw_link *old = gw_links_find(way->conn);
    if (old != NULL)
        far_count_left(ctx, old->io, NULL);
    *way = (struct way){link->conn, way->end, way->end};
    link->tells_to = to + 1;
    all->node[to].left = way->before + gw_links_left(ctx, link);
    all->node[to].over = all->node[to].over_end = 0;
    shm_order(); /* what was there may be more than where the next one ends */
}

/* Where what has been written for the node ends. 0: it has no connection any more. */
static uint64_t end_of(struct ax_ctx *ctx, uint32_t to)
{
    struct ov_node_view view;
    struct way *way = &ways[to];
    struct gw_link *link = NULL;
    if (ov_core_node(ov_cluster_core(gw.cluster), to, &view))
        link = gw_links_find(view.conn[1]);
    if (link == NULL)
        return 0;
    if (way->conn != link->conn)
        begin_way(ctx, to, link);
    far_count_left(ctx, link->io, &far_tells(ctx)->node[to].left);
    way->end = way->before + link->written;
    return way->end;
}

void gw_tells_written(struct ax_ctx *ctx)
{
    struct shm_tells *all = far_tells(ctx);
    uint32_t to = UINT32_MAX;
    uint64_t end = 0;
    for (; staying < all->taken; staying++) {
        struct shm_tell *tell = tell_at(all, staying);
        if (tell->end != SHM_TELL_STAYS)
            continue;
        if (tell->to != to) {
            to = tell->to;
            end = end_of(ctx, to);
        }
        if (end != 0) {
            tell->end = end;
        } else { /* this turn may tell of the end of its session */
            far_set(ctx, &tell->end, 0);
            far_go_on(ctx);
        }
    }
}

void gw_tells_gone(struct ax_ctx *ctx, const struct gw_link *link)
{
    uint32_t to = link->tells_to - 1;
    if (link->tells_to != 0 && ways[to].conn == link->conn)
        far_set(ctx, &far_tells(ctx)->node[to].left, ways[to].end);
}

/* ---- of the process before ---- */

static void tell_of_more(struct ax_ctx *ctx, struct shm_tells *all)
{
    uint64_t over = 0;
    for (uint32_t i = 0; i < SHM_TELL_NODES; i++) {
        if (all->node[i].over_end > all->node[i].left)
            over += all->node[i].over;
        all->node[i].over = all->node[i].over_end = 0;
    }
    if (over > 0)
        ax_log(ctx, AX_WARN,
               "up to %llu tells more than are remembered had not left the gateway that died",
               (unsigned long long)over);
}

void gw_tells_lose(struct ax_ctx *ctx)
{
    struct shm_tells *all = far_tells(ctx);
    uint64_t n = all->taken < SHM_TELLS_KNOWN ? 0 : all->taken - SHM_TELLS_KNOWN;
    if (n < all->past)
        n = all->past;
    for (; n < all->taken; n++) {
        const struct shm_tell *tell = tell_at(all, n);
        if (has_left(all, tell))
            continue;
        gw_tell_lost(ctx, &tell->what, AX_E_NODE_DOWN);
        far_set(ctx, &all->past, n + 1);
        far_go_on(ctx);
    }
    tell_of_more(ctx, all);
    far_set(ctx, &all->past, all->taken);
    memset(ways, 0, sizeof ways);
    staying = all->taken;
}
