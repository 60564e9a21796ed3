/* SPDX-License-Identifier: MIT */
/* The nodes: what each is configured with, its clock, its lives. */
#include "overlay/sim/sim_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- what it is ---- */

void sim_tokens(struct sim *sim, unsigned node, unsigned current, unsigned accepted)
{
    SIM_MUST(sim_is_any(sim, node));
    struct ov_self *self = &sim->node[node].self;
    self->ntokens = (current > 0) + (accepted > 0);
    memset(self->psks, 0x5a, sizeof self->psks); /* they differ in nothing but the last byte */
    self->psks[0][OV_KEY - 1] = (uint8_t)current;
    self->psks[1][OV_KEY - 1] = (uint8_t)accepted;
    if (current != 1 || accepted != 0)
        sim_say(sim, node, "has token %u, and accepts %u", current, accepted);
}

static void secret_of(unsigned node, uint8_t secret[OV_KEY])
{
    memset(secret, (int)(node + 1), OV_KEY);
}

static void pin(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];
    uint8_t secret[OV_KEY];

    for (unsigned other = 0; other < sim->config.nodes; other++) {
        secret_of(other, secret);
        node->pins[other] = (struct ov_pin){.node = {(char)('a' + other)}};
        if (ov_public_key(node->pins[other].key, secret) != 0)
            sim_refused(sim, i, AX_E_INVALID);
    }
    secret_of(i, node->self.static_secret);
    node->self.pins = node->pins;
    node->self.npins = sim->config.nodes;
}

void sim_init_node(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];

    node->name[0] = (char)('a' + i);
    node->before = 1 + sim_random(sim, 1000 * SIM_S);
    node->self = (struct ov_self){.ident = {.node = {node->name[0]}, .session = 1},
                                  .version_min = 1,
                                  .version_max = 1,
                                  .max_frame = OV_FRAME_MIN_MAX,
                                  .pattern = sim->config.insecure ? OV_PATTERN_NONE
                                             : sim->config.pinned ? OV_PATTERN_XXPSK3
                                                                  : OV_PATTERN_NNPSK0};
    sim_tokens(sim, i, sim->config.insecure ? 0 : 1, 0);
    if (sim->config.pinned)
        pin(sim, i);
    node->config = (struct ov_cluster_config){.core = {.self = &node->self,
                                                       .nodes_max = sim->config.nodes,
                                                       .dial_ns = 2 * SIM_S,
                                                       .patience_ns = 2 * SIM_S,
                                                       .retry_min_ns = 100 * SIM_MS,
                                                       .retry_max_ns = 2 * SIM_S,
                                                       .beat_ns = SIM_S,
                                                       .suspect_ns = 4 * SIM_S,
                                                       .dead_ns = 8 * SIM_S,
                                                       .drain_ns = 2 * SIM_S,
                                                       .gather = sim->config.seed % 2 == 0},
                                              .registries = sim->config.registries,
                                              .nregistries = sim->config.nregistries,
                                              .ttl_ns = 2 * SIM_S,
                                              .margin_ns = 200 * SIM_MS,
                                              .answer_ns = 500 * SIM_MS,
                                              .round_ns = SIM_S,
                                              .owner_ns = 500 * SIM_MS,
                                              .key_ns = 5 * SIM_S,
                                              .resolve_ns = 100 * SIM_MS,
                                              .give_up_ns = 2 * SIM_S,
                                              .retry_ns = 300 * SIM_MS,
                                              .requests = 64,
                                              .ensures = 8,
                                              .keys = 128,
                                              .monitors = 32};
    for (unsigned other = 0; other < SIM_NODES; other++)
        node->index[other] = UINT32_MAX;
}

/* ---- its clock ---- */

static uint64_t since(uint64_t ns, int ppm)
{
    return ns + (uint64_t)((int64_t)(ns / 1000000u) * ppm) +
           (uint64_t)((int64_t)(ns % 1000000u) * ppm / 1000000);
}

uint64_t sim_clock(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    const struct sim_node *at = &sim->node[node];
    return at->before + since(sim->now - at->since, at->ppm);
}

static void set_clock(struct sim *sim, unsigned node)
{
    struct sim_node *at = &sim->node[node];
    at->before = sim_clock(sim, node);
    at->since = sim->now;
}

/* A timer that is due by the node's own clock; it may be a little late, as timers are. */
void sim_set_timer(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];
    uint64_t next = ov_cluster_next(node->cluster), clock = sim_clock(sim, i), at;
    uint64_t due = node->host != NULL ? ov_host_due(node->host) : UINT64_MAX;
    struct sim_event *event;

    next = due < next ? due : next;
    if (next == UINT64_MAX)
        return;
    next = next > clock ? next - clock : 0;
    at = sim->now + next + next / 1000 + 1;
    if (node->timer_at != 0 && node->timer_at <= at)
        return;
    node->timer_at = at;
    event = sim_post(sim, at, SIM_TIMER);
    event->node = i;
    event->life = node->life;
}

/* ---- its lives ---- */

void sim_end_life(struct sim_node *node)
{
    if (node->cluster != NULL)
        ov_cluster_deinit(node->cluster);
    free(node->memory);
    free(node->host);
    node->host = NULL;
    node->host_works = false;
    node->memory = NULL;
    node->cluster = NULL;
    node->alive = false;
}

