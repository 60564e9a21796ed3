/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

#include <stdio.h>
#include <string.h>

static uint64_t held(const struct world *world, unsigned node, unsigned registry, uint32_t shard)
{
    if (!sim_alive(world->sim, node))
        return 0;
    return ov_cluster_epoch(sim_cluster(world->sim, node), registry, shard,
                            sim_clock(world->sim, node));
}

bool is_slow(const struct world *world, unsigned node)
{
    return sim_now(world->sim) < world->slow_until[node];
}

bool is_forgotten(const struct world *world, unsigned registry, uint32_t shard, uint64_t epoch)
{
    return epoch <= world->forgotten[registry][shard];
}

static const char *shard_text(unsigned registry, uint32_t shard, char text[32])
{
    snprintf(text, 32, "%s/%u", world_registries[registry].name, shard);
    return text;
}

/* I1 at most one session holds a shard's epoch. I4 intervals of ownership, as the owners believe
 * them, are disjoint: at any time, by its own clock, one node at most believes that it may begin a
 * turn, unless a clock is slower than the bound allows. One that stands still begins none. */
static void one_owner(struct world *world, unsigned node, unsigned registry, uint32_t shard,
                      uint64_t epoch)
{
    char text[32];
    for (unsigned other = 0; other < world->nodes; other++) {
        uint64_t others = other != node ? held(world, other, registry, shard) : 0;
        bool alike = others == epoch && !is_forgotten(world, registry, shard, epoch);
        if (others == 0 || (!alike && (is_slow(world, node) || is_slow(world, other))))
            continue;
        fail(world, others == epoch ? "I1" : "I4", "%s is of %c at %llu and of %c at %llu",
             shard_text(registry, shard, text), 'a' + (int)node, (unsigned long long)epoch,
             'a' + (int)other, (unsigned long long)others);
    }
}

/* I4 in true time: who believes that it owns a shard is who the store has down for it, by the time
 * that is left there. Under a later epoch where a question of its own comes so late that it waits
 * for no answer to it any more: that one nobody has. */
static void as_the_store_has_it(struct world *world, unsigned node, unsigned registry,
                                uint32_t shard, uint64_t epoch)
{
    const struct ov_store_record *record = sim_record(world->sim, registry, shard);
    char text[32];
    if (is_slow(world, node) ||
        (record != NULL && record->epoch >= epoch &&
         record->owner.boot == sim_boot(world->sim, node) && sim_now(world->sim) < record->until))
        return;
    fail(world, "I4", "%c believes that it has %s at %llu, and the store does not", 'a' + (int)node,
         shard_text(registry, shard, text), (unsigned long long)epoch);
}

/* Of what the node believes to have now. */
static void check_owner(struct world *world, unsigned node)
{
    const struct ov_cluster *cluster = sim_cluster(world->sim, node);
    uint64_t clock = sim_clock(world->sim, node);
    for (unsigned registry = 0; registry < REGISTRIES; registry++)
        for (uint32_t shard = 0; shard < world_registries[registry].shards; shard++) {
            uint64_t epoch = ov_cluster_epoch(cluster, registry, shard, clock);
            if (epoch == 0)
                continue;
            one_owner(world, node, registry, shard, epoch);
            as_the_store_has_it(world, node, registry, shard, epoch);
        }
}

/* I7 nothing of an unconfirmed peer reaches host code, and none has a place: each connection that a
 * node keeps is with the life of the node that it takes it for. */
static void right_peers(struct world *world, unsigned node)
{
    const struct ov_core *core = ov_cluster_core(sim_cluster(world->sim, node));
    struct ov_node_view view;
    for (uint32_t index = 0; index < world->nodes; index++) {
        if (!ov_core_node(core, index, &view))
            continue;
        if (view.node[1] != 0 || (unsigned)(view.node[0] - 'a') >= world->nodes)
            fail(world, "I7", "%c knows a node %s", 'a' + (int)node, view.node);
        for (unsigned plane = 0; plane < 2; plane++) {
            unsigned other = SIM_NOBODY, life = 0;
            if (view.conn[plane] == world->links[node][index][plane])
                continue;
            world->tally.n[ELECTED] +=
                world->links[node][index][plane] != 0 && view.conn[plane] != 0;
            world->links[node][index][plane] = view.conn[plane];
            if (view.conn[plane] != 0 &&
                (!sim_other(world->sim, node, view.conn[plane], &other, &life) ||
                 other != (unsigned)(view.node[0] - 'a') ||
                 world->boots[other][life % 64] != view.ident.boot))
                fail(world, "I7", "%c takes somebody for %s", 'a' + (int)node, view.node);
        }
    }
}

