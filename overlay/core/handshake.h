/* SPDX-License-Identifier: MIT */
/* overlay/core/handshake.h - from the first byte of a connection to a peer that is known.
 *
 *      who has dialled                                   who was dialled
 *      preamble, Noise message 1   ->
 *                                  <-   Noise message 2: the version chosen
 *      (XXpsk3: Noise message 3)   ->
 *      record 0: hello             ->                    CONFIRM: the peer is known here
 *                                  <-   record 0: hello's answer; the peer is known there
 *
 * The preamble is the prologue of the Noise handshake: versions, names, plane, dial and session of
 * who has dialled are bound into all that follows. But it is a claim, and message 1 may be a
 * replay. So nothing of a peer is visible here before CONFIRM, the first record under keys that
 * both sides have chosen anew: ov_handshake_peer() is NULL until then, and whoever keeps state by
 * peers has nothing to keep it by. What is held until then is this struct, of fixed size, and at
 * most OV_HANDSHAKE_MAX bytes are taken.
 *
 * Anything that is not as it should be ends the handshake without an answer; there is one error
 * that a peer is told, as it has shown that it has the token: that no version is common to both.
 *
 * There is no clock and no chance in here: who drives this closes it at its deadline, and gives the
 * ephemeral secret. The struct holds secrets: see cipher.h. */
#ifndef OV_HANDSHAKE_H
#define OV_HANDSHAKE_H

#include "overlay/core/frame.h"
#include "overlay/core/ident.h"
#include "overlay/core/noise.h"

#define OV_HANDSHAKE_MAX 1024u /* bytes taken from a peer before it is known */
#define OV_HANDSHAKE_OUT 640u  /* bytes to send, at once */
#define OV_PREAMBLE_MIN 44u
#define OV_PREAMBLE_MAX (42u + 2u * OV_NODE_MAX)
#define OV_TOKENS_MAX 8u

struct ov_pin { /* the key that the node of that name has */
    char node[OV_NODE_MAX + 1];
    uint8_t key[OV_KEY];
};

/* This node; outlives its handshakes and does not change under them, but for its tokens and pins:
 * those may be others from one step to the next. Who has confirmed by one that is gone stays; a
 * handshake that is under way then is refused where it still needs it. So tokens rotate while nodes
 * run: all accept the new one, then all dial with it, then none accepts the old one. */
struct ov_self {
    struct ov_ident ident;
    uint16_t version_min, version_max; /* of the protocol, from 1 */
    uint32_t max_frame;
    enum ov_pattern pattern;
    unsigned ntokens; /* dials use the first; the others are taken as well, while tokens rotate */
    uint8_t psks[OV_TOKENS_MAX][OV_KEY];
    uint8_t static_secret[OV_KEY]; /* for XXPSK3 */
    const struct ov_pin *pins;     /* for XXPSK3: who is not in them is refused */
    unsigned npins;
};

struct ov_dial {
    const char *to; /* the logical name that must answer; outlives the handshake */
    enum ov_plane plane;
    uint64_t number;  /* of this dial, rising in the life of the session */
    uint64_t session; /* this node's towards that peer; 0: that of its ident */
};

struct ov_peer { /* who has confirmed */
    struct ov_ident ident;
    enum ov_plane plane;
    enum ov_role role; /* this side's: who has dialled is the initiator */
    uint64_t dial;
    uint16_t version;
    uint32_t max_frame; /* which it takes */
    unsigned token;     /* which of ov_self.psks it has */
};

