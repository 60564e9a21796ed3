/* SPDX-License-Identifier: MIT */
#include "overlay/core/election.h"

#include <string.h>

static bool is_left(const struct ov_sessions *sessions, uint64_t boot)
{
    for (unsigned i = 0; i < OV_BOOTS_LEFT; i++)
        if (sessions->left[i] == boot)
            return true;
    return false;
}

enum ov_news ov_sessions_confirm(struct ov_sessions *sessions, const struct ov_ident *peer)
{
    const struct ov_ident before = sessions->now;

    if (before.boot == peer->boot) {
        if (peer->session < before.session)
            return OV_NEWS_OBSOLETE;
        sessions->now = *peer;
        return peer->session == before.session ? OV_NEWS_NONE : OV_NEWS_SESSION;
    }
    if (is_left(sessions, peer->boot))
        return OV_NEWS_REPLACED;
    sessions->now = *peer;
    if (before.boot != 0) {
        memmove(sessions->left + 1, sessions->left, sizeof sessions->left - sizeof *sessions->left);
        sessions->left[0] = before.boot;
    }
    return OV_NEWS_BOOT;
}

/* Whether this node has dialled. */
static bool is_own(const struct ov_link *link)
{
    return link->peer.role == OV_INITIATOR;
}

bool ov_link_kept(const struct ov_link *a, const struct ov_link *b, const struct ov_ident *self)
{
    if (is_own(a) == is_own(b))
        return a->peer.dial > b->peer.dial;
    bool own_stays = strcmp(self->node, a->peer.ident.node) > 0; /* strcmp is bytewise */
    return is_own(a) == own_stays;
}
