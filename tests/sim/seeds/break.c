/* SPDX-License-Identifier: MIT */
/* What is broken: each as it is planned, and put right again after a while. */
#include "tests/sim/seeds/world.h"

#include <string.h>

/* ---- nodes ---- */

static void start_again(void *of, uint64_t node)
{
    struct world *world = of;
    sim_start(world->sim, (unsigned)node);
}

/* Another process of the same boot, as after the death of a gateway. */
static void succeed(void *of, uint64_t node)
{
    struct world *world = of;
    world->tally.n[SUCCESSORS]++;
    say(world, (unsigned)node, "has another process");
    sim_succeed(world->sim, (unsigned)node);
}

static bool end_node(struct world *world, unsigned node, bool quiet)
{
    if (!sim_alive(world->sim, node))
        return false;
    world->tally.n[CRASHES]++;
    ledger_crash(world, node);
    actors_crash(world, node);
    world->paused_at[node] = 0;
    memset(world->gained[node], 0, sizeof world->gained[node]);
    memset(world->holds[node], 0, sizeof world->holds[node]);
    memset(world->up[node], 0, sizeof world->up[node]);
    memset(world->links[node], 0, sizeof world->links[node]);
    memset(world->leases[node], 0, sizeof world->leases[node]);
    world->stuck[node] = 0;
    sim_crash(world->sim, node, quiet);
    return true;
}

static void end_by_itself(void *of, uint64_t node)
{
    struct world *world = of;
    if (end_node(world, (unsigned)node, false))
        sim_later(world->sim, 500 * SIM_MS, SIM_NOBODY, start_again, world, node);
}

static void crash(struct world *world, unsigned node, const struct planned *planned)
{
    bool same_boot = planned->d % 2 == 0;
    if (end_node(world, node, planned->b % 2 == 0))
        sim_later(world->sim, planned->c % (same_boot ? 1000 : 6000) * SIM_MS, SIM_NOBODY,
                  same_boot ? succeed : start_again, world, node);
}

static void stand_still(struct world *world, unsigned node, const struct planned *planned)
{
    world->tally.n[PAUSES]++;
    sim_pause(world->sim, node, planned->b % 5000 * SIM_MS);
}

static void say_goodbye(void *of, uint64_t node)
{
    struct world *world = of;
    struct ov_event event = {.kind = OV_ON_LEAVE};
    (void)sim_in(world->sim, (unsigned)node, &(struct ov_in){.kind = OV_IN_LINK, .link = &event},
                 NULL);
}

/* Gives all shards away, says goodbye, ends, and comes again. */
static void leave(struct world *world, unsigned node, const struct planned *planned)
{
    if (!can_act(world, node))
        return;
    say(world, node, "is about to leave");
    (void)sim_in(world->sim, node, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL);
    sim_later(world->sim, planned->b % 3000 * SIM_MS, node, say_goodbye, world, node);
    sim_later(world->sim, (3000 + planned->c % 1000) * SIM_MS, node, end_by_itself, world, node);
}

static void pause_leases(void *of, uint64_t arg)
{
    struct world *world = of;
    world->paused_at[arg >> 1] = (arg & 1) != 0 ? sim_now(world->sim) : 0;
    (void)sim_in(world->sim, (unsigned)(arg >> 1),
                 &(struct ov_in){.kind = OV_IN_PAUSE, .paused = (arg & 1) != 0}, NULL);
}

static void lease_pause(struct world *world, unsigned node, const struct planned *planned)
{
    if (!can_act(world, node))
        return;
    pause_leases(world, node << 1 | 1);
    sim_later(world->sim, planned->b % 5000 * SIM_MS, node, pause_leases, world, node << 1);
}

/* ---- clocks ---- */

static void jump(struct world *world, unsigned node, const struct planned *planned)
{
    sim_jump(world->sim, node, planned->b % 3000 * SIM_MS);
}

