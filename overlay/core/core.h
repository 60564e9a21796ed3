/* SPDX-License-Identifier: MIT */
/* overlay/core/core.h - what a node decides about its connections to other nodes, without any I/O:
 *
 *      step(core, now, event) -> effects
 *
 * There is no clock, socket, random source or allocator in here. Who carries the core tells it what
 * has happened, does what the effects say, in their order, before the next step, and calls it again
 * when ov_core_next() has come. Chance comes with the events that need it. Given the same events, a
 * core does the same.
 *
 * Two nodes have a session when each has confirmed the other on two connections, control and data.
 * Control is dialled first; whoever has dialled the one that stays dials data. Where both dial, or
 * one dials again, more than one connection of a plane confirms: election.h says which stays. The
 * other one is given up in order: each side sends a goodbye as the last frame on it, reads on until
 * the other's, and then closes, so that nothing is lost or doubled. Until then the one that is kept
 * is held: what comes on it waits with the carrier, so that on each plane all comes in its order.
 *
 * Who has dialled data is up when it has read the answer there, and says so on control by a frame
 * of its own, ready. The other one is up when it has read that, or whatever else comes first of
 * what a node sends only when it is up. So what is sent in a session never comes before the other
 * side has been told UP.
 *
 * A session ends with either of its connections, when heartbeats are not answered, or what has
 * begun on a connection does not come to its end for as long, when the peer says goodbye, and when
 * a later session of the peer has confirmed; then both connections are closed, and dialled anew
 * after a while. It also ends with one that was given up, if that ends before the peer's goodbye
 * has come on it, as frames may be lost; and when the peer has dialled a plane again, which it does
 * only when it has lost what was there. So of what was sent in a session, all comes, once, or both
 * sides tell that the session is over. A heartbeat's answer is what counts as a sign of life, not
 * what the peer sends by itself: so both find out when only one direction is dead.
 *
 * What a node loses by itself, it tells the peer by a higher number of its session towards that
 * peer, which its next connections bear: so the peer ends the same session, though it may not have
 * noticed that anything was wrong, and both begin anew together.
 *
 * A connection has a number, which the core gives and never gives again. It ends with the effect
 * OV_DO_CLOSE or with the event OV_ON_CLOSED, whichever comes first; what is said of it afterwards
 * is ignored. */
#ifndef OV_CORE_H
#define OV_CORE_H

#include "overlay/core/gate.h"
#include "overlay/core/handshake.h"

#define OV_NODES_MAX 1024u    /* other nodes that a core can know */
#define OV_EFFECTS_MIN 32u    /* the least room for effects */
#define OV_EFFECT_BYTES 8448u /* and for bytes to be sent, besides those of OV_ON_SEND's frame */

struct ov_core; /* holds secrets: see cipher.h */

struct ov_core_config {
    const struct ov_self *self; /* outlives the core; only its tokens and pins may change */
    uint32_t nodes_max;         /* 1 to OV_NODES_MAX */
    uint64_t seed;              /* of the jitter; no secret, but another one for each node */
    uint64_t dial_ns;           /* for a dial, until its peer has confirmed */
    uint64_t patience_ns;       /* the same for a connection that was accepted */
    uint64_t retry_min_ns, retry_max_ns; /* between dials: twice as long after each in vain */
    uint64_t beat_ns;                    /* between heartbeats */
    uint64_t suspect_ns, dead_ns;        /* without an answer; in this order */
    uint64_t drain_ns;                   /* for a connection that is given up */
    bool gather; /* frames leave with the next event that is no OV_ON_SEND, and several in one
                    record; OV_ON_TIMER is due at once then */
};

/* Why a node wants no shards, as its heartbeats say. Numbers are those on the wire. */
enum ov_abstains {
    OV_TAKES_PART,
    OV_LEAVING, /* it has given away what it had, and is about to say goodbye */
    OV_CUT_OFF, /* it does not reach the lease store */
};

