/* SPDX-License-Identifier: MIT */
/* The actors of a shard that is given away, or lost. */
#include "tests/sim/seeds/world.h"

static void stop_shard(void *of, uint64_t arg)
{
    struct world *world = of;
    unsigned node = (unsigned)(arg & 0xf), registry = (unsigned)(arg >> 4 & 0xf);
    uint32_t shard = (uint32_t)(arg >> 8 & 0xff);
    uint64_t epoch = arg >> 16;

    for (unsigned i = 0; i < ACTORS; i++) {
        struct actor *actor = &world->actors[i];
        if (actors_is_up(world, actor) && actor->node == node && actor->registry == registry &&
            actor->shard == shard && actor->epoch <= epoch)
            actors_end_one(world, i);
    }
    (void)sim_in(world->sim, node,
                 &(struct ov_in){
                     .kind = OV_IN_STOPPED, .registry = registry, .shard = shard, .epoch = epoch},
                 NULL);
}

void shards_stop_later(struct world *world, unsigned node, const struct ov_out *out)
{
    bool lost = out->kind == OV_OUT_LOST;
    for (unsigned i = 0; lost && i < ACTORS; i++)
        if (world->actors[i].node == node && world->actors[i].registry == out->registry &&
            world->actors[i].shard == out->shard)
            world->actors[i].alive = false;
    sim_later(world->sim, lost ? 0 : chance(world, 50) * SIM_MS, node, stop_shard, world,
              out->epoch << 16 | out->shard << 8 | out->registry << 4 | node);
}
