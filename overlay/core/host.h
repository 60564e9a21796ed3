/* SPDX-License-Identifier: MIT */
/* overlay/core/host.h - what is between a node's core (cluster.h) and whoever runs its actors: who
 * has which key, which spawns are under way, who watches whom, which names are endpoints.
 *
 *      core ---- outs ---->  host ---- spawn, stop, tell, ask ----> runner
 *      core <- in (CORE) --  host <-- spawned, ended, answer ------ runner
 *
 * It has no I/O, as the core has none, and decides nothing about time but when a spawn is tried
 * again. Its memory is given to it once and is for all that the core may have in hand: where that
 * is too much, the core has said so already, with AX_E_BUSY. So the limits of requests, ensures
 * and monitors are the cluster's, and only those of actors and endpoints are here.
 *
 * - An actor of a key is spawned by the first ensure, or where the key is bound to its shard, as
 *   soon as the shard is this node's. However many ensure it meanwhile, there is one spawn, which
 *   answers all; if it fails it has failed for all, and the next ensure tries it anew. A bound one
 *   is tried again by itself; when its actor has ended of its own accord the next ensure, or the
 *   next epoch, spawns it anew.
 * - A shard that is given away takes no new work: who ensures is sent elsewhere, actors are told to
 *   end when their mail is handled. One that is lost ends at once. What is still being spawned is
 *   stopped when it comes. When nothing runs in it any more, the core is told.
 * - All of a shard is of one epoch. What is left of an earlier one when the next comes is told to
 *   stop and is found by nobody; what is said of an earlier one does not touch the next.
 * - A bound key of a registry of one shard is a singleton of the cluster, which moves with its
 *   lease: a leased supervisor.
 * - An endpoint is a name for an actor of this node, with a key or without. It ends with its actor,
 *   or when it is unregistered; either is told to who watches it.
 *
 * What comes out of one step of the core is given to ov_host_out in its order. Then ov_host_next is
 * called until it says false, and each OV_HOST_CORE is stepped, with its outs given to ov_host_out
 * before the next. The runner tells things between steps, and ov_host_next follows. */
#ifndef OV_HOST_H
#define OV_HOST_H

#include "overlay/core/cluster.h"

struct ov_host;

struct ov_bound { /* a key whose actor lives while the shard is this node's */
    uint32_t registry;
    struct ax_span key; /* outlives the host */
    uint64_t contract;  /* 0: whatever the registry's is */
};

struct ov_host_config {
    const struct ov_cluster_config *cluster; /* outlives the host */
    const struct ov_bound *bound;            /* the same */
    uint32_t nbound;
    uint32_t actors;    /* besides the bound ones: of keys, and those that only endpoints name */
    uint32_t spawns;    /* with the runner at a time; others wait */
    uint32_t endpoints; /* may be 0 */
};

enum ov_host_kind {
    OV_HOST_NOTHING,
    OV_HOST_SPAWN, /* handle, registry, shard, epoch, key, contract: then ov_host_spawned */
    OV_HOST_STOP,  /* actor, lost: then ov_host_ended; may be said again, with lost */
    OV_HOST_TELL,  /* handle (0: no answer), actor, registry, shard, epoch, frame: its body is to be
                      delivered; then ov_host_answer, unless the actor ends first */
    OV_HOST_ASK,   /* the same */
    OV_HOST_CORE,  /* in: for ov_cluster_step. AX_E_NO_KEY is no mistake: it has ended meanwhile.
                      AX_E_LIMIT: again, later */
};

struct ov_host_effect {
    enum ov_host_kind kind;
    bool lost;                /* of STOP: its lease; else it handles its mail first */
    bool bound;               /* its key is, to its shard */
    uint8_t status;           /* of NOTHING: why a tell that wants no answer is lost; 0: none is */
    uint32_t node;            /* of who tells or asks, as the core calls it */
    uint32_t registry, shard; /* OV_NO_REGISTRY: of none */
    uint64_t handle, actor, epoch, contract;
    struct ax_span key;           /* until the host is called again, as the pointers are */
    const struct ov_frame *frame; /* until the next step of the core */
    const struct ov_in *in;
};