static void clock_again(void *of, uint64_t node)
{
    struct world *world = of;
    say(world, (unsigned)node, "has its clock right again");
    sim_drift(world->sim, (unsigned)node, world->ppm[node]);
}

/* It counts less time than there is: what it has by leases, it believes to have for too long, until
 * they have run out by the clock that goes again. */
static void stall(struct world *world, unsigned node, const struct planned *planned)
{
    uint64_t ns = (500 + planned->b % 4000) * SIM_MS;
    if (is_slow(world, node) || sim_now(world->sim) < world->forgets_until)
        return;
    world->tally.n[STALLS]++;
    say(world, node, "has its clock %s for %.3f s", planned->c % 2 == 0 ? "stand still" : "go slow",
        (double)ns / (double)SIM_S);
    world->slow_until[node] = sim_now(world->sim) + ns + LEASE_NS;
    sim_drift(world->sim, node, planned->c % 2 == 0 ? -1000000 : -500000);
    sim_later(world->sim, ns, SIM_NOBODY, clock_again, world, node);
}

/* ---- the network and the store ---- */

static void heal(void *of, uint64_t arg)
{
    struct world *world = of;
    (void)arg;
    sim_heal(world->sim);
}

/* Some nodes do not reach the others; or only one of two ways is lost. */
static void partition(struct world *world, unsigned node, const struct planned *planned)
{
    bool one_way = planned->kind == PLAN_ONE_WAY;
    unsigned side = 1 + planned->a % ((1u << world->nodes) - 1);
    (void)node;
    world->tally.n[PARTITIONS]++;
    for (unsigned a = 0; a < world->nodes; a++)
        for (unsigned b = 0; b < world->nodes; b++)
            if ((side >> a & 1) != (side >> b & 1) &&
                (!one_way || (side >> a & 1) == planned->d % 2))
                sim_lose(world->sim, a, b, true);
    sim_store(world->sim, &(struct sim_store_faults){.cut = planned->b % 2 == 0 ? side : 0});
    sim_later(world->sim, planned->c % 5000 * SIM_MS, SIM_NOBODY, heal, world, 0);
}

static void store(struct world *world, unsigned node, const struct planned *planned)
{
    (void)node;
    sim_store(world->sim, &(struct sim_store_faults){.lost_requests = planned->a % 60,
                                                     .lost_answers = planned->b % 60,
                                                     .unknown = planned->c % 60,
                                                     .slow = planned->a / 64 % 60,
                                                     .slow_ns = STORE_SLOW_NS});
    sim_later(world->sim, planned->d % 4000 * SIM_MS, SIM_NOBODY, heal, world, 0);
}

/* Of one shard in four, and always of one. */
static void forget(struct world *world, unsigned node, const struct planned *planned)
{
    (void)node;
    for (unsigned i = 0; i < SIM_NODES; i++)
        if (is_slow(world, i))
            return;
    world->forgets_until = sim_now(world->sim) + LEASE_NS;
    for (unsigned registry = 0, i = 0; registry < REGISTRIES; registry++)
        for (uint32_t shard = 0; shard < world_registries[registry].shards; shard++, i++) {
            const struct ov_store_record *record = sim_record(world->sim, registry, shard);
            if (record == NULL || (planned->a % 9 != i && (planned->b >> 2 * i & 3) != 0))
                continue;
            world->tally.n[FORGOTTEN]++;
            if (record->epoch > world->forgotten[registry][shard])
                world->forgotten[registry][shard] = record->epoch;
            sim_store_forget(world->sim, registry, shard, 1 + planned->c % 3);
        }
}

static void stale(struct world *world, unsigned node, const struct planned *planned)
{
    (void)node;
    sim_store(world->sim, &(struct sim_store_faults){.stale = planned->a, .unknown = 20});
    sim_later(world->sim, planned->d % 6000 * SIM_MS, SIM_NOBODY, heal, world, 0);
}