/* I3 where it reaches host code: what comes for a shard comes under the epoch that the host knows
 * to be held, in the order in which it is told. */
static void check_epoch(struct world *world, unsigned node, const struct ov_out *out)
{
    char text[32];
    if (out->registry < REGISTRIES && out->epoch != world->holds[node][out->registry][out->shard])
        fail(world, "I3", "%c is told to work in %s under %llu, and has it under %llu",
             'a' + (int)node, shard_text(out->registry, out->shard, text),
             (unsigned long long)out->epoch,
             (unsigned long long)world->holds[node][out->registry][out->shard]);
}

/* What is given away, or lost, is what was gained; it is lost once. */
static void check_lost(struct world *world, unsigned node, const struct ov_out *out)
{
    uint64_t *gained = &world->gained[node][out->registry][out->shard];
    char text[32];

    world->holds[node][out->registry][out->shard] = 0;
    if (*gained == 0 || out->epoch != *gained)
        fail(world, "host", "%c loses %s at %llu, which it has gained at %llu", 'a' + (int)node,
             shard_text(out->registry, out->shard, text), (unsigned long long)out->epoch,
             (unsigned long long)*gained);
    if (out->kind == OV_OUT_LOST)
        *gained = 0;
}

/* I7 where it reaches host code. */
void check_out(struct world *world, unsigned node, const struct ov_out *out)
{
    if (node == SIM_IMPOSTOR)
        fail(world, "I7", "an impostor has a session with node %u", out->link->index);
    switch (out->kind) {
    case OV_OUT_LINK:
        if (out->link->kind == OV_TELL_UP || out->link->kind == OV_TELL_DOWN) {
            if (world->up[node][out->link->index] == (out->link->kind == OV_TELL_UP))
                fail(world, "I7", "%c is told twice of a session", 'a' + (int)node);
            world->up[node][out->link->index] = out->link->kind == OV_TELL_UP;
        }
        break;
    case OV_OUT_GAINED:
        world->gained[node][out->registry][out->shard] = out->epoch;
        world->holds[node][out->registry][out->shard] = out->epoch;
        break;
    case OV_OUT_DRAIN:
    case OV_OUT_LOST:
        check_lost(world, node, out);
        break;
    case OV_OUT_ENSURE:
        check_epoch(world, node, out);
        break;
    case OV_OUT_TELL:
    case OV_OUT_ASK:
        check_epoch(world, node, out);
        /* fall through */
    case OV_OUT_WATCH:
        if (out->node != OV_HERE && !world->up[node][out->node])
            fail(world, "I7", "%c hears of who has no session", 'a' + (int)node);
        break;
    default:
        break;
    }
}

/* No address has more places in the gate than one may have. */
static bool gate_is_fair(const struct ov_gate *gate)
{
    for (unsigned i = 0; gate->held > OV_GATE_OF_ONE && i < OV_GATE_PLACES; i++) {
        unsigned alike = 0;
        for (unsigned j = 0; j < OV_GATE_PLACES; j++)
            alike += gate->place[i].until != 0 && gate->place[j].until != 0 &&
                     memcmp(&gate->place[i].address, &gate->place[j].address,
                            sizeof gate->place[i].address) == 0;
        if (alike > OV_GATE_OF_ONE)
            return false;
    }
    return true;
}

