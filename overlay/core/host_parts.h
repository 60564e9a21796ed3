/* SPDX-License-Identifier: MIT */
/* overlay/core/host_parts.h - what the files of the host share.
 *
 *      host.c        memory, what comes out of the core, what is to be done
 *      hosted.c      actors, from when they are wanted to their end
 *      claim.c       who waits for an actor: to be there, to answer, or to end
 *      endpoint.c    names
 *      held.c        shards */
#ifndef OV_HOST_PARTS_H
#define OV_HOST_PARTS_H

#include "overlay/core/cluster_parts.h"
#include "overlay/core/host.h"
#include "overlay/core/links.h"
#include "overlay/core/place.h"

enum ov_host_pools { OV_POOL_HOSTED, OV_POOL_CLAIMS, OV_POOL_WATCHES, OV_POOL_ENDPOINTS };

enum ov_hosted_state {
    OV_LATER,    /* it could not be spawned, and is tried again: in host.later */
    OV_WANTED,   /* in host.wanted */
    OV_SPAWNING, /* with the runner */
    OV_UNDONE,   /* the same, but it is not wanted any more */
    OV_LIVES,
    OV_STOPPING, /* told so, or in host.stops to be told */
    OV_HOSTED_STATES
};

struct ov_held { /* a shard */
    enum { OV_ELSEWHERE, OV_HERE_NOW, OV_GIVEN_UP } state;
    uint64_t epoch;       /* the last that it was held under */
    struct ov_row actors; /* in it */
    struct ov_row row;    /* in host.stopped, when nothing is in it any more */
};

struct ov_hosted {       /* an actor */
    struct ov_slot slot; /* its id is the handle of the spawn */
    enum ov_hosted_state state;
    bool lost;                    /* of STOPPING and UNDONE: with its lease */
    bool keyed, known;            /* it is in by_key; in by_actor */
    const struct ov_bound *bound; /* NULL: it is not */
    uint32_t registry, shard, incarnation, key_len;
    uint8_t key[OV_KEY_MAX];
    uint64_t epoch, actor, contract, retry_at;
    struct ov_chain by_key, by_actor;
    struct ov_row row;      /* of what is to be done with it */
    struct ov_row in_shard; /* of its shard, where it is in one */
    struct ov_row claims, endpoints;
};

enum ov_claim_kind { OV_CLAIM_ENSURE, OV_CLAIM_CALL, OV_CLAIM_WATCH, OV_CLAIM_KINDS };

struct ov_claim {           /* something of the core's that is to be answered once */
    struct ov_slot slot;    /* of a call, its id is the handle for the runner */
    struct ov_row row;      /* of its actor or endpoint, or host.due */
    struct ov_hosted *whom; /* NULL: nobody, or it is due */
    enum ov_claim_kind kind;
    uint8_t status; /* of one that is due */
    uint32_t registry, shard, incarnation;
    uint64_t handle; /* the core's */
    uint64_t actor;
};

struct ov_watch { /* one that is a monitor */
    struct ov_claim claim;
    struct ov_chain by_handle;
    bool final;
    bool restart; /* of one that is due, as what follows */
    uint8_t reason, detail_len;
    char detail[OV_DETAIL_MAX];
};

struct ov_endpoint {
    struct ov_slot slot;
    struct ov_chain by_name;
    struct ov_hosted *whom;
    struct ov_row row;     /* of its actor */
    struct ov_row watches; /* of its name */
    uint8_t len;
    char name[OV_ENDPOINT_MAX];
};

struct ov_host {
    struct ov_host_config config;
    struct ov_held *held[OV_REGISTRIES_MAX];
    struct ov_pool hosted, claims, watches, endpoints;
    struct ov_table by_key, by_actor, by_handle, by_name;
    struct ov_row stops, due, stopped, wanted, later; /* what is to be done; in this order */
    uint32_t states[OV_HOSTED_STATES], nclaims[OV_CLAIM_KINDS], nheld, nbound;
    struct ov_host_counts counts;
    struct ov_in in; /* the last that was said */
    struct ov_answer answer;
    char detail[OV_DETAIL_MAX];
};

