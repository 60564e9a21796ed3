/* SPDX-License-Identifier: MIT */
/* libax/gateway_event.h - what the gateway tells axsup for "axsup events": whom it reaches, and
 * whose which shard is. Exported for its plugin. */
#ifndef LIBAX_GATEWAY_EVENT_H
#define LIBAX_GATEWAY_EVENT_H

#include "shm/private.h"

#include <ax/actor.h>

#define GATEWAY_NAME_MAX 63u /* bytes of a name that are told; longer ones are cut */

enum gateway_what { /* name; number; why */
                    GATEWAY_LEASE_ACQUIRED =
                        SHM_NEWS_LEASE_ACQUIRED,              /* registry, and shard; epoch */
                    GATEWAY_LEASE_LOST = SHM_NEWS_LEASE_LOST, /* the same; in a word or two */
                    GATEWAY_NODE_UP = SHM_NEWS_NODE_UP,       /* node; its session */
                    GATEWAY_NODE_DOWN = SHM_NEWS_NODE_DOWN,   /* the same; as ov_end_text has it */
                    GATEWAY_SESSION_ROTATED =
                        SHM_NEWS_SESSION_ROTATED, /* node; the session that follows */
                    GATEWAY_AUTH_REFUSED =
                        SHM_NEWS_AUTH_REFUSED, /* address; how many since the last of these; the
                                             last one's reason, as ov_refusal_text has it */
                    GATEWAY_DIAL_REFUSED =
                        SHM_NEWS_DIAL_REFUSED, /* node; how many since the last; the address */
                    GATEWAY_CONFIG_DIFFERS =
                        SHM_NEWS_CONFIG_DIFFERS,              /* node; its session; in what */
                    GATEWAY_STORE_UP = SHM_NEWS_STORE_UP,     /* where leases are */
                    GATEWAY_STORE_DOWN = SHM_NEWS_STORE_DOWN, /* the same; why */
};

struct gateway_news {
    enum gateway_what what;
    const char *name; /* UTF-8 */
    uint32_t shard;
    uint64_t number;
    const char *why; /* up to AX_WORDS_MAX bytes, the rest is cut; NULL: nothing */
};

/* Tells it with the turn. Whoever has much to tell keeps to a rate: axsup remembers as many as the
 * config says ("events"). Never suspends. */
void gateway_event(struct ax_ctx *ctx, const struct gateway_news *news);

#endif