/* I10 each table stays within its bound. */
static void within_bounds(struct world *world, unsigned node)
{
    const struct ov_core *core = ov_cluster_core(sim_cluster(world->sim, node));
    unsigned requests = world->plan->small ? 12 : 64, ensures = world->plan->small ? 2 : 8;
    unsigned monitors = world->plan->small ? 6 : 32, keys = world->plan->small ? 15 : 128;
    struct ov_cluster_view view;
    ov_cluster_look(sim_cluster(world->sim, node), &view);
    if (view.requests > requests || view.ensures > ensures || view.served > requests + ensures ||
        view.monitors > monitors || view.watchers > monitors || view.keys > keys ||
        ov_core_gate(core)->held > OV_GATE_PLACES || !gate_is_fair(ov_core_gate(core)))
        fail(world, "I10", "a table of %c is too full", 'a' + (int)node);
}

void check_step(struct world *world, unsigned node)
{
    world->arrived.is = false;
    world->boots[node][sim_life(world->sim, node) % 64] = sim_boot(world->sim, node);
    check_owner(world, node);
    right_peers(world, node);
    within_bounds(world, node);
}

/* ---- leases that are gained ---- */

static unsigned registry_of(const struct ov_store_request *request)
{
    unsigned registry = 0;
    while (strcmp(world_registries[registry].name, request->registry) != 0)
        registry++;
    return registry;
}

/* I1 by the store: an epoch is given to one boot, whose processes come one after another. */
static void granted(struct world *world, unsigned node, unsigned registry, uint32_t shard,
                    uint64_t epoch)
{
    struct grant *grant = &world->grants[registry][shard][epoch % GRANTS];
    uint64_t boot = sim_boot(world->sim, node);
    char text[32];
    if (grant->epoch == epoch && (grant->node != node || grant->boot != boot) &&
        !is_forgotten(world, registry, shard, epoch))
        fail(world, "I1", "the store gives %s at %llu twice", shard_text(registry, shard, text),
             (unsigned long long)epoch);
    if (grant->epoch != epoch || grant->boot != boot)
        *grant = (struct grant){.epoch = epoch, .boot = boot, .node = node};
}

void check_stored(struct world *world, unsigned node, const struct ov_store_request *request,
                  const struct ov_store_answer *answer, bool arrives)
{
    unsigned registry = registry_of(request);
    bool grants = (request->op == OV_STORE_ACQUIRE || request->op == OV_STORE_RENEW) &&
                  answer->outcome == OV_STORE_DONE;
    if (!arrives && world->paused_at[node] != 0 &&
        sim_now(world->sim) - world->paused_at[node] > SIM_S + STORE_SLOW_NS &&
        (request->op == OV_STORE_ACQUIRE || request->op == OV_STORE_RENEW))
        fail(world, "host", "%c asks for a lease while its leases are paused", 'a' + (int)node);
    if (arrives) {
        world->arrived.is = grants;
        world->arrived.registry = registry;
        world->arrived.shard = request->shard;
        world->arrived.epoch = answer->epoch;
    } else if (grants && request->op == OV_STORE_ACQUIRE) {
        /* of a boot that may be over: then it is nobody's */
        if (request->asker.boot == sim_boot(world->sim, node))
            granted(world, node, registry, request->shard, answer->epoch);
    }
}

/* I2 epochs of a shard rise strictly, but where another process of the same boot gains it. I6 no
 * ownership follows from a read alone: what is gained is what the store has granted, in answer to a
 * question for it. */
void check_gained(struct world *world, unsigned node, const struct ov_out *out)
{
    uint64_t *last = &world->epochs[out->registry][out->shard];
    struct grant *grant = &world->grants[out->registry][out->shard][out->epoch % GRANTS];
    unsigned life = sim_life(world->sim, node);
    char text[32];

    shard_text(out->registry, out->shard, text);
    bool again = is_forgotten(world, out->registry, out->shard, out->epoch) ||
                 (grant->epoch == *last && grant->gained != 0 && grant->gained != life);
    if (out->epoch <= *last && !is_slow(world, node) && !again)
        fail(world, "I2", "%s goes to %c at epoch %llu after %llu", text, 'a' + (int)node,
             (unsigned long long)out->epoch, (unsigned long long)*last);
    if (out->epoch > *last || again)
        *last = out->epoch;
    if (!world->arrived.is || world->arrived.registry != out->registry ||
        world->arrived.shard != out->shard || world->arrived.epoch != out->epoch)
        fail(world, "I6", "%c holds %s without having asked for it", 'a' + (int)node, text);
    if (grant->epoch != out->epoch || grant->node != node ||
        grant->boot != sim_boot(world->sim, node))
        fail(world, "I6", "%c holds %s, which the store has not granted", 'a' + (int)node, text);
    grant->gained = life;
}

