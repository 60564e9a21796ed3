/* SPDX-License-Identifier: MIT */
/* overlay/core/cluster_parts.h - what the files of the cluster share.
 *
 *      cluster.c   what comes in, memory, what is due
 *      peer.c      other nodes: their coming and going, their frames
 *      hold.c      shards that this node holds, or asks for
 *      owner.c     who owns a shard, as far as this node knows
 *      key.c       which actor has a key: found once for all requests that wait for it
 *      request.c   requests of this node, from when they are made to their end
 *      serve.c     requests of other nodes, and of this one to itself
 *      monitor.c   monitors of this node
 *      watcher.c   monitors of others on its actors
 *      view.c      how much of all that there is
 *
 * What happens changes tables at once. What follows from it comes out of ov_X_work, as far as there
 * is room in this step; what is left is due in the next. */
#ifndef OV_CLUSTER_PARTS_H
#define OV_CLUSTER_PARTS_H

#include "overlay/core/agenda.h"
#include "overlay/core/cluster.h"
#include "overlay/core/pool.h"

#define OV_KEY_MAX 128u
#define OV_DETAIL_MAX 255u
#define OV_SENDS (OV_OUTS_MIN + OV_EFFECTS_MIN) /* frames in a step, and the room for the last */
#define OV_SENT_BY_ONE 9u /* effects of OV_ON_SEND: it, and what was gathered for others */

/* Who asks the store: of each registry, its leases and its owner cache. */
#define OV_STORE_ASKERS ((uint64_t)2 * OV_REGISTRIES_MAX)

enum ov_pools {
    OV_POOL_REQUESTS,
    OV_POOL_KEYS,
    OV_POOL_SERVED,
    OV_POOL_MONITORS,
    OV_POOL_WATCHERS
};

struct ov_peer_node { /* by the core's index */
    bool up;
    bool suspect; /* it has not answered for a while */
    bool said;    /* whether it takes part: */
    enum ov_abstains abstains;
    bool rotating; /* a later session of this boot is on its way */
    struct ov_ident ident;
    uint64_t rotate_until;
    uint64_t sent, taken; /* frames on the data connection in this session */
};

#define OV_READ_SOON 4u /* questions to the store that come sooner than others, see owner.c */

struct ov_owner {
    struct ov_ident ident; /* boot 0: nobody is known */
    uint64_t epoch;        /* the highest that was seen */
    uint64_t until;        /* for use */
    uint64_t read;         /* number of the question to the store that is under way */
    uint64_t read_until;   /* for its answer */
    uint64_t read_at;      /* not before */
    uint8_t read_in_vain;  /* since a later epoch was seen; OV_READ_SOON at most */
    bool hinted;           /* since it was last read: no more hints of this epoch */
};

enum ov_request_state {
    OV_WAITS,     /* for its key */
    OV_ASKED_FOR, /* its body */
    OV_SENT,      /* for its answer */
    OV_ENDED,     /* to be told */
};

struct ov_pending { /* a request of this node */
    struct ov_slot slot;
    enum ov_request_state state;
    enum ov_kind kind;
    uint8_t status; /* of OV_ENDED */
    uint16_t method;
    uint32_t key;            /* index of its key; OV_NONE: it has none */
    uint32_t node;           /* that was asked */
    uint32_t before, behind; /* in the row of its key, or OV_NONE */
    uint64_t boot, token, deadline, contract, sender;
    uint64_t order; /* of all requests */
};

struct ov_known {        /* a key */
    struct ov_slot slot; /* its id is the request of its ensure */
    uint32_t registry, shard, len;
    uint8_t bytes[OV_KEY_MAX];
    uint32_t chain;          /* the next one of its hash */
    uint32_t before, behind; /* in the row of keys that are waited for */
    uint32_t first, last;    /* of the requests that wait for it */
    uint32_t waits;          /* the first of them whose body was not asked for */
    uint32_t sent;           /* requests that are with its actor */
    bool wanted, asking;
    uint8_t misses; /* times that its actor was gone, one after another */
    uint32_t node;  /* of its actor, or that was asked for it */
    uint32_t incarnation;
    uint64_t boot, actor, epoch;
    uint64_t until; /* for use of the actor; of `asking`, for the answer */
    uint64_t retry_at, give_up_at;
    uint64_t contract;
    uint64_t past; /* the latest request that its actor may have handled: none before it any more */
};

