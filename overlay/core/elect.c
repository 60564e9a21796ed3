/* SPDX-License-Identifier: MIT */
#include "overlay/core/core_parts.h"

/* A connection that is given up sends a last frame, and reads on until the peer's. It is the only
 * one of its plane: the one that is kept was dialled by the other node, and each dials once. */
static void give_up(struct ov_core *core, struct ov_node *node, struct ov_conn *conn)
{
    struct ov_conn **place = &node->draining[ov_plane_index(conn->plane)];
    struct ov_frame frame = {.kind = OV_GOODBYE};

    OV_SET(&frame, status, 0);
    OV_SET(&frame, last, true);
    core->counts.given_up++;
    if (!ov_conn_say(core, conn, &frame) || conn->peer_last) {
        ov_conn_close(core, conn, OV_END_GIVEN_UP);
        return;
    }
    *place = conn;
    conn->state = OV_CONN_DRAINING;
    conn->until = core->now + core->config.drain_ns;
}

static void hold(struct ov_core *core, struct ov_conn *conn)
{
    conn->held = true;
    ov_core_do(core, OV_DO_HOLD)->conn = conn->id;
}

void ov_elect_drained(struct ov_core *core, struct ov_node *node, unsigned plane)
{
    struct ov_conn *conn = node->kept[plane];
    if (conn == NULL || !conn->held)
        return;
    conn->held = false;
    ov_core_do(core, OV_DO_GO_ON)->conn = conn->id;
}

/* One that is given up as soon as it has confirmed has had no payload: who was up before has known
 * the one that stays before. */
static void elect(struct ov_core *core, struct ov_node *node, struct ov_conn *conn)
{
    unsigned plane = ov_plane_index(conn->plane);
    struct ov_conn *before = node->kept[plane];

    if (before != NULL && !ov_link_kept(&conn->link, &before->link, &core->config.self->ident)) {
        give_up(core, node, conn);
        return;
    }
    node->kept[plane] = conn;
    if (before != NULL)
        give_up(core, node, before);
    if (node->draining[plane] != NULL)
        hold(core, conn);
    if (conn->plane == OV_CONTROL)
        ov_node_begin_beats(core, node);
}

/* In a session each node dials a plane once more only when it has lost what there was. So where the
 * peer has dialled again, its session over the earlier dial is over, even if nothing else says so
 * here yet; and the earlier dial is what it has given up, if it is late. */
static enum ov_news dialled_again(const struct ov_node *node, const struct ov_peer *peer)
{
    uint64_t before = node->dialled[ov_plane_index(peer->plane)];
    if (peer->role == OV_INITIATOR || before == 0)
        return OV_NEWS_NONE;
    return peer->dial > before ? OV_NEWS_SESSION : OV_NEWS_OBSOLETE;
}

/* What the confirmed session of the peer means for those before; whether this connection goes on.
 */
static enum ov_end take_session(struct ov_core *core, struct ov_node *node, struct ov_conn *conn,
                                const struct ov_peer *peer)
{
    enum ov_news news = ov_sessions_confirm(&node->sessions, &peer->ident);
    enum ov_end end = news == OV_NEWS_BOOT ? OV_END_BOOT : OV_END_SESSION;

    if (node->own == 0)
        node->own = core->session; /* none was told a higher one */
    if (news == OV_NEWS_NONE) {
        news = dialled_again(node, peer);
        end = OV_END_LOST;
    }
    if (news == OV_NEWS_REPLACED) {
        core->counts.obsolete++;
        return OV_END_REPLACED;
    }
    if (news != OV_NEWS_NONE && news != OV_NEWS_OBSOLETE)
        ov_node_end(core, node, end, conn);
    if (news == OV_NEWS_OBSOLETE || conn->hs.session != node->own) {
        core->counts.obsolete++; /* or this side's has ended since the handshake began */
        return OV_END_OBSOLETE;
    }
    return peer->plane == OV_DATA && node->kept[0] == NULL ? OV_END_NO_CONTROL : OV_END_NONE;
}

void ov_elect_confirmed(struct ov_core *core, struct ov_conn *conn, const struct ov_peer *peer)
{
    struct ov_node *node = ov_node_get(core, peer->ident.node);
    enum ov_end end = OV_END_LIMIT;

    if (node != NULL)
        end = take_session(core, node, conn, peer);
    else
        core->counts.no_room++;
    if (end != OV_END_NONE) {
        ov_conn_fail(core, conn, end);
        return;
    }
    ov_conn_begin(core, conn, node, peer);
    elect(core, node, conn);
    if (node->dial == NULL)
        ov_elect_no_successor(core, node, peer->plane);
    ov_node_settle(core, node);
}

/* It has elected another one. Where the peer has dialled that, it has confirmed here before, and
 * this one is given up here as well; so it is one that this side has dialled, and the peer was the
 * first to know that it has succeeded. Until then this one takes what is sent, which the peer still
 * reads: the session goes on. */
void ov_elect_peer_last(struct ov_core *core, struct ov_conn *conn)
{
    struct ov_node *node = &core->nodes[conn->node];

    conn->peer_last = true;
    if (conn->state == OV_CONN_DRAINING)
        ov_conn_fail(core, conn, OV_END_GIVEN_UP);
    else if (node->dial == NULL || node->dial->plane != conn->plane)
        ov_elect_no_successor(core, node, conn->plane);
}

void ov_elect_no_successor(struct ov_core *core, struct ov_node *node, enum ov_plane plane)
{
    const struct ov_conn *kept = node->kept[ov_plane_index(plane)];
    if (kept != NULL && kept->peer_last)
        ov_node_end(core, node, OV_END_LOST, NULL);
}