enum ov_event_kind {
    OV_ON_TIMER,     /* ov_core_next has come; harmless at any time */
    OV_ON_KNOW,      /* node: is to be dialled from now on */
    OV_ON_FORGET,    /* node: is not dialled any more. A session that there is goes on, and the peer
                        may dial; neither is brought back by this side when it has ended */
    OV_ON_ACCEPTED,  /* address, chance: a connection was accepted */
    OV_ON_CONNECTED, /* conn, chance: the dial has reached somebody */
    OV_ON_RECEIVED,  /* conn, bytes, len */
    OV_ON_CLOSED,    /* conn: it is closed, or was never made */
    OV_ON_STUCK, /* conn: too much waits to leave by it. Where it is a node's data, OV_ON_SEND of
                    more is refused, until */
    OV_ON_FLOWS, /* conn: it has left */
    OV_ON_SEND,  /* index, frame: to the node, on the plane of the frame. What the step before
                    has told stays as it is, texts and bodies of frames too, as long as these
                    effects have a list and bytes of their own */
    OV_ON_LEAVE, /* this node says goodbye, and takes and makes no more connections */
};

struct ov_event {
    enum ov_event_kind kind;
    uint64_t conn;
    uint32_t index;
    const char *node;
    const uint8_t *chance; /* OV_KEY bytes that were never given before */
    const struct ov_address *address;
    const struct ov_frame *frame;
    const void *bytes;
    size_t len;
};

enum ov_effect_kind {
    OV_DO_DIAL,   /* conn, index, plane: connect to the node; its answer is CONNECTED or CLOSED */
    OV_DO_ACCEPT, /* conn: this is the number of the connection that was accepted */
    OV_DO_TURN_AWAY, /* the connection that was accepted is to be closed without a byte */
    OV_DO_SEND,      /* conn, bytes, len */
    OV_DO_HOLD,  /* conn: what is left of what was received on it, and what else comes on it, is to
                    be given again, in its order, when OV_DO_GO_ON has come */
    OV_DO_GO_ON, /* conn */
    OV_DO_CLOSE, /* conn, end, and refusal where that is the end: after what was sent; also of a
                    dial that has not connected yet */
    OV_TELL_UP,  /* index, ident: there is a session */
    OV_TELL_SUSPECT, /* index: it has not answered for a while; ALIVE or DOWN will follow */
    OV_TELL_ALIVE,   /* index: it has, after all */
    OV_TELL_PART,    /* index, abstains: it wants shards or does not, as it says first, or other
                        than before; until then that is not known */
    OV_TELL_DOWN,    /* index, ident, end: the session has ended; the node may be alive */
    OV_TELL_FRAME,   /* index, plane, frame: from the session of the last UP */
};

/* X(symbol, text) */
#define OV_ENDS(X)                                                                                 \
    X(NONE, "nothing")                                                                             \
    X(REFUSED, "the handshake was refused")                                                        \
    X(LATE, "the handshake took too long")                                                         \
    X(PUT_OUT, "others needed its place in the handshake")                                         \
    X(LOST, "a connection was closed")                                                             \
    X(SILENT, "heartbeats unanswered, or a record had no end")                                     \
    X(GOODBYE, "the peer has said goodbye")                                                        \
    X(SESSION, "the peer has a later session of the same boot")                                    \
    X(BOOT, "the peer was started anew")                                                           \
    X(OBSOLETE, "the connection is of a session that is over")                                     \
    X(REPLACED, "another boot of its name has come since")                                         \
    X(GIVEN_UP, "another connection of this plane is kept")                                        \
    X(NO_CONTROL, "there is no control connection for it")                                         \
    X(PROTOCOL, "the peer has broken the protocol")                                                \
    X(LIMIT, "no room for one more node")                                                          \
    X(LEFT, "this node has said goodbye")                                                          \
    X(FORGOTTEN, "the peer is not to be dialled any more")

enum ov_end {
#define OV_END_ENUM(symbol, text) OV_END_##symbol,
    OV_ENDS(OV_END_ENUM)
#undef OV_END_ENUM
        OV_END_COUNT
};

