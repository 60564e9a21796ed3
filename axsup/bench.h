/* SPDX-License-Identifier: MIT */
/* bench.h - the figures of "axsup bench", and what its parts share.
 *
 * One table says what each figure is, its unit and its goal; --help, the text, the JSON and
 * --only are made from it. bench.c has the essay. */
#ifndef SUP_BENCH_H
#define SUP_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_MILLION 1e6
#define BENCH_GIGA 1e9

/* X(name, what it counts, AT_MOST, AT_LEAST or NO goal, the goal, text) */
#define SUP_BENCH_FIGURES(X)                                                                       \
    X(raw_line_rtt_ns, NS, NO, 0,                                                                  \
      "a cache line there and back between two processes that spin on it, on two cores")           \
    X(raw_ring_msgs_per_s, RATE, NO, 0,                                                            \
      "64 bytes copied into and out of a bare ring with one writer and one reader")                \
    X(raw_memcpy_bytes_per_s, BYTES, NO, 0, "memcpy of 64 KiB, source and target in the cache")    \
    X(raw_eventfd_rtt_ns, NS, NO, 0,                                                               \
      "there and back by blocking reads of two eventfds, on two cores")                            \
    X(raw_eventfd_rtt_one_core_ns, NS, NO, 0, "the same with both processes on one core")          \
    X(local_ask_ns, NS, AT_MOST, 70,                                                               \
      "an ask as a plain call with a deadline, 8 bytes each way, to an actor of the same worker")  \
    X(await_ns, NS, AT_MOST, 90, "the same while 1000 handlers wait, each in its turn")            \
    X(await_durable_ns, NS, AT_MOST, 60,                                                           \
      "what it costs more where the await outlives the process, with 512 bytes on the stack")      \
    X(fiber_switch_ns, NS, NO, 0, "from one stack to another")                                     \
    X(local_tell_per_s, RATE, AT_LEAST, 40 * BENCH_MILLION,                                        \
      "64 bytes told to an actor of the same worker and handled, 64 a turn")                       \
    X(commit_ns, NS, AT_MOST, 5,                                                                   \
      "what makes a turn undoable: begin, the four words of a mailbox to the log, commit")         \
    X(spawn_ns, NS, AT_MOST, 120, "an actor without state, 256 a turn, until that is binding")     \
    X(monitor_ns, NS, AT_MOST, 150,                                                                \
      "a monitor of an actor of the same worker, and taken back, 64 a turn")                       \
    X(link_ns, NS, AT_MOST, 150, "the same with a link")                                           \
    X(downs_ns, NS, AT_MOST, 20 * BENCH_MILLION,                                                   \
      "the end of an actor with 100,000 monitors, until on_down has been called for all")          \
    X(timer_ns, NS, AT_MOST, 100,                                                                  \
      "a timer set, and canceled in the next turn, 64 a turn, while 1,000,000 others wait")        \
    X(registry_get_ns, NS, AT_MOST, 50,                                                            \
      "the actor of a key by chance among 1,000 of a registry, in their home, 64 a turn")          \
    X(restart_ns, NS, AT_MOST, 5000,                                                               \
      "from the failure of an actor without backoff to its next message")                          \
    X(idle_cpu_ns, NS, AT_MOST, BENCH_MILLION,                                                     \
      "CPU time in a second of a worker with 1,000,000 actors that do nothing")                    \
    X(raw_table_get_ns, NS, NO, 0,                                                                 \
      "by chance one of 250,000 lines, and of 1,000,000 entries of 128 bytes the one it names")    \
    X(map_get_ns, NS, AT_MOST, 120,                                                                \
      "a key by chance of a kept map of 1,000,000 keys of 16 bytes with 64, 64 a turn")            \
    X(map_get_ratio, RATIO, NO, 0, "map_get_ns to raw_table_get_ns")                               \
    X(map_put_ns, NS, AT_MOST, 250, "the same, the value of a key replaced")                       \
    X(actor_idle_bytes, COUNT, AT_MOST, 192, "resident memory of such an actor")                   \
    X(actor_one_message_bytes, COUNT, AT_MOST, 448, "the same with a message of 64 bytes queued")  \
    X(cross_ask_ns, NS, NO, 0, "an ask between two workers that spin")                             \
    X(cross_ask_ratio, RATIO, AT_MOST, 2.0, "cross_ask_ns to raw_line_rtt_ns")                     \
    X(cross_ask_64_slots_ns, NS, NO, 0, "the same in a system of 64 slots")                        \
    X(cross_ask_64_slots_ratio, RATIO, AT_MOST, 2.5, "cross_ask_64_slots_ns to raw_line_rtt_ns")   \
    X(cross_tell_per_s, RATE, NO, 0,                                                               \
      "64 bytes told to an actor of another worker and handled there, 64 a turn, both spin")       \
    X(cross_tell_ratio, RATIO, AT_LEAST, 0.6, "cross_tell_per_s to raw_ring_msgs_per_s")           \
    X(cross_tell_64k_bytes_per_s, BYTES, AT_LEAST, 15 * BENCH_GIGA,                                \
      "the same with 64 KiB of which the handler reads each line")                                 \
    X(cross_tell_64k_ratio, RATIO, NO, 0, "cross_tell_64k_bytes_per_s to raw_memcpy_bytes_per_s")  \
    X(cross_ask_parked_ns, NS, NO, 0, "an ask between two workers that sleep, on two cores")       \
    X(cross_ask_parked_ratio, RATIO, AT_MOST, 1.3, "cross_ask_parked_ns to raw_eventfd_rtt_ns")    \
    X(cross_ask_parked_one_core_ns, NS, NO, 0, "the same with both workers on one core")           \
    X(cross_ask_parked_one_core_ratio, RATIO, AT_MOST, 1.3,                                        \
      "cross_ask_parked_one_core_ns to raw_eventfd_rtt_one_core_ns")                               \
    X(one_core_tell_per_s, RATE, AT_LEAST, 25 * BENCH_MILLION,                                     \
      "64 bytes told to an actor of another worker on the same core, 512 between two sleeps")      \
    X(kill_to_down_ns, NS, AT_MOST, 100000,                                                        \
      "from kill() to on_down of a monitoring actor in another worker")                            \
    X(kill_to_served_ns, NS, AT_MOST, 300000,                                                      \
      "from kill() to the first queued message in the hands of the successor")                     \
    X(kill_to_down_1g_ns, NS, AT_MOST, 100000, "kill_to_down_ns with 1 GiB of memory mapped")      \
    X(kill_to_served_1g_ns, NS, NO, 0, "kill_to_served_ns with 1 GiB of memory mapped")