/* No actor has such a name: what nodes ask each other by it, as for leases, has room when what
 * actors ask has used theirs up. */
static inline bool ov_endpoint_is_own(struct ax_span endpoint)
{
    return endpoint.len > 0 && *(const char *)endpoint.ptr == '/';
}

struct ov_served { /* a request of others; its id is the host's handle */
    struct ov_slot slot;
    enum ov_kind kind;
    uint32_t node; /* OV_HERE: of this node */
    uint32_t registry, shard;
    bool lost;  /* with the lease of its shard */
    bool spare; /* in the room of ensures */
    uint64_t boot, request;
};

struct ov_monitor { /* of this node */
    struct ov_slot slot;
    struct ov_task task;
    enum { OV_MON_NEW, OV_MON_SET, OV_MON_BACK, OV_MON_ENDED } state;
    uint8_t reason;
    bool final;
    uint32_t node, registry, shard;
    uint64_t boot, actor, epoch, token;
    uint8_t endpoint_len;
    char endpoint[63];
};

struct ov_watcher { /* a monitor of others; its id is the host's handle */
    struct ov_slot slot;
    struct ov_task task;
    bool ended, restart;
    bool gone; /* the watching node */
    uint8_t reason, detail_len;
    uint32_t chain; /* the next one of its hash */
    uint32_t node, registry, shard, incarnation;
    uint64_t boot, monitor, after;
    char detail[OV_DETAIL_MAX];
};

#define OV_NONE UINT32_MAX
#define OV_UNANSWERED                                                                              \
    (1ull << 63) /* in the id of a tell without an answer: the rest is its token */

struct ov_cluster {
    struct ov_cluster_config config;
    struct ov_core *core;
    uint64_t now, orders, reads;
    bool leaving;
    struct ov_peer_node *peers;
    struct ov_shards shards[OV_REGISTRIES_MAX];
    struct ov_owner *owners[OV_REGISTRIES_MAX];
    struct ov_pool requests, keys, served, monitors, watchers;
    uint32_t *buckets, nbuckets;        /* of keys */
    uint32_t *watched_by, nwatched_by;  /* the same, of watchers */
    uint32_t first_key, last_key, hand; /* keys that are waited for; which is forgotten next */
    uint32_t asking, serving, serving_ensures;
    uint64_t requests_at, served_at;    /* when to look through them */
    struct ov_agenda to_watch, to_tell; /* of monitors, of watchers */
    struct ov_row gone;                 /* watchers whose node has gone */
    struct ov_effects in;               /* what the core does with what comes in */
    struct ov_effect in_list[OV_EFFECTS_MIN], sends[OV_SENDS];
    uint8_t in_bytes[OV_EFFECT_BYTES];
    unsigned nsends, nstores; /* in this step */
    unsigned nlocal;
    struct ov_frame local[OV_OUTS_MIN]; /* of this node to itself */
    struct ov_store_request stores[OV_OUTS_MIN];
    struct ov_ident *members; /* nodes_max and this one */
    bool recount;             /* they are to be looked for anew */
    uint64_t leaves_at;       /* when others are told at the latest; 0: nothing is given away */
    uint64_t store_since;     /* the store has been asked, and has not answered; 0: it has */
    bool cut_off;             /* for longer than a lease lasts */
    uint64_t trusts_at; /* it was; until then it believes no others that they are. 0: it does */
    struct ov_outs *out;
    struct ov_cluster_counts counts;
};

/* ---- cluster.c ---- */

struct ov_out *ov_cluster_do(struct ov_cluster *cluster, enum ov_out_kind kind);
/* Room for one more thing, and for one more frame without a body. */
bool ov_cluster_has_room(struct ov_cluster *cluster);
/* A copy that is there until the next step; of something small, as there is room for it. */
struct ax_span ov_cluster_keep(struct ov_cluster *cluster, const char *text, uint32_t len);
/* To a session that is up. */
AX_MUST_USE int ov_cluster_send(struct ov_cluster *cluster, uint32_t node,
                                const struct ov_frame *frame);
