/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

#include "overlay/core/place.h"

#include <ax/actor.h>
#include <string.h>

#define NOTICE "notice"

static uint64_t address_of(const struct world *world, const struct actor *actor)
{
    return (uint64_t)actor->generation << 32 | (uint32_t)(actor - world->actors + 1);
}

int actors_find(const struct world *world, unsigned node, uint64_t address)
{
    uint32_t index = (uint32_t)address - 1;
    const struct actor *actor = &world->actors[index < ACTORS ? index : 0];
    return index < ACTORS && actor->alive && actor->node == node &&
                   actor->generation == address >> 32
               ? (int)index
               : -1;
}

static int in(struct world *world, unsigned node, const struct ov_in *what)
{
    return sim_in(world->sim, node, what, NULL);
}

static void answer(struct world *world, unsigned node, const struct ov_answer *what)
{
    int r = in(world, node, &(struct ov_in){.kind = OV_IN_ANSWER, .answer = what});
    if (r != 0 && r != AX_E_NO_KEY)
        fail(world, "host", "an answer is refused: %d", r);
}

/* ---- life ---- */

bool actors_is_up(const struct world *world, const struct actor *actor)
{
    return actor->alive && sim_alive(world->sim, actor->node) &&
           sim_life(world->sim, actor->node) == actor->life;
}

static struct actor *find_key(struct world *world, unsigned node, unsigned key, uint64_t epoch)
{
    for (struct actor *actor = world->actors; actor < world->actors + ACTORS; actor++)
        if (actors_is_up(world, actor) && actor->node == node && actor->key == key &&
            actor->epoch == epoch)
            return actor;
    return NULL;
}

static struct actor *spawn(struct world *world, unsigned node, unsigned key,
                           const struct actor *like)
{
    struct actor *actor = world->actors;
    while (actors_is_up(world, actor))
        if (++actor == world->actors + ACTORS)
            fail(world, "host", "too many actors");
    *actor = (struct actor){.alive = true,
                            .node = node,
                            .life = sim_life(world->sim, node),
                            .key = key,
                            .registry = like->registry,
                            .shard = like->shard,
                            .generation = actor->generation + 1,
                            .incarnation = 1,
                            .epoch = like->epoch};
    return actor;
}

/* Tells who watches it, by a last message and by its end. */
void actors_end_one(struct world *world, unsigned index)
{
    struct actor *actor = &world->actors[index];

    for (unsigned i = 0; i < HANDLES && actor->alive; i++) { /* its shard may be lost meanwhile */
        uint64_t monitor = actor->watchers[i].monitor, handle = actor->watchers[i].handle;
        uint32_t node = actor->watchers[i].node;
        struct ov_node_view view = {0};
        if (handle == 0)
            continue;
        actor->watchers[i].handle = 0;
        if (node != OV_HERE)
            (void)ov_core_node(ov_cluster_core(sim_cluster(world->sim, actor->node)), node, &view);
        struct ov_request request = {.kind = OV_TELL,
                                     .deadline = UINT64_MAX,
                                     .unanswered = true,
                                     .body = {(const char *)&monitor, sizeof monitor},
                                     .target = {.registry = OV_NO_REGISTRY,
                                                .node = node,
                                                .boot = node == OV_HERE
                                                            ? sim_boot(world->sim, actor->node)
                                                            : view.ident.boot,
                                                .endpoint = {NOTICE, sizeof NOTICE - 1}}};
        int r = in(world, actor->node, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request});
        if (r == AX_E_FULL) /* there is no last message */
            ledger_notice(world, sim_node_of(world->sim, actor->node, node), monitor, false);
        struct ov_answer ended = {
            .handle = handle, .reason = AX_NORMAL, .detail = {"done", 4}, .incarnation = 1};
        if (actor->alive)
            (void)in(world, actor->node, &(struct ov_in){.kind = OV_IN_ENDED, .answer = &ended});
    }
    actor->alive = false;
}

void actors_crash(struct world *world, unsigned node)
{
    for (unsigned i = 0; i < ACTORS; i++)
        if (world->actors[i].node == node)
            world->actors[i].alive = false;
}

/* ---- what comes to actors ---- */

