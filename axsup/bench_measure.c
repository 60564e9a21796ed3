/* SPDX-License-Identifier: MIT */
/* bench_measure.c - which system each figure is taken in, how often, and beside what.
 *
 * A group is a system and the figures that are taken in it. Those that have a baseline are taken in
 * turn with it: baseline, figure, baseline, figure ... baseline; a figure's ratio is the one to the
 * mean of the two around it. */
#include "axsup/bench.h"

#include <stdlib.h>

/* ---- calls ---- */

/* Calls drive; the "ns" of its reply. Negative where there is none. */
static double timed(struct bench_system *system, const char *message, json_t *args)
{
    json_t *reply = sup_bench_call(system, "drive", message, args);
    double ns = reply ? sup_bench_field(reply, "ns") : -1;

    json_decref(reply);
    return ns;
}

/* What a round does: so many for a full run, a quarter for a quick one. */
static json_int_t some(const struct sup_bench *bench, json_int_t full)
{
    return bench->quick ? full / 4 : full;
}

static double ask_of(const struct sup_bench *bench, struct bench_system *system, const char *to,
                     json_int_t full)
{
    json_int_t count = some(bench, full);
    double ns = timed(system, "asks", json_pack("{s:s, s:I}", "to", to, "count", count));

    return ns > 0 ? ns / (double)count : -1;
}

/* Messages a second. */
static double tell_of(const struct sup_bench *bench, struct bench_system *system, const char *to,
                      const char *barrier, json_int_t batch, json_int_t full)
{
    json_int_t count = some(bench, full);
    double ns = timed(system, "tells",
                      json_pack("{s:s, s:s, s:I, s:I}", "to", to, "barrier", barrier, "count",
                                count, "batch", batch));

    return ns > 0 ? (double)count * 1e9 / ns : -1;
}

/* ---- what is measured, and its baseline ---- */

typedef double measure_fn(const struct sup_bench *bench, struct bench_system *system);

static double local_ask(const struct sup_bench *bench, struct bench_system *system)
{
    return ask_of(bench, system, "near", 200000);
}

static double local_tell(const struct sup_bench *bench, struct bench_system *system)
{
    return tell_of(bench, system, "near", "near", 64, 1000000);
}

static double await(const struct sup_bench *bench, struct bench_system *system)
{
    const json_int_t flows = 1000;
    json_int_t rounds = some(bench, 200);
    double ns = timed(system, "flows",
                      json_pack("{s:s, s:I, s:I}", "to", "near", "flows", flows, "rounds", rounds));

    return ns > 0 ? ns / (double)(flows * rounds) : -1;
}

/* Beyond the same await that ends with its process. */
static double await_durable(const struct sup_bench *bench, struct bench_system *system)
{
    json_int_t rounds = some(bench, 8000);
    json_t *reply = sup_bench_call(system, "drive", "treks",
                                   json_pack("{s:s, s:I}", "to", "near", "rounds", rounds));
    double more = reply ? sup_bench_field(reply, "durable_ns") - sup_bench_field(reply, "ns") : -1;

    json_decref(reply);
    return more / (double)rounds;
}

static double spawn(const struct sup_bench *bench, struct bench_system *system)
{
    json_int_t count = some(bench, 65536);
    double ns = timed(system, "spawns", json_pack("{s:s, s:I}", "barrier", "near", "count", count));

    return ns > 0 ? ns / (double)count : -1;
}

static double ties_of(const struct sup_bench *bench, struct bench_system *system, bool link)
{
    json_int_t count = some(bench, 200000);
    double ns = timed(system, "ties",
                      json_pack("{s:s, s:s, s:I, s:b}", "to", "near", "barrier", "near", "count",
                                count, "link", link));

    return ns > 0 ? ns / (double)count : -1;
}

#define MAP_KEYS 1000000

static double map_of(const struct sup_bench *bench, struct bench_system *system, const char *what)
{
    json_int_t keys = some(bench, MAP_KEYS), count = some(bench, 1000000);
    double ns =
        timed(system, what,
              json_pack("{s:s, s:I, s:I}", "barrier", "near", "keys", keys, "count", count));

    return ns > 0 ? ns / (double)count : -1;
}

