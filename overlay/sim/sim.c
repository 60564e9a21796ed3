/* SPDX-License-Identifier: MIT */
#include "overlay/sim/sim_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OUTS_ROOM ((size_t)2 * OV_OUTS_MIN)
#define OUT_ROOM ((size_t)4 * OV_OUT_BYTES)

/* ---- chance and trace ---- */

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t sim_random(struct sim *sim, uint64_t n)
{
    uint64_t z = sim->chance += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n;
}

void sim_chance(struct sim *sim, uint8_t bytes[OV_KEY])
{
    for (unsigned i = 0; i < OV_KEY; i++)
        bytes[i] = (uint8_t)sim_random(sim, 256);
}

uint64_t sim_delay(struct sim *sim)
{
    return sim->config.delay_min +
           sim_random(sim, sim->config.delay_max - sim->config.delay_min + 1);
}

void sim_delays(struct sim *sim, uint64_t min, uint64_t max)
{
    sim->config.delay_min = min;
    sim->config.delay_max = max;
}

/* A column for each node: its letter where it acts, ":" while it stands still, nothing while it is
 * not there. */
static void draw(struct sim *sim, unsigned node)
{
    for (unsigned i = 0; i < sim->config.nodes; i++)
        fprintf(sim->config.trace, "%c ",
                i == node             ? 'a' + (int)i
                : !sim->node[i].alive ? ' '
                : sim_paused(sim, i)  ? ':'
                                      : '|');
}

void sim_say(struct sim *sim, unsigned node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sim_vsay(sim, node, format, args);
    va_end(args);
}

void sim_vsay(struct sim *sim, unsigned node, const char *format, va_list args)
{
    if (sim->config.trace == NULL)
        return;
    fprintf(sim->config.trace, "%10.4f  ", (double)sim->now / (double)SIM_S);
    draw(sim, node);
    fputc(' ', sim->config.trace);
    vfprintf(sim->config.trace, format, args);
    fputc('\n', sim->config.trace);
}

/* ---- beginning and end ---- */