struct ov_effect {
    enum ov_effect_kind kind;
    uint64_t conn;
    uint32_t index;
    enum ov_plane plane;
    enum ov_end end;
    enum ov_refusal refusal;
    enum ov_abstains abstains;
    struct ov_ident ident;
    const uint8_t *bytes;
    size_t len;
    struct ov_frame frame; /* its texts and body are there until a step other than OV_ON_SEND */
};

struct ov_effects { /* the caller's, and room in them; a step begins them anew */
    struct ov_effect *list;
    unsigned room, n;
    uint8_t *bytes;
    size_t bytes_room, bytes_n;
    size_t used; /* of the bytes that were received */
    bool more;   /* the room was not enough for all: the same event is to be given again, with the
                    bytes that are left, when these effects are done */
};

struct ov_core_counts {
    uint64_t stale;      /* events about connections that have ended */
    uint64_t refused;    /* handshakes, of either role */
    uint64_t late;       /* dials that were given up; those of accepted ones are the gate's */
    uint64_t unfinished; /* connections that were accepted, and closed by the other end in their
                            handshake */
    uint64_t early;    /* frames outside a session, dropped: of a peer that has not noticed yet that
                          its session is over, or that breaks the protocol */
    uint64_t obsolete; /* connections of sessions that were over, or that the peer had given up */
    uint64_t given_up; /* connections, for another one */
    uint64_t no_room;  /* nodes that were not taken */
};

/* Bytes that a core of this config needs; 0: the config is not valid. */
size_t ov_core_size(const struct ov_core_config *config);

/* Makes a core in `memory`, which is aligned as malloc does and not zeroed by the caller.
 * AX_E_INVALID: the config or its `self` is not valid, or the memory is too small. */
AX_MUST_USE int ov_core_init(struct ov_core **core, void *memory, size_t size,
                             const struct ov_core_config *config);

/* Wipes it; the memory is the caller's again. */
void ov_core_deinit(struct ov_core *core);

/* What has happened at `now`, from 1 and never less than before. AX_E_LIMIT: less room than the
 * least, or than the records of the frame take; for KNOW: no room for one more node.
 * AX_E_NODE_DOWN: SEND without a session. AX_E_FULL: SEND by what is stuck. AX_E_TOO_BIG: SEND of
 * more than the peer takes.
 * AX_E_INVALID: SEND of a frame that is none or is the core's own to send, KNOW of no other node's
 * name. AX_E_SHUTTING_DOWN: KNOW after LEAVE. Nothing has happened then. */
AX_MUST_USE int ov_core_step(struct ov_core *core, uint64_t now, const struct ov_event *event,
                             struct ov_effects *effects);

/* What heartbeats say from now on; where that is something else, the next ones are due at once. */
void ov_core_abstain(struct ov_core *core, enum ov_abstains abstains);

/* When OV_ON_TIMER is due; UINT64_MAX: never. To be asked after each step, as it may come nearer.
 */
uint64_t ov_core_next(const struct ov_core *core);

/* ---- to be looked at ---- */

struct ov_node_view {
    const char *node;
    bool up, suspect;
    enum ov_abstains abstains;
    struct ov_ident ident; /* of the session that was last confirmed; boot 0: none yet */
    uint16_t version;      /* of the control connection; 0: there is none */
    uint64_t conn[2];      /* control, data: those that are kept; 0: none */
    uint64_t dial;         /* and the one that is being dialled */
};

/* False: there is no node of that index. Indexes are below nodes_max; one is used again only after
 * its node, not one of OV_ON_KNOW or one of OV_ON_FORGET since, has been down. */
bool ov_core_node(const struct ov_core *core, uint32_t index, struct ov_node_view *view);
const struct ov_core_counts *ov_core_counts(const struct ov_core *core);
/* Whether frames wait to leave. */
bool ov_core_gathers(const struct ov_core *core);
const struct ov_gate *ov_core_gate(const struct ov_core *core);
const char *ov_end_text(enum ov_end end);

#endif