static double monitor(const struct sup_bench *bench, struct bench_system *system)
{
    return ties_of(bench, system, false);
}

static double link_and_unlink(const struct sup_bench *bench, struct bench_system *system)
{
    return ties_of(bench, system, true);
}

#define REGISTRY_KEYS 1000
#define MOURNED 100000
#define MOURN_LOOKS 10000u

static double downs(const struct sup_bench *bench, struct bench_system *system)
{
    json_t *mourn = sup_bench_call(system, "drive", "mourn",
                                   json_pack("{s:s, s:i}", "barrier", "near", "count", MOURNED));
    double ns = -1;
    bool done = false;

    (void)bench;
    json_decref(mourn);
    for (unsigned look = 0; mourn && !done && look < MOURN_LOOKS; look++) {
        json_t *reply = sup_bench_call(system, "drive", "mourned", json_object());

        if (!reply)
            break;
        done = sup_bench_field(reply, "done") != 0;
        ns = done ? sup_bench_field(reply, "ns") : -1;
        json_decref(reply);
    }
    return ns;
}

static double timer(const struct sup_bench *bench, struct bench_system *system)
{
    json_int_t count = some(bench, 500000);
    double ns = timed(system, "timers",
                      json_pack("{s:s, s:I, s:I}", "barrier", "near", "standing",
                                some(bench, 1000000), "count", count));

    return ns > 0 ? ns / (double)count : -1;
}

static double registry_get(const struct sup_bench *bench, struct bench_system *system)
{
    json_int_t count = some(bench, 500000);
    double ns = timed(
        system, "lookups",
        json_pack("{s:s, s:i, s:I}", "barrier", "near", "keys", REGISTRY_KEYS, "count", count));

    return ns > 0 ? ns / (double)count : -1;
}

/* Each is a line on standard error, which nobody reads. */
static double restart(const struct sup_bench *bench, struct bench_system *system)
{
    enum { FALLS = 64 };
    double ns = timed(system, "falls", json_pack("{s:i}", "count", FALLS));

    (void)bench;
    return ns > 0 ? ns / FALLS : -1;
}

static double map_get(const struct sup_bench *bench, struct bench_system *system)
{
    return map_of(bench, system, "map_gets");
}

static double raw_table(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_table(bench->cpu[0], (uint64_t)some(bench, MAP_KEYS),
                               (uint64_t)some(bench, 1000000));
}

static double map_put(const struct sup_bench *bench, struct bench_system *system)
{
    return map_of(bench, system, "map_puts");
}

static double commit(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_commit((uint64_t)some(bench, 4000000));
}

static double fiber_switch(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_fiber_switch((uint64_t)some(bench, 4000000));
}

static double cross_ask(const struct sup_bench *bench, struct bench_system *system)
{
    return ask_of(bench, system, "far", 100000);
}

static double raw_line(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_line(bench->cpu, (uint64_t)some(bench, 200000));
}

static double cross_tell(const struct sup_bench *bench, struct bench_system *system)
{
    return tell_of(bench, system, "far", "near", 64, 1000000);
}

static double raw_ring(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_ring(bench->cpu, (uint64_t)some(bench, 2000000));
}

static double cross_tell_64k(const struct sup_bench *bench, struct bench_system *system)
{
    enum { SIZE = 65536 };
    json_int_t count = some(bench, 8000);
    double ns = timed(system, "blobs",
                      json_pack("{s:s, s:s, s:I, s:i}", "to", "far", "barrier", "near", "count",
                                count, "size", SIZE));

    return ns > 0 ? (double)count * SIZE * 1e9 / ns : -1;
}

static double raw_memcpy(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_memcpy(bench->cpu[0], (uint64_t)some(bench, 16000));
}

static double parked_ask(const struct sup_bench *bench, struct bench_system *system)
{
    return ask_of(bench, system, "far", 8000);
}

static double raw_eventfd(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_eventfd(bench->cpu[0], bench->cpu[1], (uint64_t)some(bench, 8000));
}

