/* SPDX-License-Identifier: MIT */
/* The ready-made host of each node (host.h), between its core and the test's actors. */
#include "overlay/sim/sim_parts.h"

#include <stdlib.h>

static bool is_hosted(const struct sim *sim, unsigned node)
{
    return sim->config.hosting != NULL && node != SIM_IMPOSTOR;
}

void sim_host_begin(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];
    struct ov_host_config config;
    size_t size;

    if (!is_hosted(sim, i))
        return;
    config = *sim->config.hosting;
    config.cluster = &node->config;
    size = ov_host_size(&config);
    node->host = sim_alloc(NULL, size > 0 ? size : 1);
    if (ov_host_init(&node->host, node->host, size, &config) != 0)
        sim_refused(sim, i, AX_E_INVALID);
}

void sim_host_out(struct sim *sim, unsigned node, const struct ov_out *out)
{
    struct ov_host_effect effect;
    int r;

    if (!is_hosted(sim, node))
        return;
    r = ov_host_out(sim->node[node].host, out, &effect);
    if (r != 0)
        sim_refused(sim, node, r);
    if (effect.kind != OV_HOST_NOTHING)
        sim->config.host.run(sim->config.host.of, node, &effect);
}

/* What has ended meanwhile needs no answer. */
static void step_core(struct sim *sim, unsigned node, const struct ov_in *in)
{
    int r = sim_step(sim, node, *in, NULL);
    if (r != 0 && r != AX_E_NO_KEY)
        sim_refused(sim, node, r);
}

/* A step of the core leads here again: what is left is done by who was here before. */
void sim_host_work(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];
    struct ov_host_effect effect;

    if (!is_hosted(sim, i) || node->host_works)
        return;
    node->host_works = true;
    while (ov_host_next(node->host, sim_clock(sim, i), &effect))
        if (effect.kind == OV_HOST_CORE)
            step_core(sim, i, effect.in);
        else
            sim->config.host.run(sim->config.host.of, i, &effect);
    node->host_works = false;
}

/* ---- what the test's actors do ---- */

static int done(struct sim *sim, unsigned node, int result)
{
    sim_host_work(sim, node);
    sim_set_timer(sim, node);
    return result;
}

int sim_spawned(struct sim *sim, unsigned node, uint64_t handle, uint8_t status, uint64_t actor,
                uint32_t incarnation)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].host != NULL);
    return done(sim, node,
                ov_host_spawned(sim->node[node].host, sim_clock(sim, node), handle, status, actor,
                                incarnation));
}

int sim_ended(struct sim *sim, unsigned node, uint64_t actor, const struct ov_host_end *end)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].host != NULL);
    return done(sim, node, ov_host_ended(sim->node[node].host, actor, end));
}

int sim_answer(struct sim *sim, unsigned node, uint64_t handle, uint8_t status, struct ax_span body)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].host != NULL);
    struct ov_host_effect effect;
    int r = ov_host_answer(sim->node[node].host, handle, status, body, &effect);
    if (r == 0)
        step_core(sim, node, effect.in);
    return done(sim, node, r);
}

int sim_register(struct sim *sim, unsigned node, struct ax_span name, uint64_t actor)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].host != NULL);
    return done(sim, node, ov_host_register(sim->node[node].host, name, actor));
}

int sim_unregister(struct sim *sim, unsigned node, struct ax_span name)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].host != NULL);
    return done(sim, node, ov_host_unregister(sim->node[node].host, name));
}

const struct ov_host *sim_hosted(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_node(sim, node));
    return sim->node[node].host;
}
