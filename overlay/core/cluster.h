/* SPDX-License-Identifier: MIT */
/* overlay/core/cluster.h - all that a node of a cluster decides, without any I/O:
 *
 *      step(cluster, now, in) -> outs
 *
 * On top of the sessions of core.h stand the leases of shards, the requests between nodes, and
 * monitors. As there, no clock, socket, random source or allocator is in here; whoever carries it
 * says what has happened, and does what comes out, in its order, before the next step.
 *
 * A request is an ensure, a tell or an ask that this node makes. One to a key of a registry finds
 * its way by itself: who owns the shard (a cache, a hint, or the lease store), then the actor (an
 * ensure, which spawns it where there is none), then the message straight to the actor. Where the
 * answer says that nothing was done, as the shard or the actor is elsewhere, it is tried again
 * until its deadline. The requests to one key are sent in the order in which they were made, and
 * come in it; while those before are still unanswered by an actor that is there no more, those
 * after them wait.
 *
 * A request ends exactly once, with OV_OUT_END. Its body stays with the caller: when a request that
 * had to wait can be sent, OV_OUT_READY asks for it, and OV_IN_GO_ON brings it.
 *
 * A monitor ends exactly once as well, with OV_OUT_DOWN, or without a sound when it is taken back.
 * What the watched actor has sent before its end comes first.
 *
 * A session's end ends the requests and monitors towards that node, as node down: it may be alive.
 * Only where a later session of the same boot has taken its place, they go on in that. */
#ifndef OV_CLUSTER_H
#define OV_CLUSTER_H

#include "overlay/core/core.h"
#include "overlay/core/shards.h"

#define OV_REGISTRIES_MAX 8u
#define OV_NO_REGISTRY UINT32_MAX
#define OV_HERE UINT32_MAX      /* the index of this node itself */
#define OV_OUTS_MIN 160u        /* the least room for what comes out */
#define OV_OUT_BYTES (1u << 16) /* and for its bytes, besides those of a body that comes in */

struct ov_cluster; /* holds secrets: see cipher.h */

struct ov_registry {
    const char *name; /* 1 to OV_REGISTRY_MAX bytes; outlives the cluster */
    uint32_t shards;  /* 1 to OV_SHARDS_MOST, the same on all nodes */
};

struct ov_cluster_config {
    struct ov_core_config core;
    const struct ov_registry *registries;
    uint32_t nregistries;                  /* 0 to OV_REGISTRIES_MAX */
    uint64_t ttl_ns, margin_ns, answer_ns; /* of leases, see lease.h */
    uint64_t round_ns;                     /* of moving shards, see shards.h */
    uint64_t owner_ns, key_ns; /* how long what is known of an owner, of a key, is used */
    uint64_t resolve_ns;       /* between questions to the store about one shard, at most */
    uint64_t give_up_ns;       /* for finding an owner; then the requests end */
    uint64_t retry_ns;         /* until what was not acknowledged is sent again, or an ensure */
    uint32_t process;  /* of those that are one boot, one after the other: peers may still answer
                          what  an earlier one has asked */
    uint32_t requests; /* in hand, of this node; and as many of others that it serves */
    uint32_t ensures;  /* the same, apart from them; room also for what nodes ask of their own */
    uint32_t keys;     /* that are known; more than requests and ensures */
    uint32_t monitors; /* of this node; and as many of its actors */
};

/* ---- what comes in ---- */

struct ov_target {
    uint32_t registry;    /* OV_NO_REGISTRY: the actor or endpoint is in none */
    struct ax_span key;   /* empty: the actor is given, or the endpoint */
    uint32_t node;        /* where those are; OV_HERE as well */
    uint64_t boot, actor; /* the life of that node, as a ref has it */
    uint32_t shard;       /* of an actor in a registry, and the epoch it was found in */
    uint64_t epoch;
    struct ax_span endpoint;
};

struct ov_request {
    enum ov_kind kind; /* OV_ENSURE (of a key), OV_TELL, OV_ASK */
    uint64_t token;    /* the caller's, below 2^63; comes back with what comes out */
    uint64_t deadline;
    struct ov_target target;
    uint64_t contract, sender;
    uint16_t method;
    bool unanswered; /* a tell by actor or endpoint: it ends when it is sent */
    struct ax_span body;
};

