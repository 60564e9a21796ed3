/* SPDX-License-Identifier: MIT */
/* tests/sim/seeds/world.h - a workload over a simulated cluster, with what must hold at all times.
 *
 *      main.c    seeds, from the command line
 *      plan.c    what is to be done and broken in a seed, when
 *      break.c   what is broken
 *      run.c     one seed
 *      actors.c  the host of all nodes: actors of keys, over a resource that outlives them
 *      shards.c  and what becomes of them with their shards
 *      ledger.c  requests and monitors, from their beginning to their end
 *      keys.c    the keys
 *      history.c what actors have answered, at the end
 *      check.c   the invariants
 *      sodium.c  what libsodium makes of secrets, remembered
 *
 * An actor of a key adds one to the resource of the key for each message, under its fencing token:
 * the resource is what a database is, outside the cluster. It reads by what it remembers of that.
 *
 * A node whose clock is slower than the bound of drift allows may believe that it owns what it has
 * lost. For as long as it may, what is held of it is less: that it has an epoch of its own, and
 * that the resources, where it comes too late, refuse it.
 *
 * A store that forgets epochs may give them once more, to a node that has not heard of them: then
 * there is still one owner at a time, and the resources refuse it until it has a higher one. Both
 * at once is more than epochs can tell apart, two owners with the same one, so no clock is slow
 * while a store forgets. */
#ifndef TESTS_SIM_SEEDS_WORLD_H
#define TESTS_SIM_SEEDS_WORLD_H

#include <setjmp.h>

#include "overlay/sim/sim.h"
#include "tests/lib/linear.h"

#define KEYS 24u
#define ACTORS 512u
#define OPS 2048u
#define WATCHES 1024u
#define HANDLES 32u
#define REGISTRIES 2u
#define SHARDS_MOST 8u

#define LEASE_NS (3 * SIM_S)          /* no lease lasts longer, by any clock that is not slow */
#define STORE_SLOW_NS (1500 * SIM_MS) /* longer than a node waits for an answer */
#define SEED_SECONDS 40.0             /* of virtual time that a seed takes */

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
    X(SUCCESSORS, "of the same boot")                                                              \
    X(PAUSES, "pauses")                                                                            \
    X(PARTITIONS, "partitions")                                                                    \
    X(CUTS, "cuts")                                                                                \
    X(FULL, "refused for who takes nothing")                                                       \
    X(ATTACKS, "attacks")                                                                          \
    X(STALLS, "clocks too slow")                                                                   \
    X(FENCED, "turns fenced")                                                                      \
    X(FORGOTTEN, "epochs forgotten")                                                               \
    X(ROTATIONS, "rotations of the token")                                                         \
    X(CANCELED, "requests taken back")                                                             \
    X(BUSY, "without room")                                                                        \
    X(ELECTED, "connections replaced")                                                             \
    X(TOO_HARD, "histories too hard")

enum tally_of {
#define TALLY_ENUM(symbol, name) symbol,
    TALLY(TALLY_ENUM)
#undef TALLY_ENUM
        TALLIES
};

#define LEASE_STATES ((unsigned)OV_FENCED + 1)

struct tally { /* of nothing but numbers */
    unsigned long n[TALLIES];
    unsigned long leases[LEASE_STATES][LEASE_STATES]; /* from which state into which, in a step */
    unsigned long ends[OV_END_COUNT];                 /* of sessions */
    unsigned long fives, fives_us; /* seeds of five nodes with encryption, and what they took */
};

/* What is planned in a seed: X(symbol, name). a to d of it are numbers by chance, which say what
 * exactly. The first two are of the whole seed; from CRASH on something is broken, and from ATTACK
 * on that is nothing to nodes that take whoever comes. */
