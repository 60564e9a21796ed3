/* SPDX-License-Identifier: MIT */
/* overlay/core/core_parts.h - what the files of the core share.
 *
 *      core.c   events, memory, timers of everything
 *      conn.c   a connection: its number, its handshake, its frames
 *      gather.c frames that leave in one record
 *      node.c   another node: when it is dialled, its session, its heartbeat
 *      elect.c  which connections to it are kept
 *
 * A step does its work in units, each of which is begun only when there is room for the most that
 * it can do; ov_core_has_room() says so. */
#ifndef OV_CORE_PARTS_H
#define OV_CORE_PARTS_H

#include "overlay/core/core.h"
#include "overlay/core/election.h"
#include "overlay/core/stream.h"

#define OV_NO_NODE UINT32_MAX
#define OV_PLANES 2u
#define OV_CONNS_OF_NODE                                                                           \
    5u                        /* kept and given up of two planes, and one dial; besides the gate's \
                               */
#define OV_STREAMS_OF_NODE 5u /* the same, but one that has just confirmed instead of the dial */
#define OV_UNIT_EFFECTS 12u   /* the most that a unit of work does */
#define OV_UNIT_BYTES 1024u
#define OV_GATHERED_CONNS 8u /* of all together; a step has room for it beside the rest */
#define OV_GATHERED_BYTES 4096u
_Static_assert(OV_UNIT_EFFECTS + OV_GATHERED_CONNS < OV_EFFECTS_MIN, "room for both");
_Static_assert(OV_GATHERED_BYTES + OV_GATHERED_CONNS * OV_SEALED_ROOM(0u) + OV_UNIT_BYTES <
                   OV_EFFECT_BYTES,
               "likewise");

enum ov_conn_state {
    OV_CONN_FREE,
    OV_CONN_DIALLING, /* not connected yet */
    OV_CONN_SHAKING,  /* in its handshake */
    OV_CONN_KEPT,
    OV_CONN_DRAINING, /* given up: this side has sent its last frame, the other one not yet */
};

struct ov_conn {
    enum ov_conn_state state;
    uint64_t id;    /* 0: free */
    uint32_t life;  /* how often this slot was used */
    uint32_t node;  /* OV_NO_NODE: not known yet */
    unsigned place; /* in the gate; 0: none */
    enum ov_plane plane;
    uint64_t until; /* of a dial, of one that is given up, of the rest of what is in half */
    bool peer_last; /* the peer has given it up, and sends no more on it */
    bool held;      /* what was sent on the one before it is still to come */
    bool stuck;     /* it is not to be given more, where it is data */
    bool claimed;   /* it was accepted from who has said a name */
    struct ov_link link;
    struct ov_handshake hs;
    struct ov_stream stream;
};

struct ov_node {
    char name[OV_NODE_MAX + 1]; /* empty: there is none */
    bool wanted;                /* is dialled */
    bool up, suspect;
    bool said;                 /* in this session: */
    enum ov_abstains abstains; /* whether it takes part */
    bool peer_up, ready;       /* it is up as well: that was seen, or said */
    struct ov_ident ident;     /* of the session that is up */
    uint64_t own;              /* this node's session towards it; 0: none yet */
    struct ov_sessions sessions;
    struct ov_conn *kept[OV_PLANES], *draining[OV_PLANES];
    struct ov_conn *dial;        /* the one handshake that is begun by this side */
    uint64_t dialled[OV_PLANES]; /* the peer's dial in this session; 0: none */
    uint64_t dial_at;
    unsigned vain; /* dials since it has last answered */
    uint64_t beat_at, alive_at;
    uint64_t beats, answered; /* the last heartbeat that was sent, and that was answered */
};

/* A connection's plaintext. What a step has told stands there until the next one begins, also where
 * the connection has ended meanwhile. */
struct ov_buffer {
    uint8_t *bytes;
    uint32_t used; /* to be wiped */
};

struct ov_gathered {      /* frames that are not sealed yet */
    struct ov_conn *conn; /* NULL: it is closed */
    uint32_t len;
    uint8_t bytes[OV_GATHERED_BYTES];
};

struct ov_core {
    struct ov_core_config config;
    uint64_t now, chance, dials;
    uint64_t session; /* the last that this node has begun, towards whomever */
    bool leaving;
    enum ov_abstains abstains;
    struct ov_gate gate;
    struct ov_conn *gated[OV_GATE_PLACES + 1]; /* by their place */
    struct ov_node *nodes;
    struct ov_conn *conns;
    struct ov_buffer *buffers; /* that are free; behind these, those that are yet to be wiped */
    uint32_t nconns, nbuffers, nspent;
    uint64_t unread; /* the connection that the step before had no room to read to the end of */
    struct ov_gathered gathered[OV_GATHERED_CONNS];
    uint32_t ngathered, gathered_bytes;
    uint8_t frame[OV_GATHERED_BYTES]; /* the next one of them */
    size_t size;                      /* of all the memory before the buffers */
    struct ov_effects *out;           /* of the step that is going on */
    struct ov_core_counts counts;
};

static inline unsigned ov_plane_index(enum ov_plane plane)
{
    return plane == OV_DATA;
}

