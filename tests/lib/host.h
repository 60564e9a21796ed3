/* SPDX-License-Identifier: MIT */
/* tests/lib/host.h - actors in a simulated cluster (overlay/sim/sim.h) whose nodes have the
 * ready-made host, for tests that say what happens step by step. It spawns an actor where the host
 * says so, lets an actor answer an ask by what it was sent, ends those that are to stop, and
 * records what came out. After each step it holds that no shard has two owners, and that no key has
 * two actors on a node.
 *
 * Each request and monitor has a number of its own, its token, by which a test finds what became of
 * it. A key is also the name of an endpoint that its actor has. */
#ifndef TESTS_LIB_HOST_H
#define TESTS_LIB_HOST_H

#include "overlay/sim/sim.h"

#define HOST_USERS 0u /* a registry of 8 shards */
#define HOST_SOLO 1u  /* and one of a single shard, to which a key is bound: */
#define HOST_BOSS "boss"
#define HOST_SHARDS 8u
#define HOST_ACTORS 512u
#define HOST_NOTES 2048u
#define HOST_TURNS 1024u
#define HOST_FREE 32u /* actors besides the bound one */
#define HOST_TEXT 64u

struct host_note {     /* what became of a request or a monitor */
    unsigned n;        /* how often it has ended */
    uint64_t id, at;   /* of the core; when it ended */
    struct ov_out out; /* what it points at is gone, but for: */
    char text[HOST_TEXT];
};

struct host_actor {
    bool alive; /* takes turns; else it is to end, or */
    bool ended;
    bool told; /* to the host, which knows it by its address */
    unsigned node, life, turns;
    uint32_t registry, shard;
    uint64_t epoch;
    uint64_t handle; /* of its spawn */
    char key[HOST_TEXT];
};

struct host_turn { /* a message that has come in */
    unsigned node;
    uint64_t handle, actor, epoch;
    bool ask;
    char text[HOST_TEXT];
};

struct host {
    struct sim *sim;
    unsigned nodes;
    uint64_t spawn_ns, delay_ns, stop_ns; /* until an actor is there; a message handled; an actor
                                             that is told to stop has ended */
    unsigned failing;                     /* so many of a hundred spawns */
    bool mute;                            /* asks are kept, for host_answer */
    bool still;                           /* what can be sent waits for host_go_on */
    struct host_note notes[HOST_NOTES];
    struct host_actor actors[HOST_ACTORS]; /* their address is the index + 1 */
    struct host_turn turns[HOST_TURNS];
    unsigned nnotes, nactors, nturns;
    unsigned spawned; /* of users */
    unsigned gained, drained, lost, watched, unwatched, downs, handled;
    uint64_t epochs[2][HOST_SHARDS]; /* the last that was gained, by whom: */
    unsigned gainers[2][HOST_SHARDS], lives[2][HOST_SHARDS];
};

/* A cluster of so many nodes that has come up: each shard has an owner. */
struct host *host_new(unsigned nodes, uint64_t seed);
/* The same, but the nodes are still to be started. */
struct host *host_new_down(unsigned nodes, uint64_t seed);
void host_free(struct host *host);
void host_crash(struct host *host, unsigned node);

/* Makes a request by key; its token. Fails unless the core takes it. */
uint64_t host_request(struct host *host, unsigned node, enum ov_kind kind, uint32_t registry,
                      const char *key, const char *text);
/* What the core says to such a request: 0, and its token, or an error. */
int host_try(struct host *host, unsigned node, enum ov_kind kind, const struct ov_target *target,
             const char *text, uint64_t *token);
/* An ask by key from there, and time until it has ended, 10 s at most. */
const struct host_note *host_ask(struct host *host, unsigned node, uint32_t registry,
                                 const char *key, const char *text);
/* An ensure, and time until it has ended well: who has the key. */
const struct host_note *host_find(struct host *host, unsigned node, uint32_t registry,
                                  const char *key);
/* The actor that `found`, an ended ensure of a node, has found, as a target for that node. */
struct ov_target host_target(const struct host_note *found);
/* Sets a monitor; its token. */
uint64_t host_watch(struct host *host, unsigned node, const struct ov_target *target);
/* What the core says to that: 0, and its token, or an error. */
int host_try_watch(struct host *host, unsigned node, const struct ov_target *target,
                   uint64_t *token);
int host_demonitor(struct host *host, unsigned node, uint64_t token);

/* One that can be sent goes out, where `still` has kept it. */
void host_go_on(struct host *host, uint64_t token);
const struct host_note *host_note(const struct host *host, uint64_t token);
struct host_actor *host_actor(struct host *host, uint64_t address);
unsigned host_living(const struct host *host, uint32_t registry, const char *key);
/* The actor ends by itself. */
void host_end(struct host *host, uint64_t address);
/* The answer to the nth message that was kept as the host is mute. */
int host_answer(struct host *host, unsigned turn, const char *text);

/* Who may begin a turn of the shard now; SIM_NOBODY: none. */
unsigned host_owner(const struct host *host, uint32_t registry, uint32_t shard);
/* A key whose shard the node owns, that was not given before: "k0", "k1" ... */
const char *host_key_of(struct host *host, unsigned node, unsigned *cursor);
/* Lets time pass until each shard has an owner that lives. */
void host_settle(struct host *host);
/* Lets time pass until the node has a session with the other. */
void host_wait_for_session(struct host *host, unsigned node, unsigned other);
bool host_has_session(const struct host *host, unsigned node, unsigned other,
                      struct ov_node_view *view);
struct ov_cluster_view host_view(const struct host *host, unsigned node);
/* Lets time pass until another than `node` owns the shard: who does. */
unsigned host_wait_for_another(struct host *host, uint32_t registry, uint32_t shard, unsigned node);
/* A cluster of three nodes with an actor on node 0, as a target for node 1. */
struct host *host_with_actor(uint64_t seed, struct ov_target *target, char key[HOST_TEXT]);
/* Holds that no node has a monitor or a watcher; that a monitor has ended once, for that reason. */
void host_nothing_left(const struct host *host);
void host_is_down(const struct host *host, uint64_t token, uint8_t reason);

/* A frame that a node's core would not send now, on its session with the other. */
void host_forge(struct host *host, unsigned from, unsigned to, const struct ov_frame *frame);

#endif