/* The same for what is sent again, or not needed, where it does not go out. */
static inline void ov_cluster_try(struct ov_cluster *cluster, uint32_t node,
                                  const struct ov_frame *frame)
{
    int r = ov_cluster_send(cluster, node, frame);
    cluster->counts.unsent += r != 0;
}
/* A question to the store, from `which` of OV_STORE_ASKERS. */
void ov_cluster_store(struct ov_cluster *cluster, unsigned which,
                      const struct ov_store_request *request);
/* Whether that life of a node has a session now, or this is it. */
bool ov_cluster_is_up(const struct ov_cluster *cluster, uint32_t node, uint64_t boot);
/* Whether the numbers of a registry and a node are such. */
bool ov_cluster_knows(const struct ov_cluster *cluster, const struct ov_target *target);
/* The registry of a frame, below nregistries, where it is one of ours and has the shard. */
uint32_t ov_cluster_registry(const struct ov_cluster *cluster, const struct ov_frame *frame);
void ov_cluster_set_shard(struct ov_frame *frame, const struct ov_cluster *cluster,
                          uint32_t registry, uint32_t shard, uint64_t epoch);
static inline void ov_sooner(uint64_t *at, uint64_t other)
{
    *at = other < *at ? other : *at;
}

/* ---- peer.c ---- */

void ov_peer_up(struct ov_cluster *cluster, const struct ov_effect *effect);
void ov_peer_down(struct ov_cluster *cluster, const struct ov_effect *effect);
/* One that does not answer keeps its leases as long as it renews them, but no others wait for it to
 * take what it should have. */
void ov_peer_suspect(struct ov_cluster *cluster, uint32_t node, bool suspect);
void ov_peer_part(struct ov_cluster *cluster, uint32_t node, enum ov_abstains abstains);
void ov_peer_frame(struct ov_cluster *cluster, const struct ov_effect *effect);
void ov_peer_work(struct ov_cluster *cluster);

/* ---- hold.c ---- */

/* Over tables for all shards of all registries. */
void ov_hold_init(struct ov_cluster *cluster, struct ov_owner *owners, struct ov_shard *shards);
AX_MUST_USE int ov_hold_store(struct ov_cluster *cluster, const struct ov_store_answer *answer);
AX_MUST_USE int ov_hold_stopped(struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                                uint64_t epoch);
/* Somebody has shown an epoch of a shard. */
void ov_hold_saw(struct ov_cluster *cluster, uint32_t registry, uint32_t shard, uint64_t epoch);
/* A peer has given a shard back. */
void ov_hold_released(struct ov_cluster *cluster, const struct ov_frame *frame);
/* Whether new work may begin now in a shard under that epoch; always in none. */
static inline bool ov_hold_has(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                               uint64_t epoch)
{
    return registry == OV_NO_REGISTRY ||
           ov_shards_epoch(&cluster->shards[registry], shard, cluster->now) == epoch;
}
/* OV_IN_PAUSE, OV_IN_DRAIN. */
void ov_hold_all(struct ov_cluster *cluster, const struct ov_in *in);
void ov_hold_work(struct ov_cluster *cluster);
uint64_t ov_hold_next(const struct ov_cluster *cluster);

/* ---- owner.c ---- */

struct ov_owner *ov_owner_of(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard);
/* Where the shard's owner is now. True: *node has it under *epoch. False: nobody is known, or who
 * is known is not up; the store is asked, or will be, by ov_owner_ask. */
bool ov_owner_find(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                   uint32_t *node, uint64_t *epoch);
/* Asks the store, if that is due. True: something has come out. */
bool ov_owner_ask(struct ov_cluster *cluster, uint32_t registry, uint32_t shard);
void ov_owner_answer(struct ov_cluster *cluster, uint32_t registry,
                     const struct ov_store_answer *answer);
/* A peer says that this is so: a hint, which is no more than a reason to ask there. */
void ov_owner_hint(struct ov_cluster *cluster, uint32_t registry, const struct ov_frame *moved);
/* What is known has turned out wrong. */
void ov_owner_forget(struct ov_cluster *cluster, uint32_t registry, uint32_t shard);
/* When ov_owner_ask can be called with success. */
uint64_t ov_owner_next(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard);