struct ov_answer { /* of the host, to what has come out with a handle */
    uint64_t handle;
    uint8_t status; /* 0 or AX_E_. Only with AX_E_NO_ACTOR, _CLOSED, _STALE nothing was done */
    uint64_t actor; /* to an ensure */
    uint32_t incarnation; /* and this */
    struct ax_span body;  /* to an ask */
    /* to a watch: */
    uint8_t reason;
    bool restart;
    struct ax_span detail; /* UTF-8, at most 255 bytes, or empty */
};

enum ov_in_kind {
    OV_IN_TIMER,     /* ov_cluster_next has come, or there was more to do */
    OV_IN_LINK,      /* link: an event of core.h, but OV_ON_TIMER and OV_ON_SEND */
    OV_IN_STORE,     /* store: its answer */
    OV_IN_REQUEST,   /* request: *outs.id is what it is called until it ends */
    OV_IN_GO_ON,     /* id, body: as OV_OUT_READY has asked */
    OV_IN_CANCEL,    /* id: a request is given up, and ends without OV_OUT_END */
    OV_IN_MONITOR,   /* target, token, final: an actor or endpoint; outs.id as above */
    OV_IN_DEMONITOR, /* id: no OV_OUT_DOWN will come */
    OV_IN_ANSWER,    /* answer: to OV_OUT_ENSURE, _TELL, _ASK */
    OV_IN_ENDED,     /* answer: to OV_OUT_WATCH: the actor has ended, or is none */
    OV_IN_STOPPED, /* registry, shard, epoch: nothing runs in it, as OV_OUT_DRAIN or _LOST has asked
                      for; of another epoch it means nothing */
    OV_IN_PAUSE,   /* paused: leases are not renewed, nor asked for */
    OV_IN_DRAIN,   /* all shards are given away: this node is about to leave */
};

struct ov_in {
    enum ov_in_kind kind;
    const struct ov_event *link;
    const struct ov_store_answer *store;
    const struct ov_request *request;
    const struct ov_answer *answer;
    const struct ov_target *target;
    uint64_t id, token, epoch;
    struct ax_span body;
    uint32_t registry, shard;
    bool final, paused;
};

/* ---- what comes out ---- */

enum ov_out_kind {
    OV_OUT_LINK,   /* link: an effect of core.h, but OV_TELL_FRAME */
    OV_OUT_STORE,  /* store: for the lease store */
    OV_OUT_GAINED, /* registry, shard, epoch: it is this node's */
    OV_OUT_DRAIN,  /* the same: its actors take no new work and end; then OV_IN_STOPPED */
    OV_OUT_LOST,   /* the same: its actors end at once; then OV_IN_STOPPED */
    OV_OUT_ENSURE, /* handle, registry, shard, epoch, key, contract: find the actor or spawn it */
    OV_OUT_TELL,  /* handle (0: no answer is wanted), node, frame, and registry, shard, epoch of its
                     actor where it is in one: deliver its body */
    OV_OUT_ASK,   /* the same, and the answer has the reply */
    OV_OUT_WATCH, /* handle, node, frame: tell when its actor ends */
    OV_OUT_UNWATCH, /* handle: no more */
    OV_OUT_READY,   /* id, token: the request can be sent; its body is wanted, by OV_IN_GO_ON */
    OV_OUT_END,  /* id, token, status, and of status 0: body of an ask's reply; node, boot, actor,
                    registry, shard, epoch of an ensure */
    OV_OUT_DEAD, /* token, status: an unanswered tell was refused */
    OV_OUT_DOWN, /* id, token, reason, incarnation, restart, detail: a monitor has ended */
};

struct ov_out {
    enum ov_out_kind kind;
    uint8_t status, reason;
    bool restart;
    uint32_t node, registry, shard, incarnation;
    uint64_t handle, id, token, boot, actor, epoch, contract;
    struct ax_span key, body, detail; /* until the next step, as the pointers are */
    const struct ov_effect *link;
    const struct ov_frame *frame;
    const struct ov_store_request *store;
};