struct ov_host_end { /* of an actor */
    uint8_t reason;
    bool restart;          /* another incarnation follows, and the actor stays */
    uint32_t incarnation;  /* that has ended */
    struct ax_span detail; /* UTF-8, at most 255 bytes, or empty */
};

/* Bytes that a host of this config needs; 0: the config is not valid. */
size_t ov_host_size(const struct ov_host_config *config);

/* In `memory`, which is aligned as malloc does and stays the caller's. AX_E_INVALID: the config is
 * not valid, or the memory too small. */
AX_MUST_USE int ov_host_init(struct ov_host **host, void *memory, size_t size,
                             const struct ov_host_config *config);

/* ---- from the core ---- */

/* What has come out; of no concern are requests and monitors of this node. *effect is to be done
 * before the next out. AX_E_LIMIT: the core has more in hand than its config says. */
AX_MUST_USE int ov_host_out(struct ov_host *host, const struct ov_out *out,
                            struct ov_host_effect *effect);

/* One thing that is to be done now. False: nothing is. */
bool ov_host_next(struct ov_host *host, uint64_t now, struct ov_host_effect *effect);

/* When ov_host_next has something by itself; UINT64_MAX: never. */
uint64_t ov_host_due(const struct ov_host *host);

/* ---- from the runner ---- */

/* The end of a spawn: status 0, or an AX_E_. AX_E_NO_KEY: it was none. AX_E_INVALID: there is such
 * an actor already, or it is 0; the spawn is still under way. */
AX_MUST_USE int ov_host_spawned(struct ov_host *host, uint64_t now, uint64_t handle, uint8_t status,
                                uint64_t actor, uint32_t incarnation);

/* To be told of each actor that was spawned or is an endpoint, behind all that it has sent. Calls
 * in hand are canceled. AX_E_NO_ACTOR: it is neither. AX_E_INVALID. */
AX_MUST_USE int ov_host_ended(struct ov_host *host, uint64_t actor, const struct ov_host_end *end);

/* To a TELL or ASK. *effect is to be done at once, and has the body in it. AX_E_NO_KEY: nobody
 * waits for it any more. */
AX_MUST_USE int ov_host_answer(struct ov_host *host, uint64_t handle, uint8_t status,
                               struct ax_span body, struct ov_host_effect *effect);

/* ---- endpoints ---- */

/* AX_E_NAME_TAKEN; AX_E_LIMIT; AX_E_CLOSED: the actor is told to stop; AX_E_INVALID: it is no name,
 * of 1 to OV_ENDPOINT_MAX bytes of UTF-8. */
#define OV_ENDPOINT_MAX 63u
AX_MUST_USE int ov_host_register(struct ov_host *host, struct ax_span name, uint64_t actor);
/* Who watches it is told that it is gone. AX_E_NO_KEY: there is none of that name. */
AX_MUST_USE int ov_host_unregister(struct ov_host *host, struct ax_span name);

/* ---- to be looked at ---- */

struct ov_host_view {
    uint32_t wanted, spawning, living, stopping; /* actors; wanted: not with the runner yet */
    uint32_t undone;                             /* spawns that are stopped when they come */
    uint32_t endpoints, ensures, calls, watches; /* in hand; calls: tells that are answered, asks */
    uint32_t held;                               /* shards */
};

struct ov_host_counts {
    uint64_t spawned, failed; /* spawns that have ended */
    uint64_t undone;          /* and were of no use any more */
    uint64_t ended;           /* actors */
    uint64_t stale;           /* what was for an epoch that is not the shard's */
    uint64_t unknown;         /* calls and monitors of who is not there */
    uint64_t unsaid;          /* of the calls that were refused: nobody waits for the answer */
    uint64_t full;            /* ensures that there was no room for */
    uint64_t late;            /* answers of the runner that nobody waits for */
};

void ov_host_look(const struct ov_host *host, struct ov_host_view *view);
const struct ov_host_counts *ov_host_counts(const struct ov_host *host);

#endif