static double raw_eventfd_one_core(const struct sup_bench *bench, struct bench_system *system)
{
    (void)system;
    return sup_bench_raw_eventfd(bench->cpu[0], bench->cpu[0], (uint64_t)some(bench, 8000));
}

static double one_core_tell(const struct sup_bench *bench, struct bench_system *system)
{
    return tell_of(bench, system, "far", "far", 512, 500000);
}

/* ---- one figure ---- */

#define NONE BENCH_FIGURES

struct taken {
    enum sup_bench_figure figure;
    measure_fn *measure;
    enum sup_bench_figure baseline; /* NONE: it has none */
    measure_fn *raw;
    enum sup_bench_figure ratio;
};

/* The first sample warms up and is not counted. */
static int take(struct sup_bench *bench, struct bench_system *system, const struct taken *what)
{
    struct bench_samples own = {.count = 0}, raw = own, ratio = own;
    double before = what->raw ? what->raw(bench, system) : 1, after = before;

    for (unsigned i = 0; i <= bench->rounds; i++) {
        double value = what->measure(bench, system);

        if (what->raw)
            after = what->raw(bench, system);
        if (value <= 0 || after <= 0 || before <= 0)
            return -1;
        if (i > 0) {
            sup_bench_sample(&own, value);
            sup_bench_sample(&raw, (before + after) / 2);
            sup_bench_sample(&ratio, value / ((before + after) / 2));
        }
        before = after;
    }
    sup_bench_put(bench, what->figure, &own);
    if (what->raw) {
        sup_bench_put(bench, what->baseline, &raw);
        sup_bench_put(bench, what->ratio, &ratio);
    }
    return 0;
}

/* ---- groups ---- */

#define F(name) BENCH_##name
#define ALONE(figure, measure)                                                                     \
    {                                                                                              \
        F(figure), measure, NONE, NULL, NONE                                                       \
    }
#define PAIR(figure, measure, baseline, raw, ratio)                                                \
    {                                                                                              \
        F(figure), measure, F(baseline), raw, F(ratio)                                             \
    }
#define TAKEN_MAX 5

struct group {
    struct bench_plan plan; /* no name: no system */
    struct taken taken[TAKEN_MAX];
    int (*other)(struct sup_bench *bench, struct bench_system *system);
    enum sup_bench_figure others[4]; /* what `other` measures */
};

#define SPIN_US 10000
#define DEFAULT_SPIN_US 50

