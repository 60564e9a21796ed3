/* SPDX-License-Identifier: MIT */
/* libax/far_serve.h - what the gateway's plugin can do beside what all actors can. Exported for it
 * alone; the header is not installed. All of it but far_go_on is part of the turn, and nothing of
 * it suspends anybody. */
#ifndef LIBAX_FAR_SERVE_H
#define LIBAX_FAR_SERVE_H

#include <ax/actor.h>
#include <sys/socket.h>

/* Between two things of which each may be binding without the other: where the turn has done so
 * much that it might have no room for the next one, it ends and another one goes on. */
void far_go_on(struct ax_ctx *ctx);

/* Once, in a turn of this actor, when what the worker has at hand has been handled, and before any
 * of what came of it leaves. */
void far_behind(struct ax_ctx *ctx, void (*run)(struct ax_ctx *ctx));

/* ---- asks that are answered later ---- */

struct far_asker {
    uint64_t from, corr, to;
    uint16_t method;
};

/* The ask in hand is not answered when its handler returns, but by far_answer. Its asker may give
 * it up; where this process dies it is for the next one to answer it. */
void far_defer(struct ax_ctx *ctx, struct far_asker *asker);

/* `reply`: as ax_outgoing of a message, of the reply's fields; where there is no error. `from` is
 * of another process. 0, AX_E_NO_MEMORY, AX_E_LIMIT; AX_E_TOO_BIG: than max_message, with its
 * fields. */
AX_MUST_USE int far_answer(struct ax_ctx *ctx, const struct far_asker *asker, int error,
                           const struct ax_outgoing *reply);

/* ---- contracts of which only the hash is known ---- */

/* For ax_tell_, ax_ask_async_, ax_find_ and ax_registry_get_, with an image as `fixed`. To be used
 * at once: the next call may make another one of it. */
const struct ax_contract *far_contract(struct ax_ctx *ctx, uint64_t hash);

#define FAR_WHOM_MAX 63u

/* A tell that is lost between two nodes: from and to are addresses of this node, 0 where they are
 * none; contract is a hash, 0 where it is not known. */
struct far_lost {
    uint64_t from, to, contract;
    uint16_t message;
    int error;        /* why */
    const char *whom; /* it was for, up to FAR_WHOM_MAX bytes, the rest is cut; NULL: `to` */
};

/* It is a dead letter. Of many, one takes a word of the turn's log. */
void far_dead(struct ax_ctx *ctx, const struct far_lost *lost);

/* ---- actors of this node ---- */

/* Tells an actor anywhere in the node to end, as its lease is lost: at once; it is not asked.
 * Results of ax_stop_actor. */
AX_MUST_USE int far_lost(struct ax_ctx *ctx, struct ax_ref who);

/* The actor of that name, of whatever contract. AX_E_NO_ACTOR. */
AX_MUST_USE int far_find(struct ax_ctx *ctx, const char *name, struct ax_ref *who);

/* The slot whose process is the home of a key; 0: there is no such registry. */
uint32_t far_home(struct ax_ctx *ctx, const char *registry, struct ax_span key);
/* Of all keys of the cluster's registries, a bit for each slot. */
uint64_t far_homes(struct ax_ctx *ctx);

/* Is it for want of room in the lane to its process that a message of `bytes` is AX_E_FULL for that
 * actor? It would be so for all actors there. */
bool far_lane_full(struct ax_ctx *ctx, struct ax_ref who, uint32_t bytes);

/* Publishes a lease, counted from 1 over all shards of the registries in the order of the config:
 * until that time on CLOCK_BOOTTIME, 0: it is not this node's. At once, not with the turn. */
void far_lease(struct ax_ctx *ctx, uint32_t lease, uint64_t epoch, uint64_t until);

/* Has all that lives under a lease of that epoch end in order where the registry's actors are, who
 * has a key and who was spawned by those. Nobody is spawned under it any more, until it is kept.
 * `now` is on CLOCK_BOOTTIME. False: it is closed already. */
bool far_lease_close(struct ax_ctx *ctx, uint32_t lease, uint64_t epoch, uint64_t now);
/* With the turn: workers look for those that are closed; else within half a second. */
void far_lease_look(struct ax_ctx *ctx);
void far_lease_keep(struct ax_ctx *ctx, uint32_t lease);
/* Whether something may live under one that was closed. */
bool far_lease_lives(struct ax_ctx *ctx, const char *registry, uint32_t lease);
/* As it was published last, also by the process before; it may be over. */
uint64_t far_lease_epoch(struct ax_ctx *ctx, uint32_t lease);

/* ---- sockets ---- */

/* Who is at the other end of a handle of this actor. AX_E_CLOSED, AX_E_NOT_ALLOWED, -errno. */
AX_MUST_USE int far_peer(struct ax_ctx *ctx, uint64_t io, struct sockaddr_storage *peer);

/* How the kernel looks after a connection; each in whole seconds but for give_up_ns, after which
 * what was sent and not acknowledged breaks it. Nothing where it is no TCP. */
struct far_keep_alive {
    uint64_t idle_ns, interval_ns, give_up_ns;
    uint32_t probes;
};
void far_keep_alive(struct ax_ctx *ctx, uint64_t io, const struct far_keep_alive *how);

/* Do more than `most` bytes wait to leave? Then AX_IO_DRAINED will tell when all have left. */
bool far_waits(struct ax_ctx *ctx, uint64_t io, uint32_t most);
/* Bytes that wait to leave; of what is broken, 0. */
uint64_t far_outbound(struct ax_ctx *ctx, uint64_t io);

/* Counts the bytes that leave from now on there, which is memory that outlives the process; NULL:
 * no more. Those that wait to leave now, as soon as they have left; later ones perhaps not before
 * the worker has something to do again. At once, not with the turn. */
void far_count_left(struct ax_ctx *ctx, uint64_t io, uint64_t *bytes);

/* From now on, or no more, who sends to this actor from another process is told AX_E_FULL, or waits
 * where it would wait for room. What has been accepted still comes. At once, not with the turn. */
void far_refuse(struct ax_ctx *ctx, bool refuse);

/* An AX_IO_DATA without data comes to this actor each time that the descriptor becomes readable. It
 * stays the caller's. Results of ax_io_connect. */
AX_MUST_USE int far_poll(struct ax_ctx *ctx, int fd, uint64_t *io);

/* ---- what the next process is to know ---- */

/* Of this process's memory; `taken` and `past` are set by far_set alone. */
struct shm_tells *far_tells(struct ax_ctx *ctx);
/* A number of that memory: it takes a word of the turn's log. */
void far_set(struct ax_ctx *ctx, uint64_t *number, uint64_t value);

/* ---- who stands for actors elsewhere ---- */

/* `who` is an actor of this process. Is it monitored? */
bool far_is_watched(struct ax_ctx *ctx, struct ax_ref who);

/* The actor that `who`, an actor of this process, stands for has ended; with `restart` it, or
 * another one in its place, begins anew. AX_E_NO_ACTOR, AX_E_LIMIT. */
AX_MUST_USE int far_end(struct ax_ctx *ctx, struct ax_ref who, enum ax_reason reason, bool restart);

#endif
