/* SPDX-License-Identifier: MIT */
/* Who is no node: connects, and sends what it has heard or made up. */
#include "overlay/sim/sim_parts.h"

#include <string.h>

void sim_attack(struct sim *sim, unsigned node, const void *bytes, size_t len)
{
    SIM_MUST(sim_is_node(sim, node));
    unsigned pipe = sim_new_pipe(sim);
    sim->pipes[pipe].generation++;
    sim->pipes[pipe].end[0] = (struct sim_end){.node = SIM_NOBODY};
    sim->pipes[pipe].end[1] = (struct sim_end){.node = node, .life = sim->node[node].life};
    sim_post_to(sim, pipe, 1, SIM_CONNECT);
    sim_post_bytes(sim, pipe, 1, bytes, len);
}

void sim_strangers(struct sim *sim, unsigned n)
{
    SIM_MUST(n > 0);
    sim->strangers = n;
}

/* What was sent on some connection that has the node at that end, as far as it was recorded: that
 * is what end 0 has sent. Returns its length; 0: there is none. */
static size_t overheard(struct sim *sim, unsigned node, unsigned end, uint8_t bytes[SIM_RECORD])
{
    for (unsigned i = 0, at = (unsigned)sim_random(sim, sim->npipes + 1); i < sim->npipes; i++) {
        const struct sim_pipe *pipe = &sim->pipes[(at + i) % sim->npipes];
        if (!pipe->used || pipe->recorded == 0 || pipe->end[end].node != node)
            continue;
        memcpy(bytes, pipe->record, pipe->recorded);
        return pipe->recorded;
    }
    return 0;
}

void sim_replay(struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_node(sim, node));
    uint8_t bytes[SIM_RECORD];
    size_t len = overheard(sim, node, 1, bytes);
    if (len > 0)
        sim_attack(sim, node, bytes, len);
}

void sim_replay_cut(struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_node(sim, node));
    uint8_t bytes[SIM_RECORD];
    size_t len = overheard(sim, node, 1, bytes);
    if (len > 0)
        sim_attack(sim, node, bytes, 1 + sim_random(sim, len));
}

void sim_replay_changed(struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_node(sim, node));
    uint8_t bytes[SIM_RECORD];
    uint64_t at;
    size_t len = overheard(sim, node, 1, bytes);
    if (len == 0)
        return;
    at = sim_random(sim, 8 * len);
    bytes[at / 8] ^= (uint8_t)(1u << at % 8);
    sim_attack(sim, node, bytes, len);
}

void sim_reflect(struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_node(sim, node));
    uint8_t bytes[SIM_RECORD];
    size_t len = overheard(sim, node, 0, bytes);
    if (len > 0)
        sim_attack(sim, node, bytes, len);
}