enum sup_bench_figure {
#define SUP_BENCH_ENUM(name, ...) BENCH_##name,
    SUP_BENCH_FIGURES(SUP_BENCH_ENUM)
#undef SUP_BENCH_ENUM
        BENCH_FIGURES
};

struct sup_bench {
    bool json, quick;
    unsigned rounds;             /* of which the median is taken */
    int cpu[2];                  /* the two cores; the same where there is one */
    bool wanted[BENCH_FIGURES];  /* by --only */
    double value[BENCH_FIGURES]; /* 0: not measured */
    char *folder;                /* for configs and run directories */
};

/* ---- samples ---- */

#define BENCH_ROUNDS_MAX 101u

struct bench_samples {
    double all[BENCH_ROUNDS_MAX];
    unsigned count;
};

void sup_bench_sample(struct bench_samples *samples, double value);
double sup_bench_median(struct bench_samples *samples);
/* Makes the median the value of a figure that has none yet; BENCH_FIGURES: of nothing. */
void sup_bench_put(struct sup_bench *bench, enum sup_bench_figure figure,
                   struct bench_samples *samples);
uint64_t sup_bench_now(void); /* CLOCK_MONOTONIC, ns */

/* ---- baselines, each in two processes of its own where it says so ---- */

/* Nanoseconds a round trip, messages a second, bytes a second. -1 with a line on standard error
 * where there is no process or memory to be had. */
double sup_bench_raw_line(const int cpu[2], uint64_t trips);
double sup_bench_raw_ring(const int cpu[2], uint64_t messages);
double sup_bench_raw_memcpy(int cpu, uint64_t copies);
double sup_bench_raw_table(int cpu, uint64_t keys, uint64_t count);
double sup_bench_raw_eventfd(int cpu0, int cpu1, uint64_t trips);

/* ---- in this process ---- */

double sup_bench_commit(uint64_t turns);
double sup_bench_fiber_switch(uint64_t switches);

/* Restricts this process to one core; sup_bench_unpin takes it back. */
void sup_bench_pin(int cpu);
void sup_bench_unpin(void);

/* ---- systems under test ---- */

struct bench_plan {
    const char *name;
    unsigned idle;       /* more workers that sleep */
    unsigned spin_us;    /* of each worker */
    bool one_core;       /* all of the system on cpu[0] */
    bool loose;          /* worker "b" runs wherever it likes, also when it is started again */
    unsigned max_actors; /* of each worker; 0: as an absent key has it */
    const char *arena;   /* likewise NULL */
    const char *message; /* the largest; NULL: 8K */
    unsigned keys;       /* of a registry of worker "a"; 0: it has none */
};

struct bench_system;

/* Executes "axsup run" and waits until it runs: worker "a" with the actors "drive" and "near" on
 * cpu[0], worker "b" with the actor "far" on cpu[1] or as the plan says. NULL with a line on
 * standard error. */
struct bench_system *sup_bench_system_start(const struct sup_bench *bench,
                                            const struct bench_plan *plan);
/* Stops it; takes NULL. Returns NULL. */
struct bench_system *sup_bench_system_stop(struct bench_system *system);

/* Asks an actor of the system, or tells it something. `args`, which is stolen, are the message's
 * fields. The reply, to be decref'd, or NULL with a line on standard error. */
json_t *sup_bench_call(struct bench_system *system, const char *actor, const char *message,
                       json_t *args);

/* A number or bool of a reply; 0 where it has none of that name. */
double sup_bench_field(const json_t *reply, const char *name);

/* ---- measurements ---- */

/* The sizes of an actor; what a million cost that rest; the deaths of a worker, and of one that has
 * 1 GiB mapped. In a system of their own each. 0, or -1 after a line on standard error. */
int sup_bench_weigh(struct sup_bench *bench, struct bench_system *system);
int sup_bench_rest(struct sup_bench *bench, struct bench_system *system);
int sup_bench_kill(struct sup_bench *bench, struct bench_system *system);
int sup_bench_kill_large(struct sup_bench *bench, struct bench_system *system);

/* Everything that is wanted. 0, or -1 after a line on standard error. */
int sup_bench_measure(struct sup_bench *bench);

#endif