/* I3 no turn of a shard starts after its owner's deadline. */
void check_turn(struct world *world, unsigned node, const struct actor *actor)
{
    const struct ov_store_record *record = sim_record(world->sim, actor->registry, actor->shard);
    if (is_slow(world, node) || (actor->epoch == world->epochs[actor->registry][actor->shard] &&
                                 sim_now(world->sim) < record->until))
        return;
    fail(world, "I3", "a turn of %c under epoch %llu, when %llu is out", 'a' + (int)node,
         (unsigned long long)actor->epoch,
         (unsigned long long)world->epochs[actor->registry][actor->shard]);
}

/* I5 a resource sees epochs that do not fall: it need not refuse anybody, but where a clock is too
 * slow or the store has forgotten. */
void check_fenced(struct world *world, const struct actor *actor, uint64_t last)
{
    if (is_slow(world, actor->node) ||
        is_forgotten(world, actor->registry, actor->shard, actor->epoch))
        return;
    fail(world, "I5", "%c: key %u under epoch %llu after %llu", 'a' + (int)actor->node, actor->key,
         (unsigned long long)actor->epoch, (unsigned long long)last);
}

/* ---- when nothing is broken any more ---- */

static void each_shard_is_owned(struct world *world)
{
    for (unsigned registry = 0; registry < REGISTRIES; registry++)
        for (uint32_t shard = 0; shard < world_registries[registry].shards; shard++) {
            unsigned owners = 0;
            for (unsigned node = 0; node < world->nodes; node++)
                owners += held(world, node, registry, shard) != 0;
            if (owners != 1)
                fail(world, "live", "%s/%u has %u owners in the end",
                     world_registries[registry].name, shard, owners);
        }
}

static void each_pair_is_joined(struct world *world)
{
    for (unsigned a = 0; a < world->nodes; a++)
        for (unsigned b = 0; b < a; b++)
            if (sim_links(world->sim, a, b) != 2)
                fail(world, "live", "%c and %c have %u links in the end", 'a' + (int)b,
                     'a' + (int)a, sim_links(world->sim, a, b));
}

static void nothing_is_left(struct world *world, unsigned node)
{
    struct ov_cluster_view view;
    ov_cluster_look(sim_cluster(world->sim, node), &view);
    if (view.requests != 0 || view.ensures != 0 || view.served != 0)
        fail(world, "live", "%c has %u requests, %u ensures, %u served in the end", 'a' + (int)node,
             view.requests, view.ensures, view.served);
}

/* I8 Each monitor that is set has one that watches for it, and there is no other one that does. */
static void each_monitor_is_watched(struct world *world)
{
    unsigned monitors = 0, watchers = 0, unsettled = 0;
    for (unsigned node = 0; node < world->nodes; node++) {
        struct ov_cluster_view view;
        ov_cluster_look(sim_cluster(world->sim, node), &view);
        monitors += view.monitors;
        watchers += view.watchers;
        unsettled += view.unset + view.back + view.downs;
    }
    if (monitors != watchers || unsettled != 0)
        fail(world, "I8",
             "%u monitors are set in the end, %u are watched for, %u of them unsettled", monitors,
             watchers, unsettled);
}

void check_live(struct world *world)
{
    each_shard_is_owned(world);
    each_pair_is_joined(world);
    each_monitor_is_watched(world);
    for (unsigned node = 0; node < world->nodes; node++)
        nothing_is_left(world, node);
    ledger_all_ended(world);
    history_check(world);
}
