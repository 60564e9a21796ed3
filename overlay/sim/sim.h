/* SPDX-License-Identifier: MIT */
/* overlay/sim/sim.h - InMemoryOverlay: a cluster of many nodes in one process and in virtual time.
 * Each node runs the core that real nodes run (cluster.h); the network, the lease store, the clocks
 * and the failures of all of them are simulated. One seed decides all: the same seed and the same
 * calls give the same run, to the byte.
 *
 * A test makes a simulation, gives it a host, which is told what nodes are to do with actors,
 * starts nodes, makes requests by sim_in, breaks things, and lets time pass by sim_run. What the
 * host does in answer to what it is told it does later, by sim_later: never in the call itself.
 *
 *      struct sim *sim = sim_new(&(struct sim_config){.nodes = 3, .seed = 1, ...});
 *      sim_start_all(sim);
 *      sim_run(sim, 5 * SIM_S);
 *      sim_cut(sim, 0, 1);
 *
 * Times are ns of virtual time, from 0. A `node` is a number below that of the nodes. What is
 * called otherwise than it says here ends the process, with the function and what does not hold on
 * standard error; so do allocations that fail. */
#ifndef OV_SIM_H
#define OV_SIM_H

#include <stdarg.h>
#include <stdio.h>

#include "overlay/core/host.h"

#define SIM_NODES 8u
#define SIM_IMPOSTOR SIM_NODES /* instead of a node: of its life, its clock and the network */
#define SIM_MS 1000000ull
#define SIM_S (1000 * SIM_MS)

struct sim;

struct sim_host {
    void *of; /* given to each call */
    /* A node's core says what is to be done: all but what goes to the network and the store. What
     * it points at is there until the call returns. */
    void (*out)(void *of, unsigned node, const struct ov_out *out);
    /* Where nodes have the ready-made host: what it says is to be done, but OV_HOST_CORE, which is
     * done already. `out` is told all the same, before. */
    void (*run)(void *of, unsigned node, const struct ov_host_effect *effect);
    /* A step of a node is over, with all that came of it. May be NULL. */
    void (*stepped)(void *of, unsigned node);
    /* The store has handled what the node has asked; or its answer is about to be given to the
     * node, in a step. May be NULL. */
    void (*stored)(void *of, unsigned node, const struct ov_store_request *request,
                   const struct ov_store_answer *answer, bool arrives);
    /* A core has refused what always must be taken, or has done what makes no sense. It may go
     * elsewhere by longjmp, to where sim_free is called next. NULL, or where it returns: the
     * process ends. */
    void (*refused)(void *of, unsigned node, int result);
};

struct sim_config {
    unsigned nodes; /* 1 to SIM_NODES, named "a", "b" ... */
    uint64_t seed;  /* of an even one nodes gather frames before they send them */
    const struct ov_registry *registries;
    unsigned nregistries; /* up to OV_REGISTRIES_MAX */
    struct sim_host host;
    const struct ov_host_config *hosting; /* each node has the ready-made host, of this config but
                                             for its cluster; NULL: none has */
    bool insecure;                        /* without a token: nothing is encrypted */
    bool pinned;                   /* XXpsk3: each node has a key, which is pinned to its name */
    bool tight;                    /* what comes out has no more room than it must have */
    uint64_t delay_min, delay_max; /* of the network and the store; 0, 0: 0.1 ms, 2 ms */
    FILE *trace; /* a line for each thing that happens, beside a column for each node: its letter
                    where it acts, ":" while it stands still, an arrow for what comes from one to
                    another; NULL: none */
    /* Changes what a node is configured with. May be NULL. */
    void (*configure)(void *of, unsigned node, struct ov_cluster_config *config);
};