/* NULL: there is no such shard. */
static inline struct ov_held *ov_host_held(const struct ov_host *host, uint32_t registry,
                                           uint32_t shard)
{
    const struct ov_cluster_config *cluster = host->config.cluster;
    return registry < cluster->nregistries && shard < cluster->registries[registry].shards
               ? &host->held[registry][shard]
               : NULL;
}

/* Whether new work may begin in a shard under that epoch; always in none. */
static inline bool ov_host_holds(const struct ov_host *host, const struct ov_out *out)
{
    const struct ov_held *held = ov_host_held(host, out->registry, out->shard);
    return out->registry == OV_NO_REGISTRY ||
           (held != NULL && held->state == OV_HERE_NOW && held->epoch == out->epoch);
}

/* Of what others choose, keys and names; and of numbers that they do not. */
uint64_t ov_host_hash(const struct ov_host *host, uint32_t registry, struct ax_span bytes);
static inline uint64_t ov_host_mix(uint64_t number)
{
    number = (number ^ number >> 33) * 0xff51afd7ed558ccdu;
    return number ^ number >> 33;
}

/* ---- hosted.c ---- */

struct ov_hosted *ov_hosted_of_key(const struct ov_host *host, uint32_t registry,
                                   struct ax_span key);
struct ov_hosted *ov_hosted_of_actor(const struct ov_host *host, uint64_t actor);
/* One that has a key, and is to be spawned; NULL: no room. */
struct ov_hosted *ov_hosted_want(struct ov_host *host, uint32_t registry, uint32_t shard,
                                 struct ax_span key, uint64_t contract);
/* To be spawned now, if it was to be later. */
void ov_hosted_hurry(struct ov_host *host, struct ov_hosted *hosted);
/* One without a key, which lives; NULL: no room. */
struct ov_hosted *ov_hosted_add(struct ov_host *host, uint64_t actor);
/* One without a key that nothing refers to any more is given back. */
void ov_hosted_settle(struct ov_host *host, struct ov_hosted *hosted);
/* All that is in a shard by that epoch. */
void ov_hosted_stop_all(struct ov_host *host, struct ov_held *held, uint64_t epoch, bool lost);
/* Those that are bound to it. */
void ov_hosted_bind(struct ov_host *host, uint32_t registry, uint32_t shard);
/* The next to be told to stop, or to be spawned. */
bool ov_hosted_stop(struct ov_host *host, struct ov_host_effect *effect);
bool ov_hosted_spawn(struct ov_host *host, uint64_t now, struct ov_host_effect *effect);

/* ---- claim.c ---- */

/* NULL: no room. */
struct ov_claim *ov_claim_make(struct ov_host *host, enum ov_claim_kind kind,
                               const struct ov_out *out);
void ov_claim_drop(struct ov_host *host, struct ov_claim *claim);
/* Its answer is to be given. */
void ov_claim_answer(struct ov_host *host, struct ov_claim *claim, uint8_t status);
void ov_claim_end(struct ov_host *host, struct ov_claim *claim, const struct ov_host_end *end);
/* All of a kind that wait for the actor. */
void ov_claim_answer_all(struct ov_host *host, struct ov_hosted *hosted, enum ov_claim_kind kind,
                         uint8_t status);
/* All monitors in a row. */
void ov_claim_end_all(struct ov_host *host, struct ov_row *row, const struct ov_host_end *end);
/* The core has ended all that is in a shard: of an actor, or of what is due. */
void ov_claim_lost(struct ov_host *host, struct ov_row *row, uint32_t registry, uint32_t shard);
struct ov_watch *ov_claim_watch(const struct ov_host *host, uint64_t handle);
/* The next that is due, into host->in. */
bool ov_claim_say(struct ov_host *host);

/* ---- held.c ---- */

void ov_held_gain(struct ov_host *host, const struct ov_out *out);
/* DRAIN, LOST */
void ov_held_give_up(struct ov_host *host, const struct ov_out *out);
/* The next in which nothing runs any more, into host->in. */
bool ov_held_say(struct ov_host *host);

/* ---- endpoint.c ---- */

struct ov_endpoint *ov_endpoint_find(const struct ov_host *host, struct ax_span name);
void ov_endpoint_drop(struct ov_host *host, struct ov_endpoint *endpoint);

#endif
