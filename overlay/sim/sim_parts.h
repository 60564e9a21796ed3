/* SPDX-License-Identifier: MIT */
/* overlay/sim/sim_parts.h - what the files of the simulation share.
 *
 *      sim.c     steps, and what happens when
 *      node.c    nodes, their clocks and lives
 *      queue.c   what will happen, by its time
 *      wire.c    connections between nodes
 *      attack.c  connections of others
 *      store.c   the lease store and the way to it
 *      host.c    the ready-made host of each node */
#ifndef OV_SIM_PARTS_H
#define OV_SIM_PARTS_H

#include "overlay/sim/sim.h"

#define SIM_BREAK_NS (10 * SIM_S) /* until a connection that loses what it sends is closed */
#define SIM_RECORD 4096u          /* bytes of a connection that are kept for a replay */

enum sim_what {
    SIM_TIMER,     /* of a node */
    SIM_CONNECT,   /* a dial arrives */
    SIM_CONNECTED, /* and its answer */
    SIM_BYTES,
    SIM_CLOSED,
    SIM_ASKED,    /* the store gets a request */
    SIM_ANSWERED, /* the node gets its answer */
    SIM_CALL,
    SIM_GO_ON, /* what was kept at an end is given to its node */
};

struct sim_event {
    uint64_t at, order;
    enum sim_what what;
    unsigned node; /* SIM_NOBODY: of none */
    unsigned life;
    unsigned pipe, end; /* of a connection, at which it arrives */
    uint8_t *bytes;     /* owned */
    size_t len;
    void (*call)(void *of, uint64_t arg);
    void *of;
    uint64_t arg;
};

struct sim_queue {
    struct sim_event *heap;
    size_t n, room;
    uint64_t order;
};

struct sim_end {
    unsigned node, life; /* SIM_NOBODY: the attacker */
    uint64_t conn;       /* 0: not accepted yet */
    bool open;
    bool deaf;        /* something that was sent from here was lost: so is all behind it */
    uint64_t last_at; /* when the last of what was sent from here arrives */
    bool held;        /* until SIM_GO_ON */
    uint8_t *kept;    /* bytes that have arrived meanwhile; owned */
    size_t nkept;
};

struct sim_pipe {
    struct sim_end end[2]; /* 0 has dialled */
    bool used;
    unsigned generation;
    uint32_t under_way; /* events that will arrive on it */
    size_t recorded;
    uint8_t record[SIM_RECORD]; /* of what end 0 has sent */
};

struct sim_node {
    bool alive;
    bool same_boot; /* its next life has the boot of this one */
    unsigned life;
    char name[2];
    struct ov_self self;
    struct ov_cluster_config config;
    struct ov_cluster *cluster;
    void *memory;
    size_t size;
    struct ov_host *host; /* NULL: it has none */
    bool host_works;
    uint64_t timer_at;                    /* of the event that is under way; 0: none */
    uint64_t paused_until, since, before; /* its clock showed `before` at `since` */
    int ppm;
    struct ov_pin pins[SIM_NODES]; /* of all nodes */
    uint32_t index[SIM_NODES];
};

struct sim {
    struct sim_config config;
    uint64_t now, chance;
    uint64_t same;    /* events that have happened at this time */
    uint64_t secrets; /* that were given out */
    struct sim_queue queue;
    struct sim_event happening; /* its bytes are to be freed */
    struct sim_node node[SIM_NODES + 1];
    bool lost[SIM_NODES + 1][SIM_NODES + 1];
    uint64_t corrupt[SIM_NODES + 1][SIM_NODES + 1]; /* the bit, and 1; 0: none */
    struct sim_pipe *pipes;
    unsigned npipes;
    struct ov_store_memory store;
    struct ov_store_record *records;
    struct ov_store_memory old; /* for who reads what is stale */
    struct ov_store_record *old_records;
    uint64_t store_begins_at;
    struct sim_store_faults faults;
    unsigned strangers, stranger; /* addresses of those that are no nodes; how many have come */
    struct ov_outs outs;
    unsigned accepted; /* the pipe of the connection that is being accepted */
    struct sim_counts counts;
};

/* ---- what a caller has to keep to ---- */

#define SIM_MUST(holds)                                                                            \
    do {                                                                                           \
        if (!(holds))                                                                              \
            sim_misused(__func__, #holds);                                                         \
    } while (0)
_Noreturn void sim_misused(const char *function, const char *what);
static inline bool sim_is_node(const struct sim *sim, unsigned node)
{
    return node < sim->config.nodes;
}
static inline bool sim_is_any(const struct sim *sim, unsigned node)
{
    return sim_is_node(sim, node) || node == SIM_IMPOSTOR;
}

/* ---- queue.c ---- */

struct sim_event *sim_post(struct sim *sim, uint64_t at, enum sim_what what);
void sim_put_off(struct sim *sim, const struct sim_event *event, uint64_t until);
/* Takes the next one that happens by `until`. */
bool sim_take(struct sim *sim, uint64_t until, struct sim_event *event);
void sim_queue_free(struct sim *sim);
void *sim_alloc(void *old, size_t size);

/* ---- sim.c ---- */

uint64_t sim_random_of(struct sim *sim, uint64_t of, uint64_t n);
uint64_t sim_delay(struct sim *sim, uint64_t of);
/* One step, and all that comes of it. */
int sim_step(struct sim *sim, unsigned node, struct ov_in in, uint64_t *id);
/* One that the core must take. */
void sim_must_step(struct sim *sim, unsigned node, struct ov_in in);
_Noreturn void sim_refused(struct sim *sim, unsigned node, int result);
/* For a connection: another one each time. */
void sim_secret(struct sim *sim, uint8_t secret[OV_KEY]);

/* ---- node.c ---- */

void sim_init_node(struct sim *sim, unsigned node);
void sim_end_life(struct sim_node *node);
/* For what the core waits for next. */
void sim_set_timer(struct sim *sim, unsigned node);

/* ---- wire.c ---- */

/* An effect of a node's core. */
void sim_carry(struct sim *sim, unsigned node, const struct ov_effect *effect);
void sim_arrive(struct sim *sim, struct sim_event *event);
/* Bytes that a node has not taken, as the connection is held since. */
void sim_not_taken(struct sim *sim, unsigned node, const struct ov_event *event);
void sim_wire_free(struct sim *sim);
unsigned sim_new_pipe(struct sim *sim);
/* To the other end, in order; bytes in pieces by chance. */
void sim_post_to(struct sim *sim, unsigned pipe, unsigned to, enum sim_what what);
void sim_post_bytes(struct sim *sim, unsigned pipe, unsigned to, const uint8_t *bytes, size_t len);
void sim_hang_up(struct sim *sim, unsigned node, bool quiet);

/* ---- host.c ---- */

void sim_host_begin(struct sim *sim, unsigned node);
void sim_host_out(struct sim *sim, unsigned node, const struct ov_out *out);
void sim_host_work(struct sim *sim, unsigned node);

/* ---- store.c ---- */

void sim_ask(struct sim *sim, unsigned node, const struct ov_store_request *request);
void sim_asked(struct sim *sim, struct sim_event *event);
void sim_answered(struct sim *sim, struct sim_event *event);

#endif
