/* SPDX-License-Identifier: MIT */
#include "overlay/core/core_parts.h"

#include <sodium.h>
#include <string.h>

/* ---- numbers ---- */

struct ov_conn *ov_conn_new(struct ov_core *core, enum ov_conn_state state)
{
    struct ov_conn *conn = core->conns;
    while (conn->state != OV_CONN_FREE)
        conn++;
    conn->state = state;
    conn->node = OV_NO_NODE;
    conn->id = (uint64_t)++conn->life << 32 | (uint32_t)(conn - core->conns + 1);
    return conn;
}

struct ov_conn *ov_conn_find(struct ov_core *core, uint64_t id)
{
    uint32_t index = (uint32_t)id - 1; /* of 0: too high */
    return index < core->nconns && core->conns[index].id == id ? &core->conns[index] : NULL;
}

void ov_conn_free(struct ov_core *core, struct ov_conn *conn)
{
    uint32_t life = conn->life;
    if (conn->stream.in != NULL)
        core->buffers[core->nbuffers + core->nspent++] =
            (struct ov_buffer){conn->stream.in, conn->stream.most};
    sodium_memzero(conn, sizeof *conn);
    conn->life = life;
}

void ov_conn_wipe(struct ov_core *core)
{
    for (; core->nspent > 0; core->nspent--, core->nbuffers++)
        sodium_memzero(core->buffers[core->nbuffers].bytes, core->buffers[core->nbuffers].used);
}

void ov_conn_close(struct ov_core *core, struct ov_conn *conn, enum ov_end end)
{
    struct ov_effect *effect = ov_core_do(core, OV_DO_CLOSE);
    effect->conn = conn->id;
    effect->end = end;
    effect->refusal = end == OV_END_REFUSED ? conn->hs.refusal : OV_REFUSED_NONE;
    ov_conn_free(core, conn);
}

/* ---- ends ---- */

static void leave_gate(struct ov_core *core, struct ov_conn *conn)
{
    if (conn->place == 0)
        return;
    ov_gate_leave(&core->gate, conn->place);
    core->gated[conn->place] = NULL;
    conn->place = 0;
}

/* OV_END_LOST is what is closed already. */
static void drop(struct ov_core *core, struct ov_conn *conn, enum ov_end end)
{
    if (end == OV_END_LOST)
        ov_conn_free(core, conn);
    else
        ov_conn_close(core, conn, end);
}

void ov_conn_fail(struct ov_core *core, struct ov_conn *conn, enum ov_end end)
{
    struct ov_node *node = conn->node != OV_NO_NODE ? &core->nodes[conn->node] : NULL;
    enum ov_conn_state state = conn->state;
    enum ov_plane plane = conn->plane;
    unsigned i = ov_plane_index(plane);
    bool whole = conn->peer_last;

    leave_gate(core, conn);
    drop(core, conn, end);
    if (node == NULL)
        return;
    if (state == OV_CONN_KEPT) {
        node->kept[i] = NULL;
        ov_node_end(core, node, end, NULL);
    } else if (state == OV_CONN_DRAINING) {
        node->draining[i] = NULL;
        if (whole)
            ov_elect_drained(core, node, i);
        else /* what was still to come on it, or was sent on it, is lost */
            ov_node_end(core, node, end == OV_END_GIVEN_UP ? OV_END_LOST : end, NULL);
    } else {
        node->dial = NULL;
        ov_node_dial_failed(core, node, plane);
    }
}

/* ---- out ---- */

void ov_conn_send(struct ov_core *core, const struct ov_conn *conn, size_t len)
{
    struct ov_effects *out = core->out;
    struct ov_effect *effect = ov_core_do(core, OV_DO_SEND);
    effect->conn = conn->id;
    effect->bytes = out->bytes + out->bytes_n;
    effect->len = len;
    out->bytes_n += len;
}

bool ov_conn_say(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame)
{
    struct ov_effects *out = core->out;
    size_t len;
    if (ov_stream_seal(&conn->stream, frame, out->bytes + out->bytes_n,
                       out->bytes_room - out->bytes_n, &len) != 0)
        return false;
    ov_conn_send(core, conn, len);
    return true;
}

