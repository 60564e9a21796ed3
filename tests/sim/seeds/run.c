/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUSY_NS (15 * SIM_S) /* of what is planned */
#define CALM_NS (25 * SIM_S) /* for all to end */

/* ---- words ---- */

void fail(struct world *world, const char *tag, const char *format, ...)
{
    va_list args;
    int n = snprintf(world->why, sizeof world->why, "%s: %.4f s: ", tag,
                     (double)sim_now(world->sim) / (double)SIM_S);
    va_start(args, format);
    vsnprintf(world->why + n, sizeof world->why - (size_t)n, format, args);
    va_end(args);
    world->tag = tag;
    world->failed_at = sim_now(world->sim);
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

bool can_act(const struct world *world, unsigned node)
{
    return sim_alive(world->sim, node) && !sim_paused(world->sim, node);
}

/* ---- what is planned ---- */

static void end_some_actor(struct world *world, uint32_t by_chance)
{
    unsigned actor = by_chance % ACTORS;
    for (unsigned i = 0; i < ACTORS; i++, actor = (actor + 1) % ACTORS)
        if (world->actors[actor].alive && can_act(world, world->actors[actor].node)) {
            say(world, world->actors[actor].node, "actor of k%u ends", world->actors[actor].key);
            actors_end_one(world, actor);
            return;
        }
}

static void work(struct world *world, unsigned node, const struct planned *planned)
{
    switch (planned->kind) {
    case PLAN_TAKE_BACK:
        ledger_take_back(world, planned->b);
        break;
    case PLAN_CANCEL:
        ledger_cancel(world, planned->b);
        break;
    case PLAN_END:
        end_some_actor(world, planned->b);
        break;
    case PLAN_WATCH:
        if (can_act(world, node))
            ledger_watch(world, node, planned->b);
        break;
    default:
        if (can_act(world, node))
            ledger_request(world, node, planned);
    }
}

static void act(void *of, uint64_t arg)
{
    struct world *world = of;
    const struct planned *planned = &world->plan->list[arg];
    unsigned node = planned->a % world->nodes;

    if (planned->kind < PLAN_CRASH)
        work(world, node, planned);
    else
        break_it(world, node, planned);
}

/* ---- a seed ---- */

static void out(void *of, unsigned node, const struct ov_out *what)
{
    check_out(of, node, what);
    cover_out(of, what);
    actors_out(of, node, what);
}

static void stepped(void *of, unsigned node)
{
    check_step(of, node);
    cover_step(of, node);
}

static void stored(void *of, unsigned node, const struct ov_store_request *request,
                   const struct ov_store_answer *answer, bool arrives)
{
    check_stored(of, node, request, answer, arrives);
}

static void refused(void *of, unsigned node, int result)
{
    fail(of, "core", "%c: a step is refused: %s", 'a' + (int)node, ax_strerror(result));
}

/* So that all are at their limits. */
static void configure(void *of, unsigned node, struct ov_cluster_config *config)
{
    const struct world *world = of;
    (void)node;
    if (!world->plan->small)
        return;
    config->requests = 12;
    config->ensures = 2;
    config->keys = 15;
    config->monitors = 6;
}

static void begin(struct world *world)
{
    uint64_t most = 5;
    unsigned node = 0;

    for (unsigned i = 0; i < world->plan->n; i++) {
        const struct planned *planned = &world->plan->list[i];
        if (world->plan->off[i]) {
            node += planned->kind == PLAN_DRIFT;
        } else if (planned->kind == PLAN_DELAYS) {
            most = planned->a % 8 == 0 ? 1 + planned->b % 200 : 1 + planned->b % 40;
        } else if (planned->kind == PLAN_DRIFT) {
            world->ppm[node] = (int)(planned->a % 20000) - 10000;
            sim_drift(world->sim, node, world->ppm[node]);
            node++;
        } else {
            sim_later(world->sim, planned->at, SIM_NOBODY, act, world, i);
        }
    }
    sim_delays(world->sim, SIM_MS / 10, most * SIM_MS);
}

/* False: the plan goes no further. */
static bool pass(struct world *world, uint64_t ns)
{
    uint64_t until = world->plan->until, now = sim_now(world->sim);
    bool goes_on = until == 0 || now + ns <= until;
    sim_run(world->sim, goes_on ? ns : until - now);
    return goes_on;
}

static void run(struct world *world)
{
    begin(world);
    sim_start_all(world->sim);
    if (!pass(world, BUSY_NS))
        return;
    world->calm = true;
    sim_heal(world->sim);
    if (!pass(world, CALM_NS))
        return;
    check_live(world);
    for (unsigned node = 0; node < world->nodes; node++)
        world->tally.n[RETRIED] += ov_cluster_counts(sim_cluster(world->sim, node))->retried;
}

bool run_plan(struct world *world, const struct plan *plan, FILE *trace)
{
    struct sim_config config = {
        .nodes = plan->nodes,
        .seed = plan->seed,
        .registries = world_registries,
        .nregistries = REGISTRIES,
        .pinned = plan->locks == XX,
        .insecure = plan->locks == OPEN,
        .host = {.of = world, .out = out, .stepped = stepped, .stored = stored, .refused = refused},
        .tight = plan->small,
        .configure = configure,
        .trace = trace};
    bool ok;

    memset(world, 0, sizeof *world);
    world->plan = plan;
    world->nodes = plan->nodes;
    world->token = 1;
    world->sim = sim_new(&config);
    ok = setjmp(world->failed) == 0;
    if (ok)
        run(world);
    sim_free(world->sim);
    world->sim = NULL;
    return ok;
}