#define PLANS(X)                                                                                   \
    X(DELAYS, "delays")                                                                            \
    X(DRIFT, "drift")                                                                              \
    X(REQUEST, "request")                                                                          \
    X(WATCH, "watch")                                                                              \
    X(TAKE_BACK, "take back a watch")                                                              \
    X(CANCEL, "take back a request")                                                               \
    X(END, "end an actor")                                                                         \
    X(CRASH, "crash")                                                                              \
    X(LEAVE, "leave")                                                                              \
    X(PARTITION, "partition")                                                                      \
    X(ONE_WAY, "one way lost")                                                                     \
    X(PAUSE, "pause")                                                                              \
    X(LEASE_PAUSE, "pause of leases")                                                              \
    X(STORE, "store")                                                                              \
    X(FORGET, "store that forgets")                                                                \
    X(STALE, "stale reads")                                                                        \
    X(JUMP, "jump")                                                                                \
    X(STALL, "slow clock")                                                                         \
    X(CUT, "cut")                                                                                  \
    X(CUT_HALF, "cut at one end")                                                                  \
    X(STUCK, "peer that takes nothing")                                                            \
    X(BOOK, "peer taken out of the book")                                                          \
    X(ATTACK, "attack")                                                                            \
    X(FLOOD, "flood")                                                                              \
    X(IMPOSTOR, "impostor")                                                                        \
    X(CORRUPT, "bit turned over")                                                                  \
    X(ROTATE, "rotation of the token")                                                             \
    X(STRANGE, "a token of its own")

enum plan_kind {
#define PLAN_ENUM(symbol, name) PLAN_##symbol,
    PLANS(PLAN_ENUM)
#undef PLAN_ENUM
        PLAN_KINDS
};

struct planned {
    uint64_t at; /* ns from the beginning */
    enum plan_kind kind;
    uint32_t a, b, c, d;
};

#define PLAN_MOST 4096u

enum locks { NN, XX, OPEN }; /* how nodes know each other */

struct plan {
    uint64_t seed;
    unsigned nodes;
    enum locks locks;
    bool small;    /* tables are, and the room for what comes out */
    bool careless; /* a mistake is planted in the host: it begins turns without looking at leases */
    uint64_t until; /* virtual time; 0: the end. What has not failed by then is said not to */
    unsigned n;
    struct planned list[PLAN_MOST];
    bool off[PLAN_MOST]; /* left out */
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
    bool loaded; /* `value` is that of the resource, as it was last read or written here */
    uint64_t value;
    struct {
        uint64_t handle, monitor; /* handle 0: none */
        uint32_t node;            /* as the core of its node calls who watches */
    } watchers[HANDLES];
};

enum op_state { OP_FREE, OP_OPEN, OP_ENDED };

struct op { /* a request; its index is the token */
    enum op_state state;
    enum ov_kind kind;
    enum linear_kind what;
    bool direct; /* to an actor, not to a key */
    unsigned node, life, key;
    uint64_t id, number, begun_at, ended_at, value;
    unsigned done, status;
    uint64_t body; /* the index again: what is sent */
};

struct watch { /* a monitor; its index is the token */
    enum op_state state;
    unsigned node, life, actor;
    uint32_t generation;
    uint64_t id;
    bool noticed, taken_back;
    bool refused; /* for want of room. One that was sent again may be set until it is taken back */
};

struct turn { /* a message that was handed to an actor */
    bool used, ask;
    uint8_t status; /* and the value: of an answer that is still to be given */
    uint64_t value;
    unsigned node, life, actor;
    uint32_t generation;
    uint64_t handle, epoch;
    unsigned op;
};

#define TURNS 1024u

struct grant { /* of an epoch by the store */
    uint64_t epoch, boot;
    unsigned node;
    unsigned gained; /* the last life of the node that was told of it; 0: none was */
};

#define GRANTS 64u

struct world {
    struct sim *sim;
    const struct plan *plan;
    jmp_buf failed;
    const char *tag; /* which invariant does not hold */
    uint64_t failed_at;
    char why[512];
    struct resource resources[KEYS];
    struct actor actors[ACTORS];
    struct op ops[OPS];
    struct watch watches[WATCHES];
    struct turn turns[TURNS];
    uint64_t epochs[REGISTRIES][SHARDS_MOST];    /* the last that was gained */
    uint64_t forgotten[REGISTRIES][SHARDS_MOST]; /* up to here the store has given some before */
    struct grant grants[REGISTRIES][SHARDS_MOST][GRANTS];
    struct {
        bool is; /* the node of this step has been granted this, in answer to a question for it */
        unsigned registry;
        uint32_t shard;
        uint64_t epoch;
    } arrived;
    bool up[SIM_NODES][SIM_NODES];           /* by the core's index: host code knows of it */
    uint64_t stuck[SIM_NODES];               /* the connection that is given no more; 0: none */
    uint64_t links[SIM_NODES][SIM_NODES][2]; /* by the core's index: connections looked at */
    uint64_t boots[SIM_NODES][64];           /* of each life */
    uint64_t slow_until[SIM_NODES];          /* a clock, and what follows of it */
    uint64_t forgets_until;                  /* the store waits for the leases that it gave */
    int ppm[SIM_NODES];
    uint64_t paused_at[SIM_NODES];                       /* its leases; 0: they are not */
    uint64_t gained[SIM_NODES][REGISTRIES][SHARDS_MOST]; /* until it was lost; 0: nothing is */
    uint64_t holds[SIM_NODES][REGISTRIES][SHARDS_MOST];  /* the same, until it was told otherwise */
    uint8_t leases[SIM_NODES][REGISTRIES][SHARDS_MOST];  /* enum ov_lease_state, before this step */
    unsigned token, rotating; /* the cluster's; until which planned one has ended */
    unsigned nops, nwatches;
    uint64_t numbers;
    unsigned nodes;
    bool calm; /* nothing is broken any more, and nothing new begins */
    struct tally tally;
};