void sim_start(struct sim *sim, unsigned i)
{
    SIM_MUST(sim_is_any(sim, i));
    struct sim_node *node = &sim->node[i];

    if (node->alive)
        return;
    sim_say(sim, i, "starts");
    node->alive = true;
    node->life++;
    node->timer_at = node->paused_until = 0;
    if (!node->same_boot) {
        node->self.ident.boot = sim_random(sim, UINT64_MAX) | 1;
        node->config.process = 0;
    }
    node->same_boot = false;
    node->self.ident.session = ov_ident_first_session(node->config.process);
    node->config.core.seed = sim_random(sim, UINT64_MAX);
    node->size = ov_cluster_size(&node->config);
    node->memory = sim_alloc(NULL, node->size > 0 ? node->size : 1);
    if (ov_cluster_init(&node->cluster, node->memory, node->size, &node->config) != 0)
        sim_refused(sim, i, AX_E_INVALID);
    sim_host_begin(sim, i);
    for (unsigned other = 0; other < sim->config.nodes; other++) {
        struct ov_event event = {.kind = OV_ON_KNOW, .node = sim->node[other].name};
        node->index[other] = UINT32_MAX;
        if (sim->node[other].name[0] != node->name[0])
            sim_must_step(sim, i, (struct ov_in){.kind = OV_IN_LINK, .link = &event});
    }
    sim_must_step(sim, i, (struct ov_in){.kind = OV_IN_TIMER});
}

void sim_succeed(struct sim *sim, unsigned i)
{
    SIM_MUST(sim_is_node(sim, i));
    struct sim_node *node = &sim->node[i];

    if (node->alive)
        return;
    node->same_boot = true;
    node->config.process++;
    sim_start(sim, i);
}

void sim_impostor(struct sim *sim, char name, unsigned token)
{
    SIM_MUST(name >= 'a' && name <= 'z');
    struct sim_node *node = &sim->node[SIM_IMPOSTOR];

    if (node->alive)
        return;
    if (node->life == 0)
        sim_init_node(sim, SIM_IMPOSTOR);
    sim_say(sim, SIM_NOBODY, "somebody claims to be %c", name);
    node->name[0] = node->self.ident.node[0] = name;
    sim_tokens(sim, SIM_IMPOSTOR, token, 0);
    sim_start(sim, SIM_IMPOSTOR);
}

void sim_start_all(struct sim *sim)
{
    for (unsigned i = 0; i < sim->config.nodes; i++)
        sim_start(sim, i);
}

bool sim_alive(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    return sim->node[node].alive;
}

unsigned sim_life(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    return sim->node[node].life;
}

void sim_crash(struct sim *sim, unsigned node, bool quiet)
{
    SIM_MUST(sim_is_any(sim, node));
    if (!sim->node[node].alive)
        return;
    sim_say(sim, node, "crashes%s", quiet ? ", unseen" : "");
    sim_hang_up(sim, node, quiet);
    sim_end_life(&sim->node[node]);
}

void sim_pause(struct sim *sim, unsigned node, uint64_t ns)
{
    SIM_MUST(sim_is_any(sim, node));
    sim_say(sim, node, "stands still for %.3f s", (double)ns / (double)SIM_S);
    if (sim->node[node].paused_until < sim->now + ns)
        sim->node[node].paused_until = sim->now + ns;
}

bool sim_paused(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    return sim->node[node].paused_until > sim->now;
}

/* Its clock is another now. */
static void wake(struct sim *sim, unsigned node)
{
    if (sim->node[node].alive)
        sim_set_timer(sim, node);
}

void sim_drift(struct sim *sim, unsigned node, int ppm)
{
    SIM_MUST(sim_is_any(sim, node));
    SIM_MUST(ppm >= -1000000);
    set_clock(sim, node);
    sim->node[node].ppm = ppm;
    wake(sim, node);
}

void sim_jump(struct sim *sim, unsigned node, uint64_t ns)
{
    SIM_MUST(sim_is_any(sim, node));
    sim_say(sim, node, "has its clock jump by %.3f s", (double)ns / (double)SIM_S);
    set_clock(sim, node);
    sim->node[node].before += ns;
    wake(sim, node);
}

struct ov_cluster *sim_cluster(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    return sim->node[node].cluster;
}

uint32_t sim_index(const struct sim *sim, unsigned node, unsigned other)
{
    SIM_MUST(sim_is_any(sim, node));
    SIM_MUST(sim_is_node(sim, other));
    return node == other ? OV_HERE : sim->node[node].index[other];
}

unsigned sim_node_of(const struct sim *sim, unsigned node, uint32_t index)
{
    SIM_MUST(sim_is_any(sim, node));
    SIM_MUST(sim->node[node].alive);
    struct ov_node_view view;
    if (index == OV_HERE)
        return node;
    if (!ov_core_node(ov_cluster_core(sim->node[node].cluster), index, &view))
        abort();
    return (unsigned)(view.node[0] - 'a');
}

uint64_t sim_boot(const struct sim *sim, unsigned node)
{
    SIM_MUST(sim_is_any(sim, node));
    return sim->node[node].self.ident.boot;
}