static void init_node(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];

    node->name[0] = (char)('a' + i);
    node->before = 1 + sim_random(sim, 1000 * SIM_S);
    node->self =
        (struct ov_self){.ident = {.node = {node->name[0]}, .session = 1},
                         .version_min = 1,
                         .version_max = 1,
                         .max_frame = OV_FRAME_MIN_MAX,
                         .pattern = sim->config.insecure ? OV_PATTERN_NONE : OV_PATTERN_NNPSK0,
                         .ntokens = sim->config.insecure ? 0 : 1};
    memset(node->self.psks[0], 0x77, OV_KEY);
    node->config = (struct ov_cluster_config){.core = {.self = &node->self,
                                                       .nodes_max = SIM_NODES,
                                                       .dial_ns = 2 * SIM_S,
                                                       .patience_ns = 2 * SIM_S,
                                                       .retry_min_ns = 100 * SIM_MS,
                                                       .retry_max_ns = 2 * SIM_S,
                                                       .beat_ns = SIM_S,
                                                       .suspect_ns = 4 * SIM_S,
                                                       .dead_ns = 8 * SIM_S,
                                                       .drain_ns = 2 * SIM_S},
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

struct sim *sim_new(const struct sim_config *config)
{
    struct sim *sim = sim_alloc(NULL, sizeof *sim);
    uint32_t shards = 0;

    *sim = (struct sim){.config = *config, .now = SIM_S, .chance = config->seed};
    if (config->delay_max == 0)
        sim_delays(sim, SIM_MS / 10, 2 * SIM_MS);
    for (unsigned i = 0; i < config->nregistries; i++)
        shards += config->registries[i].shards;
    sim->records = sim_alloc(NULL, (shards + 1) * sizeof *sim->records);
    ov_store_memory_init(&sim->store, sim->records, shards);
    sim->outs = (struct ov_outs){.list = sim_alloc(NULL, OUTS_ROOM * sizeof(struct ov_out)),
                                 .room = (unsigned)OUTS_ROOM,
                                 .bytes = sim_alloc(NULL, OUT_ROOM),
                                 .bytes_room = OUT_ROOM};
    for (unsigned i = 0; i < config->nodes; i++) {
        init_node(sim, i);
        if (config->configure != NULL)
            config->configure(config->host.of, i, &sim->node[i].config);
    }
    return sim;
}

static void end_life(struct sim_node *node)
{
    if (node->cluster != NULL)
        ov_cluster_deinit(node->cluster);
    free(node->memory);
    node->memory = NULL;
    node->cluster = NULL;
    node->alive = false;
}

void sim_free(struct sim *sim)
{
    for (unsigned i = 0; i < sim->config.nodes; i++)
        end_life(&sim->node[i]);
    sim_queue_free(sim);
    free(sim->pipes);
    free(sim->records);
    free(sim->outs.list);
    free(sim->outs.bytes);
    free(sim);
}

/* ---- clocks ---- */

uint64_t sim_now(const struct sim *sim)
{
    return sim->now;
}

static uint64_t since(uint64_t ns, int ppm)
{
    return ns + (uint64_t)((int64_t)(ns / 1000000u) * ppm) +
           (uint64_t)((int64_t)(ns % 1000000u) * ppm / 1000000);
}

uint64_t sim_clock(const struct sim *sim, unsigned node)
{
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
static void set_timer(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];
    uint64_t next = ov_cluster_next(node->cluster), clock = sim_clock(sim, i), at;
    struct sim_event *event;

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

/* ---- steps ---- */

static void learn(struct sim *sim, unsigned node, const struct ov_effect *effect)
{
    if (effect->kind != OV_TELL_UP && effect->kind != OV_TELL_DOWN)
        return;
    sim->node[node].index[effect->ident.node[0] - 'a'] = effect->index;
    if (effect->kind == OV_TELL_UP)
        sim_say(sim, node, "has a session with %s", effect->ident.node);
    else
        sim_say(sim, node, "has lost %s: %s", effect->ident.node, ov_end_text(effect->end));
}

static void carry_out(struct sim *sim, unsigned node)
{
    const struct sim_host *host = &sim->config.host;
    for (unsigned i = 0; i < sim->outs.n; i++) {
        const struct ov_out *out = &sim->outs.list[i];
        bool link = out->kind == OV_OUT_LINK;
        if (link && out->link->kind <= OV_DO_CLOSE) {
            sim_carry(sim, node, out->link);
            continue;
        }
        if (link)
            learn(sim, node, out->link);
        if (out->kind == OV_OUT_STORE)
            sim_ask(sim, node, out->store);
        else
            host->out(host->of, node, out);
    }
}

int sim_step(struct sim *sim, unsigned node, struct ov_in in, uint64_t *id)
{
    struct sim_node *at = &sim->node[node];
    struct ov_event event = in.kind == OV_IN_LINK ? *in.link : (struct ov_event){0};
    bool received = in.kind == OV_IN_LINK && event.kind == OV_ON_RECEIVED;
    int r;

    in.link = &event;
    do {
        r = ov_cluster_step(at->cluster, sim_clock(sim, node), &in, &sim->outs);
        sim->counts.steps++;
        if (id != NULL && r == 0 && sim->outs.id != 0)
            *id = sim->outs.id;
        if (r != 0)
            return r;
        event.bytes = (const uint8_t *)event.bytes + (received ? sim->outs.used : 0);
        event.len -= received ? sim->outs.used : 0;
        carry_out(sim, node);
        if (event.len == 0)
            in = (struct ov_in){.kind = OV_IN_TIMER, .link = &event};
    } while (sim->outs.more);
    set_timer(sim, node);
    if (sim->config.host.stepped != NULL)
        sim->config.host.stepped(sim->config.host.of, node);
    return 0;
}

int sim_in(struct sim *sim, unsigned node, const struct ov_in *in, uint64_t *id)
{
    if (id != NULL)
        *id = 0;
    return sim_step(sim, node, *in, id);
}

/* ---- time ---- */

static void happen(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = event->node != SIM_NOBODY ? &sim->node[event->node] : NULL;
    bool same_life = node == NULL || (node->alive && node->life == event->life);

    switch (event->what) {
    case SIM_TIMER:
        if (node == NULL || !same_life || node->timer_at != event->at)
            break;
        node->timer_at = 0;
        if (sim_step(sim, event->node, (struct ov_in){.kind = OV_IN_TIMER}, NULL) != 0)
            abort();
        break;
    case SIM_ASKED:
        sim_asked(sim, event);
        break;
    case SIM_ANSWERED:
        if (same_life)
            sim_answered(sim, event);
        break;
    case SIM_CALL:
        if (same_life)
            event->call(event->of, event->arg);
        break;
    default:
        sim_arrive(sim, event);
    }
}

/* Of which node it is, if it is one that is paused. */
static struct sim_node *waits_for(struct sim *sim, const struct sim_event *event)
{
    unsigned node = event->node;
    if (event->what == SIM_ASKED)
        return NULL;
    if (event->what >= SIM_CONNECT && event->what <= SIM_CLOSED)
        node = sim->pipes[event->pipe].end[event->end].node;
    return node != SIM_NOBODY && sim->node[node].paused_until > sim->now ? &sim->node[node] : NULL;
}

void sim_run(struct sim *sim, uint64_t ns)
{
    uint64_t until = sim->now + ns;
    struct sim_event event;

    while (sim_take(sim, until, &event)) {
        struct sim_node *paused;
        sim->now = event.at;
        paused = waits_for(sim, &event);
        if (paused != NULL) {
            if (event.what == SIM_TIMER && paused->timer_at == event.at)
                paused->timer_at = paused->paused_until;
            sim_put_off(sim, &event, paused->paused_until);
            continue;
        }
        happen(sim, &event);
        free(event.bytes);
    }
    sim->now = until;
}

void sim_later(struct sim *sim, uint64_t ns, unsigned node, void (*call)(void *of, uint64_t arg),
               void *of, uint64_t arg)
{
    struct sim_event *event = sim_post(sim, sim->now + ns, SIM_CALL);
    event->node = node;
    event->life = node != SIM_NOBODY ? sim->node[node].life : 0;
    event->call = call;
    event->of = of;
    event->arg = arg;
}

/* ---- nodes ---- */

void sim_start(struct sim *sim, unsigned i)
{
    struct sim_node *node = &sim->node[i];

    if (node->alive)
        return;
    sim_say(sim, i, "starts");
    node->alive = true;
    node->life++;
    node->timer_at = node->paused_until = 0;
    node->self.ident.boot = sim_random(sim, UINT64_MAX) | 1;
    node->config.core.seed = sim_random(sim, UINT64_MAX);
    node->size = ov_cluster_size(&node->config);
    node->memory = sim_alloc(NULL, node->size > 0 ? node->size : 1);
    if (ov_cluster_init(&node->cluster, node->memory, node->size, &node->config) != 0)
        abort();
    for (unsigned other = 0; other < sim->config.nodes; other++) {
        struct ov_event event = {.kind = OV_ON_KNOW, .node = sim->node[other].name};
        node->index[other] = UINT32_MAX;
        if (other != i &&
            sim_step(sim, i, (struct ov_in){.kind = OV_IN_LINK, .link = &event}, NULL) != 0)
            abort();
    }
    if (sim_step(sim, i, (struct ov_in){.kind = OV_IN_TIMER}, NULL) != 0)
        abort();
}

void sim_start_all(struct sim *sim)
{
    for (unsigned i = 0; i < sim->config.nodes; i++)
        sim_start(sim, i);
}

bool sim_alive(const struct sim *sim, unsigned node)
{
    return sim->node[node].alive;
}

unsigned sim_life(const struct sim *sim, unsigned node)
{
    return sim->node[node].life;
}

void sim_crash(struct sim *sim, unsigned node, bool quiet)
{
    if (!sim->node[node].alive)
        return;
    sim_say(sim, node, "crashes%s", quiet ? ", unseen" : "");
    sim_hang_up(sim, node, quiet);
    end_life(&sim->node[node]);
}

void sim_pause(struct sim *sim, unsigned node, uint64_t ns)
{
    sim_say(sim, node, "stands still for %.3f s", (double)ns / (double)SIM_S);
    if (sim->node[node].paused_until < sim->now + ns)
        sim->node[node].paused_until = sim->now + ns;
}

bool sim_paused(const struct sim *sim, unsigned node)
{
    return sim->node[node].paused_until > sim->now;
}

/* Its clock is another now. */
static void wake(struct sim *sim, unsigned node)
{
    if (sim->node[node].alive)
        set_timer(sim, node);
}

void sim_drift(struct sim *sim, unsigned node, int ppm)
{
    set_clock(sim, node);
    sim->node[node].ppm = ppm;
    wake(sim, node);
}

void sim_jump(struct sim *sim, unsigned node, uint64_t ns)
{
    sim_say(sim, node, "has its clock jump by %.3f s", (double)ns / (double)SIM_S);
    set_clock(sim, node);
    sim->node[node].before += ns;
    wake(sim, node);
}

struct ov_cluster *sim_cluster(const struct sim *sim, unsigned node)
{
    return sim->node[node].cluster;
}

uint32_t sim_index(const struct sim *sim, unsigned node, unsigned other)
{
    return node == other ? OV_HERE : sim->node[node].index[other];
}

unsigned sim_node_of(const struct sim *sim, unsigned node, uint32_t index)
{
    struct ov_node_view view;
    if (index == OV_HERE)
        return node;
    if (!ov_core_node(ov_cluster_core(sim->node[node].cluster), index, &view))
        abort();
    return (unsigned)(view.node[0] - 'a');
}

uint64_t sim_boot(const struct sim *sim, unsigned node)
{
    return sim->node[node].self.ident.boot;
}

const struct sim_counts *sim_counts(const struct sim *sim)
{
    return &sim->counts;
}