/* What the handshake has to say. */
static void flush(struct ov_core *core, struct ov_conn *conn)
{
    struct ov_effects *out = core->out;
    if (conn->hs.out_len == 0)
        return;
    memcpy(out->bytes + out->bytes_n, conn->hs.out, conn->hs.out_len);
    ov_conn_send(core, conn, conn->hs.out_len);
    conn->hs.out_len = 0;
}

/* ---- handshake ---- */

void ov_conn_accepted(struct ov_core *core, const struct ov_event *event)
{
    struct ov_conn *conn;
    unsigned place;
    int r = core->leaving ? AX_E_SHUTTING_DOWN
                          : ov_gate_enter(&core->gate, core->now, event->address, &place);

    if (r == AX_E_FULL) {
        ov_conn_fail(core, core->gated[place], OV_END_PUT_OUT);
        r = ov_gate_enter(&core->gate, core->now, event->address, &place);
    }
    if (r != 0) {
        (void)ov_core_do(core, OV_DO_TURN_AWAY);
        return;
    }
    conn = ov_conn_new(core, OV_CONN_SHAKING);
    conn->place = place;
    core->gated[place] = conn;
    ov_handshake_accept(&conn->hs, core->config.self, event->chance);
    ov_core_do(core, OV_DO_ACCEPT)->conn = conn->id;
}

void ov_conn_connected(struct ov_core *core, struct ov_conn *conn, const uint8_t *chance)
{
    struct ov_dial dial = {.to = core->nodes[conn->node].name,
                           .plane = conn->plane,
                           .number = ++core->dials,
                           .session = ov_node_session(core, core->nodes[conn->node].name)};

    conn->state = OV_CONN_SHAKING;
    if (ov_handshake_dial(&conn->hs, core->config.self, &dial, chance) != 0) {
        core->counts.refused++;
        ov_conn_fail(core, conn, OV_END_REFUSED);
        return;
    }
    flush(core, conn);
}

void ov_conn_begin(struct ov_core *core, struct ov_conn *conn, struct ov_node *node,
                   const struct ov_peer *peer)
{
    leave_gate(core, conn);
    ov_conn_wipe(core); /* a connection begins before anything is told in a step */
    if (node->dial == conn)
        node->dial = NULL;
    else
        node->dialled[ov_plane_index(peer->plane)] = peer->dial;
    conn->state = OV_CONN_KEPT;
    conn->node = ov_node_index(core, node);
    conn->plane = peer->plane;
    conn->until = UINT64_MAX;
    conn->link = (struct ov_link){.peer = *peer, .session = conn->hs.session};
    conn->stream = (struct ov_stream){.plane = peer->plane,
                                      .max_frame = core->config.self->max_frame,
                                      .peer_frame = peer->max_frame,
                                      .in = core->buffers[--core->nbuffers].bytes};
    ov_handshake_finish(&conn->hs, &conn->stream.send, &conn->stream.receive);
}

static void shake(struct ov_core *core, struct ov_conn *conn, const struct ov_event *event)
{
    const struct ov_peer *known;
    int r = ov_handshake_take(&conn->hs, event->bytes, event->len, &core->out->used);
    const char *claim = ov_handshake_claim(&conn->hs);

    flush(core, conn);
    if (r == 0 && !conn->claimed && claim != NULL && conn->place != 0) {
        conn->claimed = true;
        conn->hs.session = ov_node_session(core, claim);
    }
    if (r != 0) {
        core->counts.refused++;
        ov_conn_fail(core, conn, OV_END_REFUSED);
    } else if ((known = ov_handshake_peer(&conn->hs)) != NULL) {
        struct ov_peer peer = *known;
        ov_elect_confirmed(core, conn, &peer);
    }
}

void ov_conn_closed(struct ov_core *core, struct ov_conn *conn)
{
    core->counts.unfinished += conn->place != 0;
    ov_conn_fail(core, conn, OV_END_LOST);
}

/* ---- frames ---- */