static void cut(struct world *world, unsigned node, const struct planned *planned)
{
    world->tally.n[CUTS]++;
    sim_cut(world->sim, node, planned->b % world->nodes);
}

static void cut_half(struct world *world, unsigned node, const struct planned *planned)
{
    world->tally.n[CUTS]++;
    sim_cut_half(world->sim, node, planned->b % world->nodes);
}

static void leaves_again(void *of, uint64_t arg)
{
    struct world *world = of;
    unsigned node = (unsigned)(arg & 0xff);
    struct ov_event event = {.kind = OV_ON_FLOWS, .conn = world->stuck[node]};
    world->stuck[node] = 0;
    (void)sim_in(world->sim, node, &(struct ov_in){.kind = OV_IN_LINK, .link = &event}, NULL);
}

/* As its carrier sees it: what does leave, comes. */
static void stick(struct world *world, unsigned node, const struct planned *planned)
{
    uint32_t index = planned->b % world->nodes;
    struct ov_event event = {.kind = OV_ON_STUCK};
    struct ov_node_view view;
    if (!can_act(world, node) || world->stuck[node] != 0 ||
        !ov_core_node(ov_cluster_core(sim_cluster(world->sim, node)), index, &view))
        return;
    world->stuck[node] = event.conn = view.conn[1];
    (void)sim_in(world->sim, node, &(struct ov_in){.kind = OV_IN_LINK, .link = &event}, NULL);
    sim_later(world->sim, planned->c % 4000 * SIM_MS, node, leaves_again, world, node);
}

static void write_book(struct world *world, unsigned node, unsigned other, enum ov_event_kind kind)
{
    const char name[] = {(char)('a' + other), '\0'};
    struct ov_event event = {.kind = kind, .node = name};
    say(world, node, "%s %s", kind == OV_ON_KNOW ? "knows" : "does not dial", name);
    (void)sim_in(world->sim, node, &(struct ov_in){.kind = OV_IN_LINK, .link = &event}, NULL);
}

static void known_again(void *of, uint64_t arg)
{
    write_book(of, (unsigned)(arg & 0xff), (unsigned)(arg >> 8), OV_ON_KNOW);
}

static void book(struct world *world, unsigned node, const struct planned *planned)
{
    unsigned other = planned->b % world->nodes;
    if (!can_act(world, node) || other == node)
        return;
    write_book(world, node, other, OV_ON_FORGET);
    sim_later(world->sim, planned->c % 4000 * SIM_MS, node, known_again, world, other << 8 | node);
}

static void corrupt(struct world *world, unsigned node, const struct planned *planned)
{
    /* every other one where the length of a record stands */
    sim_corrupt(world->sim, node, planned->b % world->nodes,
                planned->c % (planned->d % 2 == 0 ? 16 : 4096));
}

/* ---- strangers ---- */

static void attack(struct world *world, unsigned node, const struct planned *planned)
{
    void (*const heard[])(struct sim *, unsigned) = {sim_replay, sim_replay_cut, sim_replay_changed,
                                                     sim_reflect};
    uint8_t bytes[64];

    world->tally.n[ATTACKS]++;
    if (planned->b % 5 < 4) {
        heard[planned->b % 5](world->sim, node);
        return;
    }
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)chance(world, 256);
    sim_attack(world->sim, node, bytes, 1 + planned->c % sizeof bytes);
}

static void flood(struct world *world, unsigned node, const struct planned *planned)
{
    world->tally.n[ATTACKS]++;
    sim_strangers(world->sim, 1 + planned->c % 40);
    for (unsigned i = 0; i < 5 + planned->b % 100; i++)
        sim_replay_cut(world->sim, node);
}

static void end_impostor(void *of, uint64_t arg)
{
    struct world *world = of;
    (void)arg;
    sim_crash(world->sim, SIM_IMPOSTOR, false);
}