static struct turn *new_turn(struct world *world, unsigned node, const struct ov_out *out,
                             uint64_t *arg)
{
    struct turn *turn = world->turns;
    while (turn->used && sim_alive(world->sim, turn->node) &&
           sim_life(world->sim, turn->node) == turn->life)
        if (++turn == world->turns + TURNS)
            fail(world, "host", "too many turns");
    *turn = (struct turn){.used = true,
                          .ask = out->kind == OV_OUT_ASK,
                          .node = node,
                          .life = sim_life(world->sim, node),
                          .handle = out->handle,
                          .epoch = out->epoch};
    *arg = (uint64_t)(turn - world->turns);
    return turn;
}

static void ensure(void *of, uint64_t arg)
{
    struct world *world = of;
    struct turn *turn = &world->turns[arg];
    struct actor like = {.registry = key_registry(turn->actor), .epoch = turn->epoch};
    struct ov_answer done = {.handle = turn->handle, .status = AX_E_STALE};
    char name[8];

    turn->used = false; /* `actor` of an ensure is the number of its key */
    like.shard = ov_shard_of(key_name(turn->actor, name), world_registries[like.registry].shards);
    if (ov_cluster_epoch(sim_cluster(world->sim, turn->node), like.registry, like.shard,
                         sim_clock(world->sim, turn->node)) == turn->epoch) {
        struct actor *actor = find_key(world, turn->node, turn->actor, turn->epoch);
        if (actor == NULL)
            actor = spawn(world, turn->node, turn->actor, &like);
        done.status = chance(world, 100) == 0 ? AX_E_LIMIT : 0;
        done.actor = address_of(world, actor);
        done.incarnation = actor->incarnation;
    }
    answer(world, turn->node, &done);
}

/* The resource takes nothing under an epoch before its last. Whoever reads by what it remembers
 * does not ask it: its lease must be enough for that. */
static bool is_fenced(struct world *world, const struct actor *actor, enum linear_kind what)
{
    struct resource *resource = &world->resources[actor->key];

    if (what == LINEAR_READ && actor->loaded && !is_slow(world, actor->node))
        return false;
    if (actor->epoch < resource->epoch) {
        check_fenced(world, actor, resource->epoch);
        world->tally.n[FENCED]++;
        return true;
    }
    resource->epoch = actor->epoch;
    return false;
}

/* False: the resource has refused it. */
static bool do_turn(struct world *world, const struct turn *turn, struct actor *actor)
{
    struct resource *resource = &world->resources[actor->key];
    const struct op *op = &world->ops[turn->op < OPS ? turn->op : 0];

    check_turn(world, turn->node, actor);
    if (is_fenced(world, actor, op->what))
        return false;
    if (!actor->loaded)
        actor->value = resource->value;
    actor->loaded = true;
    if (op->what == LINEAR_ADD)
        resource->value = ++actor->value;
    if (op->what == LINEAR_WRITE)
        resource->value = actor->value = op->number << 16;
    world->tally.n[DONE]++;
    ledger_done(world, turn->op, actor->value);
    return true;
}

static bool may_begin(const struct world *world, unsigned node, const struct actor *actor)
{
    return world->plan->careless ||
           ov_cluster_epoch(sim_cluster(world->sim, node), actor->registry, actor->shard,
                            sim_clock(world->sim, node)) == actor->epoch;
}

static void answer_turn(void *of, uint64_t arg)
{
    struct world *world = of;
    struct turn turn = world->turns[arg];
    struct ov_answer done = {.handle = turn.handle, .status = turn.status};

    world->turns[arg].used = false;
    if (turn.ask && turn.status == 0)
        done.body = (struct ax_span){(const char *)&turn.value, sizeof turn.value};
    answer(world, turn.node, &done);
}

static void take_turn(void *of, uint64_t arg)
{
    struct world *world = of;
    struct turn *turn = &world->turns[arg], copy = *turn;
    struct actor *actor = &world->actors[turn->actor];
    struct ov_answer done = {0};

    if (!actor->alive || actor->generation != copy.generation)
        done.status = AX_E_NO_ACTOR;
    else if (!may_begin(world, copy.node, actor) || !do_turn(world, &copy, actor))
        done.status = AX_E_STALE;
    turn->status = done.status;
    turn->value = actor->value;
    if (chance(world, 10) > 0)
        answer_turn(world, arg);
    else /* its shard may be lost meanwhile */
        sim_later(world->sim, chance(world, 300) * SIM_MS, copy.node, answer_turn, world, arg);
}