static inline uint32_t ov_node_index(const struct ov_core *core, const struct ov_node *node)
{
    return (uint32_t)(node - core->nodes);
}

/* ---- core.c ---- */

/* One more effect. */
struct ov_effect *ov_core_do(struct ov_core *core, enum ov_effect_kind kind);
/* Whether there is room for another unit; otherwise the step has more to do. */
bool ov_core_has_room(struct ov_core *core);
/* From 0 to `range`, less than UINT64_MAX, by the seed. */
uint64_t ov_core_jitter(struct ov_core *core, uint64_t range);

/* ---- conn.c ---- */

/* One that is free: there are enough. */
struct ov_conn *ov_conn_new(struct ov_core *core, enum ov_conn_state state);
/* Of that number; NULL: it has ended. */
struct ov_conn *ov_conn_find(struct ov_core *core, uint64_t id);
/* Forgets and wipes it, but for its buffer. Nobody points at it any more. */
void ov_conn_free(struct ov_core *core, struct ov_conn *conn);
/* Wipes the buffers of those that have ended: nobody reads what they were told. */
void ov_conn_wipe(struct ov_core *core);
/* The same, and says that it is to be closed. */
void ov_conn_close(struct ov_core *core, struct ov_conn *conn, enum ov_end end);
/* Sends a small frame of the core itself. False: the connection can seal no more. */
bool ov_conn_say(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame);
/* The effect by which so many bytes leave, which have been put where the step's next ones go. */
void ov_conn_send(struct ov_core *core, const struct ov_conn *conn, size_t len);
/* Its handshake is over: it has a stream from here on, and belongs to the node. */
void ov_conn_begin(struct ov_core *core, struct ov_conn *conn, struct ov_node *node,
                   const struct ov_peer *peer);
void ov_conn_accepted(struct ov_core *core, const struct ov_event *event);
void ov_conn_closed(struct ov_core *core, struct ov_conn *conn);
void ov_conn_connected(struct ov_core *core, struct ov_conn *conn, const uint8_t *chance);
void ov_conn_received(struct ov_core *core, struct ov_conn *conn, const struct ov_event *event);
/* It has failed, by whatever: ends it, with all that follows for its node. */
void ov_conn_fail(struct ov_core *core, struct ov_conn *conn, enum ov_end end);

/* ---- gather.c ---- */

/* Takes a frame. AX_E_BUSY: it is too large for that, all others were sent, and it is to be sealed
 * now, for which there is room. Errors of ov_stream_seal: nothing has happened. */
AX_MUST_USE int ov_gather(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame);
/* All that was taken leaves. */
void ov_gather_send(struct ov_core *core);
/* That connection is closed. */
void ov_gather_forget(struct ov_core *core, uint64_t conn);

/* ---- node.c ---- */

/* The node of that name, which is made where there is none; NULL: no room. */
struct ov_node *ov_node_get(struct ov_core *core, const char *name);
/* This node's session towards whoever has that name. */
uint64_t ov_node_session(const struct ov_core *core, const char *name);
/* Of the connections, what is there is up: tells so, once. */
void ov_node_settle(struct ov_core *core, struct ov_node *node);
/* The peer has sent something that it does not send before it is up. False: there is no session. */
bool ov_node_peer_up(struct ov_core *core, struct ov_node *node);
/* Ends the session, with all connections but the one that is spared, and what is dialled for it. */
void ov_node_end(struct ov_core *core, struct ov_node *node, enum ov_end end,
                 const struct ov_conn *spared);
/* The dial of a plane has failed; its connection is gone. */
void ov_node_dial_failed(struct ov_core *core, struct ov_node *node, enum ov_plane plane);
/* The handshakes of both sides are over on a new control connection: it has shown life. */
void ov_node_begin_beats(struct ov_core *core, struct ov_node *node);
void ov_node_heartbeat(struct ov_core *core, struct ov_node *node, uint64_t sequence);
/* What its own heartbeat says. */
void ov_node_takes_part(struct ov_core *core, struct ov_node *node, enum ov_abstains abstains);
/* One thing that is due by now; false: nothing is. */
bool ov_node_tick(struct ov_core *core, struct ov_node *node);
uint64_t ov_node_next(const struct ov_core *core, const struct ov_node *node);
/* Says goodbye; false: there is nothing to say it to. */
bool ov_node_leave(struct ov_core *core, struct ov_node *node);

/* ---- elect.c ---- */

/* The peer of a connection, whose handshake has just ended, has confirmed. */
void ov_elect_confirmed(struct ov_core *core, struct ov_conn *conn, const struct ov_peer *peer);
/* What was given up of a plane has come to its last frame: what is kept is read. */
void ov_elect_drained(struct ov_core *core, struct ov_node *node, unsigned plane);
/* The peer has said that it sends no more on a connection, and goes on without it. */
void ov_elect_peer_last(struct ov_core *core, struct ov_conn *conn);
/* The dial of a plane is over without success: nothing will take the place of a connection there
 * that the peer has given up. */
void ov_elect_no_successor(struct ov_core *core, struct ov_node *node, enum ov_plane plane);

#endif
