/* SPDX-License-Identifier: MIT */
/* bench_once.c - what is not a rate: how large an actor is, and how long a death takes. */
#include "axsup/bench.h"

#include <time.h>

#define GIB (1ull << 30)

/* ---- memory ---- */

static int wait_a_moment(long ms)
{
    const struct timespec moment = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    return nanosleep(&moment, NULL);
}

/* Sizes do not vary: they are taken once. */
int sup_bench_weigh(struct sup_bench *bench, struct bench_system *system)
{
    enum { CROWD = 48 * 1024 };
    json_t *reply = sup_bench_call(system, "drive", "crowd",
                                   json_pack("{s:s, s:i}", "barrier", "near", "count", CROWD));
    double idle = reply ? sup_bench_field(reply, "bytes") / CROWD : -1;
    bool done = false;

    json_decref(reply);
    if (idle < 0)
        return -1;
    bench->value[BENCH_actor_idle_bytes] = idle;
    json_decref(sup_bench_call(system, "drive", "load", json_pack("{s:i}", "from", 0)));
    while (!done) {
        reply = sup_bench_call(system, "drive", "loaded", json_object());
        if (!reply)
            return -1;
        done = sup_bench_field(reply, "done") != 0;
        bench->value[BENCH_actor_one_message_bytes] =
            idle + sup_bench_field(reply, "bytes") / CROWD;
        json_decref(reply);
    }
    return 0;
}

/* ---- rest ---- */

static double cpu_so_far(struct bench_system *system)
{
    json_t *reply = sup_bench_call(system, "drive", "cpu", json_object());
    double ns = reply ? sup_bench_field(reply, "ns") : -1;

    json_decref(reply);
    return ns;
}

/* The calls themselves are part of it. */
int sup_bench_rest(struct sup_bench *bench, struct bench_system *system)
{
    enum { CROWD = 1000000, SECONDS = 3 };
    struct bench_samples samples = {.count = 0};
    json_t *reply = sup_bench_call(
        system, "drive", "crowd",
        json_pack("{s:s, s:i}", "barrier", "near", "count", bench->quick ? CROWD / 4 : CROWD));
    bool there = reply != NULL;

    json_decref(reply);
    for (unsigned i = 0; there && i < SECONDS; i++) {
        double before = cpu_so_far(system);

        wait_a_moment(1000);
        double after = cpu_so_far(system);
        if (before < 0 || after < before)
            return -1;
        sup_bench_sample(&samples, after - before);
    }
    sup_bench_put(bench, BENCH_idle_cpu_ns, &samples);
    return there ? 0 : -1;
}

/* ---- death ---- */

/* Kills the process of "far". It is asked late how that went, so that axsup has nothing else to
 * do meanwhile. `*served` is 0 where the dying process handled the message itself. */
static int strike(struct bench_system *system, double *down, double *served)
{
    json_t *reply = sup_bench_call(system, "drive", "strike", json_pack("{s:s}", "to", "far"));
    bool done = false;

    if (!reply)
        return -1;
    json_decref(reply);
    while (!done) {
        wait_a_moment(20);
        reply = sup_bench_call(system, "drive", "struck", json_object());
        if (!reply)
            return -1;
        done = sup_bench_field(reply, "done") != 0;
        *down = sup_bench_field(reply, "down_ns");
        *served = sup_bench_field(reply, "served_ns");
        json_decref(reply);
    }
    return 0;
}

/* What the actor "far" is to map, as arguments of "map"; NULL where there is no memory. */
static json_t *hoard(struct bench_system *system, uint64_t bytes)
{
    json_t *file =
        sup_bench_call(system, "drive", "hoard", json_pack("{s:I}", "bytes", (json_int_t)bytes));

    if (file)
        json_object_set_new(file, "bytes", json_integer((json_int_t)bytes));
    return file;
}

static int map(struct bench_system *system, json_t *file)
{
    json_t *reply = sup_bench_call(system, "far", "map", json_incref(file));
    bool done = reply && sup_bench_field(reply, "done") != 0;

    json_decref(reply);
    return done ? 0 : -1;
}

static int kill_often(struct sup_bench *bench, struct bench_system *system, unsigned times,
                      json_t *mapped, enum sup_bench_figure down_figure,
                      enum sup_bench_figure served_figure)
{
    struct bench_samples downs = {.count = 0}, serves = downs;

    for (unsigned i = 0; i <= times; i++) {
        double down, served;

        if ((mapped && map(system, mapped) != 0) || strike(system, &down, &served) != 0)
            return -1;
        if (i > 0) {
            sup_bench_sample(&downs, down);
            if (served > 0)
                sup_bench_sample(&serves, served);
        }
    }
    sup_bench_put(bench, down_figure, &downs);
    sup_bench_put(bench, served_figure, &serves);
    return 0;
}

int sup_bench_kill(struct sup_bench *bench, struct bench_system *system)
{
    return kill_often(bench, system, 2 * bench->rounds, NULL, BENCH_kill_to_down_ns,
                      BENCH_kill_to_served_ns);
}

int sup_bench_kill_large(struct sup_bench *bench, struct bench_system *system)
{
    json_t *file = hoard(system, GIB);
    int error = file ? kill_often(bench, system, bench->rounds, file, BENCH_kill_to_down_1g_ns,
                                  BENCH_kill_to_served_1g_ns)
                     : -1;

    json_decref(file);
    return error;
}
