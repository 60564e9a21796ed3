/* SPDX-License-Identifier: MIT */
/* tests/sim/seeds/world.h - a workload over a simulated cluster, with what must hold at all times.
 *
 *      main.c    seeds, from the command line
 *      run.c     one seed: what is done, what is broken, when
 *      actors.c  the host of all nodes: actors of keys, over a resource that outlives them
 *      ledger.c  requests and monitors, from their beginning to their end
 *      check.c   the invariants
 *
 * An actor of a key adds one to the resource of the key for each message, under its fencing token:
 * the resource is what a database is, outside the cluster. */
#ifndef TESTS_SIM_SEEDS_WORLD_H
#define TESTS_SIM_SEEDS_WORLD_H

#include <setjmp.h>

#include "overlay/sim/sim.h"

#define KEYS 24u
#define ACTORS 512u
#define OPS 8192u
#define WATCHES 1024u
#define HANDLES 32u
#define REGISTRIES 2u
#define SHARDS_MOST 8u

#define SEED_SECONDS 40.0 /* of virtual time that a seed takes */

/* What a run has seen: X(symbol, name) */
#define TALLY(X)                                                                                   \
    X(PASSED, "passed")                                                                            \
    X(FAILED, "failed")                                                                            \
    X(ASKED, "requests")                                                                           \
    X(ANSWERED, "answered")                                                                        \
    X(DONE, "handled")                                                                             \
    X(RETRIED, "sent again")                                                                       \
    X(GAINED, "leases")                                                                            \
    X(LOST, "of them lost")                                                                        \
    X(DOWNS, "downs")                                                                              \
    X(CRASHES, "crashes")                                                                          \
    X(PAUSES, "pauses")                                                                            \
    X(PARTITIONS, "partitions")                                                                    \
    X(CUTS, "cuts")                                                                                \
    X(ATTACKS, "attacks")

enum tally_of {
#define TALLY_ENUM(symbol, name) symbol,
    TALLY(TALLY_ENUM)
#undef TALLY_ENUM
        TALLIES
};

struct tally {
    unsigned long n[TALLIES];
};

struct resource {
    uint64_t value, epoch;
    uint64_t last[SIM_NODES][64]; /* number of the last request that was done, of a node's life */
};

struct actor {
    bool alive;
    unsigned node, life, key;
    uint32_t registry, shard, generation, incarnation;
    uint64_t epoch, last_turn;
    struct {
        uint64_t handle, monitor; /* handle 0: none */
        uint32_t node;            /* as the core of its node calls who watches */
    } watchers[HANDLES];
};

enum op_state { OP_FREE, OP_OPEN, OP_ENDED };

struct op { /* a request; its index is the token */
    enum op_state state;
    enum ov_kind kind;
    unsigned node, life, key;
    uint64_t id, number, done_at, value, ended_at;
    unsigned done, status;
    uint64_t handle; /* of the host that has it */
    uint64_t body;   /* the index again: what is sent */
};

struct watch { /* a monitor; its index is the token */
    enum op_state state;
    unsigned node, life, actor;
    uint32_t generation;
    uint64_t id;
    bool noticed, taken_back;
};

struct turn { /* a message that was handed to an actor */
    bool used, ask;
    unsigned node, life, actor;
    uint32_t generation;
    uint64_t handle, epoch;
    unsigned op;
};

#define TURNS 1024u

struct world {
    struct sim *sim;
    uint64_t seed, until;
    jmp_buf failed;
    char why[512];
    struct resource resources[KEYS];
    struct actor actors[ACTORS];
    struct op ops[OPS];
    struct watch watches[WATCHES];
    struct turn turns[TURNS];
    uint64_t epochs[REGISTRIES][SHARDS_MOST];         /* the last that was gained */
    bool granted[SIM_NODES][REGISTRIES][SHARDS_MOST]; /* by an answer to acquire or renew */
    unsigned nops, nwatches;
    uint64_t numbers;
    unsigned nodes;
    bool calm; /* nothing is broken any more, and nothing new begins */
    struct tally tally;
};

extern const struct ov_registry world_registries[REGISTRIES];

/* Ends the run of this seed as failed. */
_Noreturn void fail(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void say(struct world *world, unsigned node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
unsigned chance(struct world *world, unsigned n);

/* run.c: false, and world->why: it has failed. */
bool run_seed(struct world *world, uint64_t seed, FILE *trace);

/* actors.c */
unsigned key_registry(unsigned key);
struct ax_span key_name(unsigned key, char name[8]);
void actors_out(struct world *world, unsigned node, const struct ov_out *out);
void actors_end_one(struct world *world, unsigned actor);
void actors_crash(struct world *world, unsigned node);
int actors_find(const struct world *world, unsigned node, uint64_t address);

/* ledger.c */
void ledger_request(struct world *world, unsigned node);
void ledger_watch(struct world *world, unsigned node);
void ledger_take_back(struct world *world);
void ledger_out(struct world *world, unsigned node, const struct ov_out *out);
void ledger_crash(struct world *world, unsigned node);
void ledger_notice(struct world *world, unsigned node, uint64_t monitor);
void ledger_learn(struct world *world, unsigned node, const struct ov_out *out);
void ledger_done(struct world *world, unsigned op, struct resource *resource);
void ledger_all_ended(struct world *world);

/* check.c */
void check_step(struct world *world, unsigned node);
void check_gained(struct world *world, unsigned node, const struct ov_out *out);
void check_turn(struct world *world, unsigned node, const struct actor *actor);
void check_live(struct world *world);

#endif