/* X(symbol, result, text) */
#define OV_REFUSALS(X)                                                                             \
    X(NONE, 0, "nothing")                                                                          \
    X(TOO_LONG, AX_E_PROTOCOL, "more bytes than a handshake has")                                  \
    X(PREAMBLE, AX_E_PROTOCOL, "this is no preamble")                                              \
    X(PATTERN, AX_E_NOT_ALLOWED, "one side has a token or key, the other has none")                \
    X(PLANE, AX_E_PROTOCOL, "the plane is not known")                                              \
    X(NAME, AX_E_PROTOCOL, "the name is none that a node can have")                                \
    X(MYSELF, AX_E_PROTOCOL, "the peer has the name of this node")                                 \
    X(TARGET, AX_E_PROTOCOL, "another node is meant")                                              \
    X(TOKEN, AX_E_NOT_ALLOWED, "the peer has another token, or bytes changed")                     \
    X(PIN, AX_E_NOT_ALLOWED, "the peer's key is not the one in the pins")                          \
    X(VERSION, AX_E_UNSUPPORTED, "there is no version in common")                                  \
    X(HELLO, AX_E_PROTOCOL, "the first record is not the hello that was due")

enum ov_refusal {
#define OV_REFUSAL_ENUM(symbol, result, text) OV_REFUSED_##symbol,
    OV_REFUSALS(OV_REFUSAL_ENUM)
#undef OV_REFUSAL_ENUM
        OV_REFUSAL_COUNT
};

enum ov_handshake_state {
    OV_WAIT_PREAMBLE, /* who was dialled begins here */
    OV_WAIT_MESSAGE_1,
    OV_WAIT_MESSAGE_2, /* who has dialled begins here */
    OV_WAIT_MESSAGE_3,
    OV_WAIT_CONFIRM, /* the hello */
    OV_WAIT_ANSWER,  /* to it */
    OV_CONFIRMED,
    OV_REFUSED,
};

struct ov_handshake {
    enum ov_handshake_state state;
    enum ov_refusal refusal;
    const struct ov_self *self;
    uint64_t session; /* this node's; who was dialled may set it until the hello comes */
    struct ov_noise noise;
    struct ov_cipher send, receive;
    uint8_t ephemeral[OV_KEY];
    uint8_t peer_key[OV_KEY];          /* XXPSK3: its static one, when noise is done */
    struct ov_peer claim;              /* not to be looked at from outside: see ov_handshake_peer */
    uint16_t version_min, version_max; /* the peer's */
    uint32_t in_len, taken;
    uint32_t out_len; /* to be sent, then set to 0 */
    uint8_t in[OV_HANDSHAKE_MAX];
    uint8_t out[OV_HANDSHAKE_OUT];
};

/* Whether peers would take its name and numbers, and it has a token where it needs one. */
bool ov_self_valid(const struct ov_self *self);

/* Begins as who dials. There is something in `out` then. AX_E_INVALID: a name or number of `self`
 * or `dial` that no peer would take, or no key for the pattern. */
AX_MUST_USE int ov_handshake_dial(struct ov_handshake *hs, const struct ov_self *self,
                                  const struct ov_dial *dial, const uint8_t ephemeral[OV_KEY]);

/* Begins as who was dialled. */
void ov_handshake_accept(struct ov_handshake *hs, const struct ov_self *self,
                         const uint8_t ephemeral[OV_KEY]);

/* Takes what has come. *used of it belong to the handshake; all of it as long as that goes on. 0,
 * or the result that goes with hs->refusal, after which everything but that is wiped; what is in
 * `out` then is still to be sent before the connection is closed. */
AX_MUST_USE int ov_handshake_take(struct ov_handshake *hs, const void *bytes, size_t len,
                                  size_t *used);

/* Whom the peer claims to be, for a session to be chosen; NULL as long as it has not said. */
const char *ov_handshake_claim(const struct ov_handshake *hs);

/* Who the peer is; NULL as long as it has not confirmed. */
const struct ov_peer *ov_handshake_peer(const struct ov_handshake *hs);

/* Of a handshake that is confirmed: the ciphers of the records from here on. Then all is wiped. */
void ov_handshake_finish(struct ov_handshake *hs, struct ov_cipher *send,
                         struct ov_cipher *receive);

/* At any time; what was dialled is as if it had never been. */
void ov_handshake_wipe(struct ov_handshake *hs);

const char *ov_refusal_text(enum ov_refusal refusal);
int ov_refusal_result(enum ov_refusal refusal);

#endif