/* With another token; or, where keys are pinned, with the right one and another key. */
static void impostor(struct world *world, unsigned node, const struct planned *planned)
{
    char name = planned->b % 4 == 0 ? 'h' : (char)('a' + node);
    world->tally.n[ATTACKS]++;
    sim_impostor(world->sim, name, world->plan->locks == XX ? world->token : 77);
    sim_later(world->sim, planned->c % 4000 * SIM_MS, SIM_NOBODY, end_impostor, world, 0);
}

/* ---- tokens ---- */

#define ROTATE_NS (6 * SIM_S)
#define PHASE_NS (2 * SIM_S)

/* One node, in one phase: takes the new one, dials with it, does not take the old one any more. */
static void rotate_one(void *of, uint64_t arg)
{
    struct world *world = of;
    unsigned node = (unsigned)(arg & 0xff), phase = (unsigned)(arg >> 8 & 0xff);
    unsigned to = (unsigned)(arg >> 16);
    const unsigned tokens[][2] = {{to - 1, to}, {to, to - 1}, {to, 0}};

    sim_tokens(world->sim, node, tokens[phase][0], tokens[phase][1]);
    world->token = phase == 2 ? to : world->token;
}

static void rotated(void *of, uint64_t arg)
{
    struct world *world = of;
    (void)arg;
    world->rotating = 0;
}

static void rotate(struct world *world, unsigned node, const struct planned *planned)
{
    const uint32_t chances[] = {planned->a, planned->b, planned->c};
    (void)node;
    if (world->rotating != 0)
        return;
    world->tally.n[ROTATIONS]++;
    world->rotating = 1;
    for (unsigned phase = 0; phase < 3; phase++)
        for (unsigned i = 0; i < world->nodes; i++)
            sim_later(world->sim, phase * PHASE_NS + (chances[phase] >> 4 * i) % 1900 * SIM_MS,
                      SIM_NOBODY, rotate_one, world,
                      (uint64_t)(world->token + 1) << 16 | phase << 8 | i);
    sim_later(world->sim, ROTATE_NS, SIM_NOBODY, rotated, world, 0);
}

static void token_again(void *of, uint64_t node)
{
    struct world *world = of;
    sim_tokens(world->sim, (unsigned)node, world->token, 0);
    world->rotating = 0;
}

static void strange(struct world *world, unsigned node, const struct planned *planned)
{
    if (world->rotating != 0)
        return;
    world->rotating = 1;
    sim_tokens(world->sim, node, 99, 0);
    sim_later(world->sim, planned->b % 4000 * SIM_MS, SIM_NOBODY, token_again, world, node);
}

/* ---- all of it ---- */

void break_it(struct world *world, unsigned node, const struct planned *planned)
{
    static void (*const ways[PLAN_KINDS])(struct world *, unsigned, const struct planned *) = {
        [PLAN_CRASH] = crash,       [PLAN_LEAVE] = leave,       [PLAN_PARTITION] = partition,
        [PLAN_ONE_WAY] = partition, [PLAN_PAUSE] = stand_still, [PLAN_LEASE_PAUSE] = lease_pause,
        [PLAN_FORGET] = forget,     [PLAN_STALE] = stale,       [PLAN_STORE] = store,
        [PLAN_JUMP] = jump,         [PLAN_STALL] = stall,       [PLAN_CUT] = cut,
        [PLAN_CUT_HALF] = cut_half, [PLAN_ATTACK] = attack,     [PLAN_FLOOD] = flood,
        [PLAN_IMPOSTOR] = impostor, [PLAN_CORRUPT] = corrupt,   [PLAN_ROTATE] = rotate,
        [PLAN_STRANGE] = strange,   [PLAN_STUCK] = stick,       [PLAN_BOOK] = book};

    if (planned->kind >= PLAN_ATTACK && world->plan->locks == OPEN)
        return; /* it is nothing to nodes that take whoever comes */
    say(world, SIM_NOBODY, "planned: %s", plan_name(planned->kind));
    ways[planned->kind](world, node, planned);
}