static void message(struct world *world, unsigned node, const struct ov_out *out)
{
    int index = actors_find(world, node, out->actor);
    uint64_t arg, body = 0, delay = chance(world, 20) == 0 ? chance(world, 300) : chance(world, 5);
    struct turn *turn;

    if (out->frame->body.len != sizeof body)
        fail(world, "host", "a body of %u bytes", out->frame->body.len);
    memcpy(&body, out->frame->body.ptr, sizeof body);
    if (out->frame->endpoint.len > 0) {
        ledger_notice(world, node, body, true);
        return;
    }
    turn = new_turn(world, node, out, &arg);
    turn->op = (unsigned)body;
    turn->actor = index >= 0 ? (unsigned)index : 0;
    turn->generation = index >= 0 ? world->actors[index].generation : UINT32_MAX;
    delay = sim_now(world->sim) + delay * SIM_MS;
    if (index >= 0 && delay < world->actors[index].last_turn)
        delay = world->actors[index].last_turn;
    if (index >= 0)
        world->actors[index].last_turn = delay;
    sim_later(world->sim, delay - sim_now(world->sim), node, take_turn, world, arg);
}

/* ---- who watches them ---- */

static void not_there(void *of, uint64_t arg)
{
    struct world *world = of;
    struct turn *turn = &world->turns[arg];
    struct ov_answer ended = {.handle = turn->handle, .reason = AX_GONE};
    turn->used = false;
    (void)in(world, turn->node, &(struct ov_in){.kind = OV_IN_ENDED, .answer = &ended});
}

static void watch(struct world *world, unsigned node, const struct ov_out *out)
{
    int index = actors_find(world, node, out->actor);
    uint64_t arg;

    for (unsigned i = 0; index >= 0 && i < HANDLES; i++)
        if (world->actors[index].watchers[i].handle == 0) {
            world->actors[index].watchers[i].handle = out->handle;
            world->actors[index].watchers[i].monitor = out->frame->monitor;
            world->actors[index].watchers[i].node = out->node;
            return;
        }
    (void)new_turn(world, node, out, &arg);
    sim_later(world->sim, chance(world, 3) * SIM_MS, node, not_there, world, arg);
}

static void unwatch(struct world *world, unsigned node, uint64_t handle)
{
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < HANDLES; j++)
            if (world->actors[i].node == node && world->actors[i].watchers[j].handle == handle)
                world->actors[i].watchers[j].handle = 0;
}

/* ---- all of it ---- */

void actors_out(struct world *world, unsigned node, const struct ov_out *out)
{
    uint64_t arg;
    struct turn *turn;

    switch (out->kind) {
    case OV_OUT_GAINED:
        world->tally.n[GAINED]++;
        say(world, node, "gains %s/%u at %llu", world_registries[out->registry].name, out->shard,
            (unsigned long long)out->epoch);
        check_gained(world, node, out);
        break;
    case OV_OUT_DRAIN:
    case OV_OUT_LOST:
        world->tally.n[LOST] += out->kind == OV_OUT_LOST;
        say(world, node, "%s %s/%u", out->kind == OV_OUT_LOST ? "has lost" : "gives away",
            world_registries[out->registry].name, out->shard);
        shards_stop_later(world, node, out);
        break;
    case OV_OUT_ENSURE:
        turn = new_turn(world, node, out, &arg);
        turn->actor = key_number(out->key);
        sim_later(world->sim, chance(world, 4) * SIM_MS, node, ensure, world, arg);
        break;
    case OV_OUT_TELL:
    case OV_OUT_ASK:
        message(world, node, out);
        break;
    case OV_OUT_WATCH:
        watch(world, node, out);
        break;
    case OV_OUT_UNWATCH:
        unwatch(world, node, out->handle);
        break;
    default:
        ledger_out(world, node, out);
    }
}