/* A line of the host's own in the trace, of a node or of SIM_NOBODY. */
#define SIM_NOBODY UINT32_MAX
void sim_say(struct sim *sim, unsigned node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_vsay(struct sim *sim, unsigned node, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

struct sim *sim_new(const struct sim_config *config);
void sim_free(struct sim *sim);

/* ---- time ---- */

uint64_t sim_now(const struct sim *sim);
/* What the node's own clock shows. */
uint64_t sim_clock(const struct sim *sim, unsigned node);
/* Lets so much time pass. */
void sim_run(struct sim *sim, uint64_t ns);
/* Calls `call` at sim_now() + ns. With a node: only if that life of it still runs; and not before
 * it wakes, where it is paused. */
void sim_later(struct sim *sim, uint64_t ns, unsigned node, void (*call)(void *of, uint64_t arg),
               void *of, uint64_t arg);
/* A number from 0 to below n, which is 1 or more, by the seed. */
uint64_t sim_random(struct sim *sim, uint64_t n);

/* ---- nodes ---- */

/* Begins a new life of the node, with another boot; it dials all nodes. */
void sim_start(struct sim *sim, unsigned node);
void sim_start_all(struct sim *sim);
/* After a crash: another process goes on with the boot, and knows nothing of the one before. */
void sim_succeed(struct sim *sim, unsigned node);
bool sim_alive(const struct sim *sim, unsigned node);
/* How often it was started. */
unsigned sim_life(const struct sim *sim, unsigned node);
/* It is gone at once. Its peers see their connections closed; or, quietly, nothing. */
void sim_crash(struct sim *sim, unsigned node, bool quiet);
/* It does nothing for so long, at least: as one that is stopped, or collects garbage. */
void sim_pause(struct sim *sim, unsigned node, uint64_t ns);
bool sim_paused(const struct sim *sim, unsigned node);
/* Its clock goes faster by so many millionths; or jumps ahead. */
void sim_drift(struct sim *sim, unsigned node, int ppm); /* -1000000: it stands still */
void sim_jump(struct sim *sim, unsigned node, uint64_t ns);

/* Its tokens from now on: it dials with `current` and takes `accepted` as well. Each is known by a
 * number; 0: none. All nodes begin with 1 alone. */
void sim_tokens(struct sim *sim, unsigned node, unsigned current, unsigned accepted);
/* Somebody claims to be the node of that letter, a to z, and dials all others: with
 * that token, and where keys are pinned, with a key of its own. The host is told where it has a
 * session, as OV_TELL_UP of SIM_IMPOSTOR. It ends by sim_crash of SIM_IMPOSTOR. */
void sim_impostor(struct sim *sim, char name, unsigned token);

/* Something comes in from its host, now; it is alive. Result, and id of outs, of ov_cluster_step.
 */
int sim_in(struct sim *sim, unsigned node, const struct ov_in *in, uint64_t *id);
/* NULL where it is not alive. */
struct ov_cluster *sim_cluster(const struct sim *sim, unsigned node);
/* What the node's core calls the other; UINT32_MAX where there was no
 * session yet. And back. */
uint32_t sim_index(const struct sim *sim, unsigned node, unsigned other);
unsigned sim_node_of(const struct sim *sim, unsigned node, uint32_t index);
uint64_t sim_boot(const struct sim *sim, unsigned node);

/* ---- actors, where nodes have the ready-made host ---- */

/* As the functions of host.h, and what follows is done. Not within `out` or `run`, and of a node
 * that is alive. */
int sim_spawned(struct sim *sim, unsigned node, uint64_t handle, uint8_t status, uint64_t actor,
                uint32_t incarnation);
int sim_ended(struct sim *sim, unsigned node, uint64_t actor, const struct ov_host_end *end);
int sim_answer(struct sim *sim, unsigned node, uint64_t handle, uint8_t status,
               struct ax_span body);
int sim_register(struct sim *sim, unsigned node, struct ax_span name, uint64_t actor);
int sim_unregister(struct sim *sim, unsigned node, struct ax_span name);
const struct ov_host *sim_hosted(const struct sim *sim, unsigned node);

/* ---- the network ---- */

/* What `from` sends to `to` from now on vanishes, and dials are not answered; or not any more. */
void sim_lose(struct sim *sim, unsigned from, unsigned to, bool lost);
/* Closes the connections between two, and loses what is under way. */
void sim_cut(struct sim *sim, unsigned a, unsigned b);
/* The same, but only the node notices: it dials anew, as the next session of its boot. */
void sim_cut_half(struct sim *sim, unsigned node, unsigned other);
void sim_heal(struct sim *sim);
void sim_delays(struct sim *sim, uint64_t min, uint64_t max);
/* Connections between two that are open at an end. */
unsigned sim_links(const struct sim *sim, unsigned a, unsigned b);
/* Who is at the other end of a connection, and in which life; SIM_NOBODY: one of those below.
 * False: the node has no such connection. */
bool sim_other(const struct sim *sim, unsigned node, uint64_t conn, unsigned *other,
               unsigned *life);
/* The next bytes that `from` sends to `to` arrive with that bit turned over, counted around them.
 */
void sim_corrupt(struct sim *sim, unsigned from, unsigned to, uint32_t bit);
/* Somebody without the token connects to the node and sends these bytes. */
void sim_attack(struct sim *sim, unsigned node, const void *bytes, size_t len);
/* The same with what a node has sent to this one so far on a connection that it had dialled. */
void sim_replay(struct sim *sim, unsigned node);
/* The same cut short, or with a bit turned over; or with what the node itself has sent. */
void sim_replay_cut(struct sim *sim, unsigned node);
void sim_replay_changed(struct sim *sim, unsigned node);
void sim_reflect(struct sim *sim, unsigned node);
/* From how many addresses, 1 or more, all of these come, one after another; 1 at first. */
void sim_strangers(struct sim *sim, unsigned n);

/* ---- the store ---- */

struct sim_store_faults {
    unsigned lost_requests, lost_answers, unknown; /* so many of a hundred */
    unsigned cut;                                  /* nodes that do not reach it, a bit each */
    unsigned stale; /* nodes that read what it had when this was set, a bit each */
    unsigned slow;  /* so many of a hundred, questions and answers each, take longer: by up to */
    uint64_t slow_ns;
};
void sim_store(struct sim *sim, const struct sim_store_faults *faults);
/* It fails. What takes its place, when no lease of it is left, has not heard the last of the shard:
 * its epoch is lower by so many, below 2^16; or there is nothing of it, where that is all. */
void sim_store_forget(struct sim *sim, unsigned registry, uint32_t shard, uint32_t epochs);
/* What the store has of a shard; NULL: nothing. */
const struct ov_store_record *sim_record(const struct sim *sim, unsigned registry, uint32_t shard);

struct sim_counts {
    uint64_t steps, bytes, dials, requests; /* to the store */
};
const struct sim_counts *sim_counts(const struct sim *sim);

#endif