extern const struct ov_registry world_registries[REGISTRIES];

/* Ends the run of this seed as failed. The tag is the invariant's name, or "order" of requests,
 * "live" when all is calm, "linear", "host" for what a core says to its host, "core" for what it
 * refuses. */
_Noreturn void fail(struct world *world, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void say(struct world *world, unsigned node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
unsigned chance(struct world *world, unsigned n);

/* plan.c */
void plan_make(struct plan *plan, uint64_t seed);
const char *plan_name(enum plan_kind kind);
void plan_print(const struct plan *plan, FILE *to);

/* run.c: false, and world->tag, world->why: it has failed. */
bool run_plan(struct world *world, const struct plan *plan, FILE *trace);
bool can_act(const struct world *world, unsigned node);

/* break.c */
void break_it(struct world *world, unsigned node, const struct planned *planned);

/* keys.c */
unsigned key_registry(unsigned key);
struct ax_span key_name(unsigned key, char name[8]);
unsigned key_number(struct ax_span name);

/* actors.c */
void actors_out(struct world *world, unsigned node, const struct ov_out *out);
void actors_end_one(struct world *world, unsigned actor);
bool actors_is_up(const struct world *world, const struct actor *actor);
void actors_crash(struct world *world, unsigned node);
int actors_find(const struct world *world, unsigned node, uint64_t address);

/* shards.c */
void shards_stop_later(struct world *world, unsigned node, const struct ov_out *out);

/* ledger.c */
void ledger_request(struct world *world, unsigned node, const struct planned *planned);
void ledger_watch(struct world *world, unsigned node, uint32_t by_chance);
void ledger_take_back(struct world *world, uint32_t by_chance);
void ledger_cancel(struct world *world, uint32_t by_chance);
void ledger_out(struct world *world, unsigned node, const struct ov_out *out);
void ledger_crash(struct world *world, unsigned node);
/* The last message to who has set that monitor has come; or it was refused, and there is none. */
void ledger_notice(struct world *world, unsigned node, uint64_t monitor, bool said);
void ledger_learn(struct world *world, unsigned node, const struct ov_out *out);
void ledger_done(struct world *world, unsigned op, uint64_t value);
void ledger_all_ended(struct world *world);
/* Whether a request that has ended so may be done, or have been done. */
bool ledger_may_be_done(unsigned status);

/* cover.c: where the core has been. */
void cover_out(struct world *world, const struct ov_out *out);
void cover_step(struct world *world, unsigned node);
void cover_print(const struct tally *tally);

/* history.c */
void history_check(struct world *world);

/* check.c */
void check_step(struct world *world, unsigned node);
void check_gained(struct world *world, unsigned node, const struct ov_out *out);
void check_fenced(struct world *world, const struct actor *actor, uint64_t last);
void check_turn(struct world *world, unsigned node, const struct actor *actor);
void check_out(struct world *world, unsigned node, const struct ov_out *out);
void check_stored(struct world *world, unsigned node, const struct ov_store_request *request,
                  const struct ov_store_answer *answer, bool arrives);
bool is_slow(const struct world *world, unsigned node);
/* The store has forgotten that it has given this epoch. */
bool is_forgotten(const struct world *world, unsigned registry, uint32_t shard, uint64_t epoch);
void check_live(struct world *world);

#endif