/* ---- key.c ---- */

/* The entry of a key, which is made where there is none, in place of one that is in no use. */
struct ov_known *ov_key_get(struct ov_cluster *cluster, uint32_t registry, struct ax_span key);
bool ov_key_fresh(const struct ov_cluster *cluster, const struct ov_known *key);
/* It is waited for. */
void ov_key_want(struct ov_cluster *cluster, struct ov_known *key, uint64_t contract);
/* Its actor is not there any more. */
void ov_key_forget(struct ov_known *key);
/* An answer to its ensure, or a moved or busy in its place. */
void ov_key_answer(struct ov_cluster *cluster, struct ov_known *key, const struct ov_frame *frame);
void ov_key_ensured(struct ov_cluster *cluster, struct ov_known *key, uint8_t status,
                    uint64_t actor, uint32_t incarnation);
/* A node's session has ended. */
void ov_key_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot);
void ov_key_work(struct ov_cluster *cluster);
uint64_t ov_key_next(const struct ov_cluster *cluster);

/* ---- request.c ---- */

AX_MUST_USE int ov_request_make(struct ov_cluster *cluster, const struct ov_request *request);
AX_MUST_USE int ov_request_go_on(struct ov_cluster *cluster, uint64_t id, struct ax_span body);
AX_MUST_USE int ov_request_cancel(struct ov_cluster *cluster, uint64_t id);
/* The first of those that wait for the key can go: asks for its body, or ends an ensure. */
void ov_request_release(struct ov_cluster *cluster, struct ov_known *key);
/* All that wait for the key end. */
void ov_request_fail_all(struct ov_cluster *cluster, struct ov_known *key, uint8_t status);
/* Its answer. */
void ov_request_answer(struct ov_cluster *cluster, struct ov_pending *request, uint8_t status,
                       struct ax_span body);
void ov_request_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot);
void ov_request_work(struct ov_cluster *cluster);

/* ---- serve.c ---- */

void ov_serve_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame);
/* A request of this node to itself. AX_E_BUSY: too many are in hand. */
AX_MUST_USE int ov_serve_here(struct ov_cluster *cluster, const struct ov_frame *frame,
                              uint32_t registry);
AX_MUST_USE int ov_serve_answer(struct ov_cluster *cluster, const struct ov_answer *answer);
/* The lease of a shard is lost: what was begun in it has no known end. */
void ov_serve_lost(struct ov_cluster *cluster, uint32_t registry, uint32_t shard);
void ov_serve_work(struct ov_cluster *cluster);

/* ---- monitor.c ---- */

AX_MUST_USE int ov_monitor_set(struct ov_cluster *cluster, const struct ov_in *in);
AX_MUST_USE int ov_monitor_back(struct ov_cluster *cluster, uint64_t id);
/* An answer, or a down. */
void ov_monitor_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame);
void ov_monitor_node_up(struct ov_cluster *cluster, uint32_t node);
void ov_monitor_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot);
/* What a monitor of this node on an actor of this node ends by. */
void ov_monitor_down_here(struct ov_cluster *cluster, const struct ov_watcher *watcher);
void ov_monitor_work(struct ov_cluster *cluster);

/* ---- watcher.c ---- */

/* AX_E_BUSY: there is no room. */
AX_MUST_USE int ov_watcher_here(struct ov_cluster *cluster, const struct ov_frame *frame,
                                uint64_t boot, uint32_t registry);
void ov_watcher_back_here(struct ov_cluster *cluster, uint64_t boot, uint64_t monitor);
AX_MUST_USE int ov_watcher_ended(struct ov_cluster *cluster, const struct ov_answer *answer);
/* A monitor, a demonitor, the answer to a down. */
void ov_watcher_frame(struct ov_cluster *cluster, uint32_t node, const struct ov_frame *frame);
void ov_watcher_node_up(struct ov_cluster *cluster, uint32_t node);
void ov_watcher_node_down(struct ov_cluster *cluster, uint32_t node, uint64_t boot);
/* Nothing runs in the shard any more, or may. */
void ov_watcher_lost(struct ov_cluster *cluster, uint32_t registry, uint32_t shard);
void ov_watcher_work(struct ov_cluster *cluster);

#endif
