/* SPDX-License-Identifier: MIT */
/* Which states leases have been in, and how they came into them; which ends sessions have had. */
#include "tests/sim/seeds/world.h"

void cover_out(struct world *world, const struct ov_out *out)
{
    if (out->kind != OV_OUT_LINK || out->link->kind != OV_TELL_DOWN)
        return;
    world->tally.ends[out->link->end]++;
}

void cover_step(struct world *world, unsigned node)
{
    for (unsigned registry = 0; registry < REGISTRIES; registry++)
        for (uint32_t shard = 0; shard < world_registries[registry].shards; shard++) {
            uint8_t *before = &world->leases[node][registry][shard];
            struct ov_shard_view view;
            ov_cluster_shard(sim_cluster(world->sim, node), registry, shard,
                             sim_clock(world->sim, node), &view);
            world->tally.leases[*before][view.state] += *before != view.state;
            *before = (uint8_t)view.state;
        }
}

static void print_leases(const struct tally *tally)
{
    unsigned states = 1, ways = 0; /* FREE is where each begins */
    for (unsigned to = 0; to < LEASE_STATES; to++) {
        bool came = false;
        for (unsigned from = 0; from < LEASE_STATES; from++) {
            came |= tally->leases[from][to] > 0;
            ways += tally->leases[from][to] > 0;
        }
        states += came && to != OV_FREE;
    }
    printf("leases were in %u of %u states, by %u transitions:", states, LEASE_STATES, ways);
    for (unsigned from = 0; from < LEASE_STATES; from++) {
        bool first = true;
        for (unsigned to = 0; to < LEASE_STATES; to++) {
            if (tally->leases[from][to] == 0)
                continue;
            if (first)
                printf("\n    %s -> ", ov_lease_state_text((enum ov_lease_state)from));
            printf("%s%s %lu", first ? "" : ", ", ov_lease_state_text((enum ov_lease_state)to),
                   tally->leases[from][to]);
            first = false;
        }
    }
    putchar('\n');
}

void cover_print(const struct tally *tally)
{
    unsigned ends = 0;
    print_leases(tally);
    for (unsigned end = 0; end < OV_END_COUNT; end++)
        ends += tally->ends[end] > 0;
    printf("sessions ended in %u ways:\n", ends);
    for (unsigned end = 0; end < OV_END_COUNT; end++)
        if (tally->ends[end] > 0)
            printf("    %s %lu\n", ov_end_text((enum ov_end)end), tally->ends[end]);
}
