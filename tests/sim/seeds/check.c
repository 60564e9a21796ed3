/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

static uint64_t held(const struct world *world, unsigned node, unsigned registry, uint32_t shard)
{
    if (!sim_alive(world->sim, node))
        return 0;
    return ov_cluster_epoch(sim_cluster(world->sim, node), registry, shard,
                            sim_clock(world->sim, node));
}

/* I1 at most one session holds a shard's epoch, and I4 intervals of ownership are disjoint: at any
 * time, by its own clock, one node at most believes that it may begin a turn. One that stands still
 * begins none. */
static void one_owner(struct world *world, unsigned node, unsigned registry, uint32_t shard)
{
    uint64_t epoch = held(world, node, registry, shard);
    for (unsigned other = 0; epoch != 0 && other < world->nodes; other++)
        if (other != node && held(world, other, registry, shard) != 0)
            fail(world, "I1, I4: %s/%u is of %c at %llu and of %c at %llu",
                 world_registries[registry].name, shard, 'a' + (int)node, (unsigned long long)epoch,
                 'a' + (int)other, (unsigned long long)held(world, other, registry, shard));
}

/* I10 each table stays within its bound. */
static void within_bounds(struct world *world, unsigned node)
{
    struct ov_cluster_view view;
    ov_cluster_look(sim_cluster(world->sim, node), &view);
    if (view.requests > 64 || view.ensures > 8 || view.served > 72 || view.monitors > 32 ||
        view.watchers > 32 || view.keys > 128)
        fail(world, "I10: a table of %c is too full", 'a' + (int)node);
}

void check_step(struct world *world, unsigned node)
{
    for (unsigned registry = 0; registry < REGISTRIES; registry++)
        for (uint32_t shard = 0; shard < world_registries[registry].shards; shard++)
            one_owner(world, node, registry, shard);
    within_bounds(world, node);
}

/* I2 epochs of a shard rise strictly; I6 none is gained but by what the store has granted. */
void check_gained(struct world *world, unsigned node, const struct ov_out *out)
{
    uint64_t *last = &world->epochs[out->registry][out->shard];
    const struct ov_store_record *record = sim_record(world->sim, out->registry, out->shard);

    if (out->epoch <= *last)
        fail(world, "I2: %s/%u goes to %c at epoch %llu after %llu",
             world_registries[out->registry].name, out->shard, 'a' + (int)node,
             (unsigned long long)out->epoch, (unsigned long long)*last);
    *last = out->epoch;
    if (record == NULL || record->epoch != out->epoch ||
        record->owner.boot != sim_boot(world->sim, node))
        fail(world, "I6: %c holds %s/%u, which the store has not granted", 'a' + (int)node,
             world_registries[out->registry].name, out->shard);
}

/* I3 no turn of a shard starts after its owner's deadline: the host has asked for the epoch; what
 * is left to see is that no later one is in use. */
void check_turn(struct world *world, unsigned node, const struct actor *actor)
{
    if (actor->epoch != world->epochs[actor->registry][actor->shard])
        fail(world, "I3: a turn of %c under epoch %llu, when %llu is out", 'a' + (int)node,
             (unsigned long long)actor->epoch,
             (unsigned long long)world->epochs[actor->registry][actor->shard]);
    one_owner(world, node, actor->registry, actor->shard);
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
                fail(world, "%s/%u has %u owners in the end", world_registries[registry].name,
                     shard, owners);
        }
}

static void each_pair_is_joined(struct world *world)
{
    for (unsigned a = 0; a < world->nodes; a++)
        for (unsigned b = 0; b < a; b++)
            if (sim_links(world->sim, a, b) != 2)
                fail(world, "%c and %c have %u links in the end", 'a' + (int)b, 'a' + (int)a,
                     sim_links(world->sim, a, b));
}

static void nothing_is_left(struct world *world, unsigned node)
{
    struct ov_cluster_view view;
    ov_cluster_look(sim_cluster(world->sim, node), &view);
    if (view.requests != 0 || view.ensures != 0 || view.served != 0)
        fail(world, "%c has %u requests, %u ensures, %u served in the end", 'a' + (int)node,
             view.requests, view.ensures, view.served);
}

void check_live(struct world *world)
{
    each_shard_is_owned(world);
    each_pair_is_joined(world);
    for (unsigned node = 0; node < world->nodes; node++)
        nothing_is_left(world, node);
    ledger_all_ended(world);
}