static void take_heartbeat(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *beat)
{
    struct ov_frame frame = {.kind = OV_HEARTBEAT, .response = true};
    OV_SET(&frame, sequence, beat->sequence);
    if (conn->state != OV_CONN_KEPT)
        return;
    ov_node_takes_part(core, &core->nodes[conn->node], (enum ov_abstains)beat->abstains);
    if (!ov_conn_say(core, conn, &frame))
        ov_conn_fail(core, conn, OV_END_PROTOCOL);
}

static void take_goodbye(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame)
{
    if (!frame->last)
        return; /* there is more to come: what counts is the last one */
    if (frame->status == 0)
        ov_elect_peer_last(core, conn);
    else
        ov_node_end(core, &core->nodes[conn->node], OV_END_GOODBYE, NULL);
}

static void take_ready(struct ov_core *core, struct ov_conn *conn)
{
    struct ov_node *node = &core->nodes[conn->node];
    if (node->ready)
        ov_conn_fail(core, conn, OV_END_PROTOCOL);
    else if (ov_node_peer_up(core, node))
        node->ready = true;
    else
        core->counts.early++;
}

static void tell_frame(struct ov_core *core, const struct ov_conn *conn,
                       const struct ov_frame *frame)
{
    struct ov_effect *effect;
    if (!ov_node_peer_up(core, &core->nodes[conn->node])) {
        core->counts.early++;
        return;
    }
    effect = ov_core_do(core, OV_TELL_FRAME);
    effect->index = conn->node;
    effect->plane = conn->plane;
    effect->conn = conn->id;
    effect->frame = *frame;
}

static void take_frame(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame)
{
    if (conn->peer_last || frame->kind == OV_HELLO)
        ov_conn_fail(core, conn, OV_END_PROTOCOL);
    else if (frame->kind == OV_GOODBYE)
        take_goodbye(core, conn, frame);
    else if (frame->kind == OV_READY)
        take_ready(core, conn);
    else if (frame->kind != OV_HEARTBEAT)
        tell_frame(core, conn, frame);
    else if (frame->response)
        ov_node_heartbeat(core, &core->nodes[conn->node], frame->sequence);
    else
        take_heartbeat(core, conn, frame);
}

/* Until all frames are read, there is no room, the connection is held, or has ended by one of them.
 */
static void read_frames(struct ov_core *core, struct ov_conn *conn, const struct ov_event *event)
{
    struct ov_frame frame;
    int r = 0;

    while (conn->id == event->conn && !conn->held && ov_core_has_room(core)) {
        r = ov_stream_next(&conn->stream, event->bytes, event->len, &core->out->used, &frame);
        if (r == AX_E_BUSY)
            core->out->more = true;
        if (r == AX_E_BUSY || (r == 0 && frame.kind == 0))
            return;
        if (r != 0)
            ov_conn_fail(core, conn, OV_END_PROTOCOL);
        else
            take_frame(core, conn, &frame);
    }
}

/* What has begun must come to its end while there is life on the connection: a record whose length
 * was changed on its way would wait for bytes that nobody sends, and take in what follows. One that
 * is given up has its deadline already. */
static void await_the_rest(const struct ov_core *core, struct ov_conn *conn, uint64_t opened)
{
    if (conn->state != OV_CONN_KEPT)
        return;
    if (!ov_stream_in_half(&conn->stream))
        conn->until = UINT64_MAX;
    else if (conn->until == UINT64_MAX || conn->stream.opened != opened)
        conn->until = core->now + core->config.dead_ns;
}

void ov_conn_received(struct ov_core *core, struct ov_conn *conn, const struct ov_event *event)
{
    uint64_t opened = conn->stream.opened;

    if (conn->state == OV_CONN_SHAKING)
        shake(core, conn, event);
    else if (!conn->held)
        ov_stream_compact(&conn->stream);
    if (conn->id == event->conn && conn->state != OV_CONN_SHAKING)
        read_frames(core, conn, event);
    if (conn->id != event->conn) {
        core->out->used = event->len;
        return;
    }
    await_the_rest(core, conn, opened);
    if (core->out->more)
        core->unread = conn->id;
}