static const struct group groups[] = {
    {.taken = {ALONE(commit_ns, commit), ALONE(fiber_switch_ns, fiber_switch)}},
    {.plan = {.name = "local", .spin_us = SPIN_US, .max_actors = 100000, .arena = "64M"},
     .taken = {ALONE(local_ask_ns, local_ask), ALONE(local_tell_per_s, local_tell),
               ALONE(await_ns, await), ALONE(await_durable_ns, await_durable),
               ALONE(spawn_ns, spawn)}},
    {.plan = {.name = "ties", .spin_us = SPIN_US, .arena = "128M"},
     .taken = {ALONE(monitor_ns, monitor), ALONE(link_ns, link_and_unlink),
               ALONE(downs_ns, downs)}},
    {.plan = {.name = "timers", .spin_us = SPIN_US, .arena = "256M"},
     .taken = {ALONE(timer_ns, timer)}},
    {.plan = {.name = "lives", .spin_us = SPIN_US, .keys = REGISTRY_KEYS},
     .taken = {ALONE(registry_get_ns, registry_get), ALONE(restart_ns, restart)}},
    {.plan = {.name = "rest", .spin_us = DEFAULT_SPIN_US, .max_actors = 1010000, .arena = "256M"},
     .other = sup_bench_rest,
     .others = {F(idle_cpu_ns), NONE}},
    {.plan = {.name = "maps", .spin_us = SPIN_US, .arena = "256M"},
     .taken = {PAIR(map_get_ns, map_get, raw_table_get_ns, raw_table, map_get_ratio),
               ALONE(map_put_ns, map_put)}},
    {.plan = {.name = "memory", .spin_us = DEFAULT_SPIN_US, .max_actors = 100000, .arena = "64M"},
     .other = sup_bench_weigh,
     .others = {F(actor_idle_bytes), F(actor_one_message_bytes), NONE}},
    {.plan = {.name = "cross", .spin_us = SPIN_US},
     .taken = {PAIR(cross_ask_ns, cross_ask, raw_line_rtt_ns, raw_line, cross_ask_ratio),
               PAIR(cross_tell_per_s, cross_tell, raw_ring_msgs_per_s, raw_ring,
                    cross_tell_ratio)}},
    {.plan = {.name = "bytes", .spin_us = SPIN_US, .arena = "64M", .message = "128K"},
     .taken = {PAIR(cross_tell_64k_bytes_per_s, cross_tell_64k, raw_memcpy_bytes_per_s, raw_memcpy,
                    cross_tell_64k_ratio)}},
    {.plan = {.name = "slots", .idle = 61, .spin_us = SPIN_US, .arena = "2M"},
     .taken = {PAIR(cross_ask_64_slots_ns, cross_ask, raw_line_rtt_ns, raw_line,
                    cross_ask_64_slots_ratio)}},
    {.plan = {.name = "parked", .spin_us = 0},
     .taken = {PAIR(cross_ask_parked_ns, parked_ask, raw_eventfd_rtt_ns, raw_eventfd,
                    cross_ask_parked_ratio)}},
    {.plan = {.name = "one-core", .spin_us = DEFAULT_SPIN_US, .one_core = true},
     .taken = {PAIR(cross_ask_parked_one_core_ns, parked_ask, raw_eventfd_rtt_one_core_ns,
                    raw_eventfd_one_core, cross_ask_parked_one_core_ratio),
               ALONE(one_core_tell_per_s, one_core_tell)}},
    {.plan = {.name = "death", .spin_us = DEFAULT_SPIN_US, .loose = true},
     .other = sup_bench_kill,
     .others = {F(kill_to_down_ns), F(kill_to_served_ns), NONE}},
    {.plan = {.name = "large", .spin_us = DEFAULT_SPIN_US, .loose = true},
     .other = sup_bench_kill_large,
     .others = {F(kill_to_down_1g_ns), F(kill_to_served_1g_ns), NONE}},
};

static bool is_wanted(const struct sup_bench *bench, enum sup_bench_figure figure)
{
    return figure != NONE && bench->wanted[figure];
}

static bool taken_wanted(const struct sup_bench *bench, const struct taken *taken)
{
    return taken->measure && (is_wanted(bench, taken->figure) ||
                              is_wanted(bench, taken->baseline) || is_wanted(bench, taken->ratio));
}

static bool other_wanted(const struct sup_bench *bench, const struct group *group)
{
    bool wanted = false;

    for (unsigned i = 0; group->other && i < 4 && group->others[i] != NONE; i++)
        wanted |= is_wanted(bench, group->others[i]);
    return wanted;
}

static int measure_group(struct sup_bench *bench, const struct group *group)
{
    struct bench_system *system = NULL;
    bool wanted = other_wanted(bench, group);
    int error = 0;

    for (unsigned i = 0; i < TAKEN_MAX; i++)
        wanted |= taken_wanted(bench, &group->taken[i]);
    if (!wanted)
        return 0;
    if (group->plan.name && !(system = sup_bench_system_start(bench, &group->plan)))
        return -1;
    for (unsigned i = 0; i < TAKEN_MAX && error == 0; i++)
        if (taken_wanted(bench, &group->taken[i]))
            error = take(bench, system, &group->taken[i]);
    if (error == 0 && other_wanted(bench, group))
        error = group->other(bench, system);
    sup_bench_system_stop(system);
    return error;
}

int sup_bench_measure(struct sup_bench *bench)
{
    int error = 0;

    for (size_t i = 0; i < sizeof groups / sizeof *groups && error == 0; i++)
        error = measure_group(bench, &groups[i]);
    return error;
}