struct ov_outs { /* the caller's, and room in them; a step begins them anew */
    struct ov_out *list;
    unsigned room, n;
    uint8_t *bytes;
    size_t bytes_room, bytes_n;
    size_t used; /* of the bytes that a connection has received */
    uint64_t id; /* of the request or monitor that this step has taken; 0: it has ended in it */
    bool more;   /* there is more to do: step again, with the bytes that are left where there are
                    any, and with OV_IN_TIMER otherwise */
};

struct ov_cluster_counts {
    uint64_t late;      /* answers to what had ended, or from who was not asked */
    uint64_t orphans;   /* answers of hosts whose asker was gone */
    uint64_t unsent;    /* answers and the like that found no session */
    uint64_t busy;      /* requests of others that there was no room for */
    uint64_t moved;     /* requests of others for what is elsewhere */
    uint64_t retried;   /* requests that were sent again */
    uint64_t refused;   /* unanswered tells, by whom they were for */
    uint64_t unwatched; /* monitors of others that there was no room for */
    uint64_t again;     /* monitors of others that were set already */
    uint64_t untold;    /* downs that their node was gone for before it has taken them */
    uint64_t unsettled; /* the same of monitors that were taken back */
    uint64_t reads;     /* questions to the store about owners */
};

/* Bytes that a cluster of this config needs; 0: the config is not valid. */
size_t ov_cluster_size(const struct ov_cluster_config *config);

/* As ov_core_init. */
AX_MUST_USE int ov_cluster_init(struct ov_cluster **cluster, void *memory, size_t size,
                                const struct ov_cluster_config *config);
void ov_cluster_deinit(struct ov_cluster *cluster);

/* What has come in at `now`. Results of ov_core_step for OV_IN_LINK. For requests and monitors:
 * AX_E_LIMIT no room, for one more or for the body's records; AX_E_BUSY: so many are in hand;
 * AX_E_INVALID: it names no such registry, node, key or kind; AX_E_NODE_DOWN, AX_E_TOO_BIG;
 * AX_E_FULL: the node does not take what was sent to it before. For answers, ids and handles that
 * have ended: AX_E_NO_KEY. Nothing has happened then. */
AX_MUST_USE int ov_cluster_step(struct ov_cluster *cluster, uint64_t now, const struct ov_in *in,
                                struct ov_outs *outs);

/* When OV_IN_TIMER is due; UINT64_MAX: never. To be asked after each step. */
uint64_t ov_cluster_next(const struct ov_cluster *cluster);

/* ---- to be looked at ---- */

/* The epoch under which a turn of the shard's actors may start at `now`; 0: none may. To be asked
 * before each turn, not only when the message came. */
uint64_t ov_cluster_epoch(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                          uint64_t now);

struct ov_shard_view {
    enum ov_lease_state state; /* of this node's lease */
    bool here;                 /* it is this node's, for left_ns */
    uint64_t epoch;            /* the last that was heard of */
    uint64_t left_ns;
    struct ov_ident owner; /* boot 0: it is not known here, as nobody has asked */
};
/* Of which shard a request to the store is, by its number. False: of none. */
bool ov_cluster_asked(const struct ov_cluster *cluster, uint64_t number, uint32_t *registry,
                      uint32_t *shard);
/* `registry` and `shard` are of the config. */
void ov_cluster_shard(const struct ov_cluster *cluster, uint32_t registry, uint32_t shard,
                      uint64_t now, struct ov_shard_view *view);
const struct ov_core *ov_cluster_core(const struct ov_cluster *cluster);
const struct ov_cluster_counts *ov_cluster_counts(const struct ov_cluster *cluster);

struct ov_cluster_view {             /* how many are in hand */
    uint32_t requests, ensures;      /* of this node; ensures: that were sent */
    uint32_t served, served_ensures; /* of others; `served` has both */
    uint32_t monitors, unset, back;  /* of this node; not acknowledged yet; taken back, the same */
    uint32_t watchers, downs;        /* of others; ended, and not acknowledged yet */
    uint32_t keys, fresh;            /* that are known; whose actor is, for use */
    uint32_t owners;                 /* of shards, that are known for use */
    uint32_t sessions, suspects;     /* nodes */
    uint32_t handshakes;             /* dials, and connections that were accepted */
    uint32_t held;                   /* shards */
};
void ov_cluster_look(const struct ov_cluster *cluster, struct ov_cluster_view *view);

#endif
