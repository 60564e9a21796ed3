/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUSY_NS (15 * SIM_S) /* of workload and faults */
#define CALM_NS (25 * SIM_S) /* for all to end */

/* ---- words ---- */

void fail(struct world *world, const char *format, ...)
{
    va_list args;
    int n = snprintf(world->why, sizeof world->why,
                     "%.4f s: ", (double)sim_now(world->sim) / (double)SIM_S);
    va_start(args, format);
    vsnprintf(world->why + n, sizeof world->why - (size_t)n, format, args);
    va_end(args);
    longjmp(world->failed, 1);
}

void say(struct world *world, unsigned node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sim_vsay(world->sim, node, format, args);
    va_end(args);
}

unsigned chance(struct world *world, unsigned n)
{
    return (unsigned)sim_random(world->sim, n);
}

/* ---- the workload ---- */

static bool can_act(const struct world *world, unsigned node)
{
    return sim_alive(world->sim, node) && !sim_paused(world->sim, node);
}

static void end_some_actor(struct world *world)
{
    unsigned actor = chance(world, ACTORS);
    for (unsigned i = 0; i < ACTORS; i++, actor = (actor + 1) % ACTORS)
        if (world->actors[actor].alive && can_act(world, world->actors[actor].node)) {
            say(world, world->actors[actor].node, "actor of k%u ends", world->actors[actor].key);
            actors_end_one(world, actor);
            return;
        }
}

static void work(void *of, uint64_t arg)
{
    struct world *world = of;
    unsigned node = chance(world, world->nodes), what = chance(world, 100);
    (void)arg;
    if (world->calm)
        return;
    if (what >= 90)
        ledger_take_back(world);
    else if (what >= 84)
        end_some_actor(world);
    else if (can_act(world, node) && what >= 78)
        ledger_watch(world, node);
    else if (can_act(world, node))
        ledger_request(world, node);
    sim_later(world->sim, chance(world, 40) * SIM_MS, SIM_NOBODY, work, world, 0);
}

/* ---- what is broken ---- */

static void start_again(void *of, uint64_t node)
{
    struct world *world = of;
    sim_start(world->sim, (unsigned)node);
}

static void crash(struct world *world, unsigned node)
{
    if (!sim_alive(world->sim, node))
        return;
    world->tally.n[CRASHES]++;
    ledger_crash(world, node);
    actors_crash(world, node);
    sim_crash(world->sim, node, chance(world, 2) == 0);
    sim_later(world->sim, chance(world, 6000) * SIM_MS, SIM_NOBODY, start_again, world, node);
}

static void partition(struct world *world)
{
    unsigned side = 1 + chance(world, (1u << world->nodes) - 1), way = chance(world, 3);
    for (unsigned a = 0; a < world->nodes; a++)
        for (unsigned b = 0; b < world->nodes; b++)
            if ((side >> a & 1) != (side >> b & 1) && (way == 0 || (side >> a & 1) == way % 2))
                sim_lose(world->sim, a, b, true);
    sim_store(world->sim, &(struct sim_store_faults){.cut = chance(world, 2) == 0 ? side : 0});
}

static void heal(void *of, uint64_t arg)
{
    struct world *world = of;
    (void)arg;
    sim_heal(world->sim);
}

static void attack(struct world *world, unsigned node)
{
    uint8_t bytes[64];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)chance(world, 256);
    if (chance(world, 2) == 0)
        sim_replay(world->sim, node);
    else
        sim_attack(world->sim, node, bytes, 1 + chance(world, sizeof bytes));
}

static void break_something(void *of, uint64_t arg)
{
    struct world *world = of;
    unsigned node = chance(world, world->nodes);
    (void)arg;
    if (world->calm)
        return;
    switch (chance(world, 9)) {
    case 0:
        crash(world, node);
        break;
    case 1:
        world->tally.n[PARTITIONS]++;
        partition(world);
        sim_later(world->sim, chance(world, 5000) * SIM_MS, SIM_NOBODY, heal, world, 0);
        break;
    case 2:
        world->tally.n[PAUSES]++;
        sim_pause(world->sim, node, chance(world, 5000) * SIM_MS);
        break;
    case 3:
        sim_store(world->sim, &(struct sim_store_faults){.lost_requests = chance(world, 60),
                                                         .lost_answers = chance(world, 60),
                                                         .unknown = chance(world, 60)});
        sim_later(world->sim, chance(world, 4000) * SIM_MS, SIM_NOBODY, heal, world, 0);
        break;
    case 4:
        sim_jump(world->sim, node, chance(world, 3000) * SIM_MS);
        break;
    case 5:
        world->tally.n[ATTACKS]++;
        attack(world, node);
        break;
    case 6:
        world->tally.n[CUTS]++;
        sim_cut_half(world->sim, node, chance(world, world->nodes));
        break;
    default:
        world->tally.n[CUTS]++;
        sim_cut(world->sim, node, chance(world, world->nodes));
    }
    sim_later(world->sim, chance(world, 3000) * SIM_MS, SIM_NOBODY, break_something, world, 0);
}

/* ---- a seed ---- */

static void out(void *of, unsigned node, const struct ov_out *what)
{
    actors_out(of, node, what);
}

static void stepped(void *of, unsigned node)
{
    check_step(of, node);
}

static void run(struct world *world)
{
    sim_delays(world->sim, SIM_MS / 10, (1 + chance(world, 40)) * SIM_MS);
    for (unsigned node = 0; node < world->nodes; node++)
        sim_drift(world->sim, node, (int)chance(world, 20000) - 10000);
    sim_start_all(world->sim);
    work(world, 0);
    sim_later(world->sim, SIM_S, SIM_NOBODY, break_something, world, 0);
    sim_run(world->sim, BUSY_NS);
    world->calm = true;
    sim_heal(world->sim);
    sim_run(world->sim, CALM_NS);
    check_live(world);
    for (unsigned node = 0; node < world->nodes; node++)
        world->tally.n[RETRIED] += ov_cluster_counts(sim_cluster(world->sim, node))->retried;
}

bool run_seed(struct world *world, uint64_t seed, FILE *trace)
{
    struct sim_config config = {.nodes = 2 + (unsigned)(seed % 4),
                                .seed = seed,
                                .registries = world_registries,
                                .nregistries = REGISTRIES,
                                .host = {.of = world, .out = out, .stepped = stepped},
                                .trace = trace};
    bool ok;

    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->nodes = config.nodes;
    world->sim = sim_new(&config);
    ok = setjmp(world->failed) == 0;
    if (ok)
        run(world);
    sim_free(world->sim);
    world->sim = NULL;
    return ok;
}
