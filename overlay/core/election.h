/* SPDX-License-Identifier: MIT */
/* overlay/core/election.h - which of two links to the same peer is to be kept.
 *
 * Two nodes that dial each other at the same time, or again because they believe that a link is
 * dead, have two links of a plane for a moment, and each must keep the same one without asking. So
 * the choice follows only from what both have bound into their handshakes:
 *
 *  1. A link of a session that has been superseded loses: a boot once left is never taken up again,
 *     and of one boot the higher session is the newer one. This holds for either side's session.
 *  2. Of two links that were dialled by different nodes, that of the node whose name is greater
 *     bytewise stays.
 *  3. Of two that the same node has dialled, the later dial does.
 *
 * Only links whose peer has confirmed take part: before, all of this is a claim. */
#ifndef OV_ELECTION_H
#define OV_ELECTION_H

#include "overlay/core/handshake.h"

#define OV_BOOTS_LEFT 4u /* that are remembered of a peer; frames of older ones are long gone */

struct ov_link {
    struct ov_peer peer;
    uint64_t session; /* of this node, in which it was made */
};

/* What is known of a peer's sessions; zeroed: nothing. */
struct ov_sessions {
    struct ov_ident now;          /* boot 0: none has confirmed yet */
    uint64_t left[OV_BOOTS_LEFT]; /* boots before, the last one first; 0: none */
};

enum ov_news {
    OV_NEWS_NONE,     /* of the session that is known */
    OV_NEWS_SESSION,  /* a higher session of the same boot: what was asked can still be answered */
    OV_NEWS_BOOT,     /* another boot: what was asked of the one before will not be answered */
    OV_NEWS_OBSOLETE, /* of a session that has been superseded: its link is to be closed */
    OV_NEWS_REPLACED, /* likewise of a boot: one that was there before the last */
};

/* Takes what a peer that has confirmed calls itself. */
enum ov_news ov_sessions_confirm(struct ov_sessions *sessions, const struct ov_ident *peer);

/* Of two links of a plane that are both of the present sessions: whether `a` is kept, and `b` is
 * not. Both nodes see the same. False for a link and itself. */
bool ov_link_kept(const struct ov_link *a, const struct ov_link *b, const struct ov_ident *self);

#endif
