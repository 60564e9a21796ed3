/* SPDX-License-Identifier: MIT */
#include "overlay/sim/sim_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OUT_BODIES (3u * OV_OUT_BYTES) /* of what comes in */

/* ---- chance and trace ---- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t sim_random(struct sim *sim, uint64_t n)
{
    SIM_MUST(n > 0);
    return mix(sim->chance += 0x9e3779b97f4a7c15u) % n;
}

/* What happens by chance depends on the seed, on what it is and when, and not on what was before
 * it: so a run in which something else was left out has the same chance, as far as it goes the same
 * way. `of` says what it is. */
uint64_t sim_random_of(struct sim *sim, uint64_t of, uint64_t n)
{
    uint64_t z = mix(sim->config.seed + 0x9e3779b97f4a7c15u);
    z = mix(z ^ sim->now);
    return mix(z ^ of) % n;
}

static bool is_of_connection(const struct sim_event *event)
{
    return (event->what >= SIM_CONNECT && event->what <= SIM_CLOSED) || event->what == SIM_GO_ON;
}

/* For all else that an event does by chance. */
static void reseed(struct sim *sim, const struct sim_event *event)
{
    uint64_t of = (uint64_t)event->what << 32 | event->node;
    if (is_of_connection(event))
        of = of << 16 ^ (sim->pipes[event->pipe].end[event->end].node << 8 |
                         sim->pipes[event->pipe].end[1 - event->end].node);
    sim->chance = sim_random_of(sim, of ^ sim->same << 40, UINT64_MAX);
}

/* Not by the seed: the keys of a run differ, and that is all that is asked of them. So who runs
 * many seeds may keep what was multiplied with them. */
void sim_secret(struct sim *sim, uint8_t secret[OV_KEY])
{
    uint64_t number = ++sim->secrets, words[OV_KEY / sizeof(uint64_t)];
    for (unsigned i = 0; i < OV_KEY / sizeof(uint64_t); i++)
        words[i] = mix(number << 8 ^ i);
    memcpy(secret, words, OV_KEY);
}

uint64_t sim_delay(struct sim *sim, uint64_t of)
{
    return sim->config.delay_min +
           sim_random_of(sim, of, sim->config.delay_max - sim->config.delay_min + 1);
}

void sim_delays(struct sim *sim, uint64_t min, uint64_t max)
{
    SIM_MUST(min <= max);
    sim->config.delay_min = min;
    sim->config.delay_max = max;
}

static void draw_time(struct sim *sim)
{
    fprintf(sim->config.trace, "%10.4f  ", (double)sim->now / (double)SIM_S);
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

/* From one column to another, over those between. */
static void draw_arrow(struct sim *sim, unsigned from, unsigned to)
{
    unsigned least = from < to ? from : to, most = from < to ? to : from;
    for (unsigned i = 0; i < sim->config.nodes; i++) {
        char here = i == from || i == to    ? (char)('a' + i)
                    : i > least && i < most ? '-'
                    : sim->node[i].alive    ? '|'
                                            : ' ';
        char behind = i < least || i >= most       ? ' '
                      : from < to && i + 1 == most ? '>'
                      : from > to && i == least    ? '<'
                                                   : '-';
        fprintf(sim->config.trace, "%c%c", here, behind);
    }
}

/* What one node has said comes to the host of another. */
static void tell_of_message(struct sim *sim, unsigned node, const struct ov_out *out)
{
    static const char *const names[] = {[OV_OUT_ENSURE] = "ensure",
                                        [OV_OUT_TELL] = "tell",
                                        [OV_OUT_ASK] = "ask",
                                        [OV_OUT_WATCH] = "monitor"};
    const char *name = out->kind < sizeof names / sizeof *names ? names[out->kind] : NULL;
    if (sim->config.trace == NULL || name == NULL || out->node == OV_HERE)
        return;
    draw_time(sim);
    draw_arrow(sim, sim_node_of(sim, node, out->node), node);
    fprintf(sim->config.trace, " %s\n", name);
}

void sim_vsay(struct sim *sim, unsigned node, const char *format, va_list args)
{
    if (sim->config.trace == NULL)
        return;
    draw_time(sim);
    draw(sim, node);
    fputc(' ', sim->config.trace);
    vfprintf(sim->config.trace, format, args);
    fputc('\n', sim->config.trace);
}

/* ---- beginning and end ---- */

void sim_misused(const char *function, const char *what)
{
    fprintf(stderr, "%s: expected %s\n", function, what);
    abort();
}

static void check_config(const struct sim_config *config)
{
    SIM_MUST(config->nodes >= 1 && config->nodes <= SIM_NODES);
    SIM_MUST(config->nregistries <= OV_REGISTRIES_MAX);
    SIM_MUST(config->registries != NULL || config->nregistries == 0);
    SIM_MUST(config->host.out != NULL);
    SIM_MUST(config->host.run != NULL || config->hosting == NULL);
    SIM_MUST(config->delay_min <= config->delay_max);
}

struct sim *sim_new(const struct sim_config *config)
{
    check_config(config);
    struct sim *sim = sim_alloc(NULL, sizeof *sim);
    uint32_t shards = 0, room, bytes;

    *sim = (struct sim){.config = *config, .now = SIM_S, .chance = config->seed, .strangers = 1};
    if (config->delay_max == 0)
        sim_delays(sim, SIM_MS / 10, 2 * SIM_MS);
    for (unsigned i = 0; i < config->nregistries; i++)
        shards += config->registries[i].shards;
    sim->records = sim_alloc(NULL, (shards + 1) * sizeof *sim->records);
    sim->old_records = sim_alloc(NULL, (shards + 1) * sizeof *sim->old_records);
    ov_store_memory_init(&sim->store, sim->records, shards);
    room = config->tight ? OV_OUTS_MIN : 2 * OV_OUTS_MIN;
    bytes = config->tight ? OV_OUT_BYTES : OV_OUT_BYTES + OUT_BODIES;
    sim->outs = (struct ov_outs){.list = sim_alloc(NULL, room * sizeof(struct ov_out)),
                                 .room = room,
                                 .bytes = sim_alloc(NULL, bytes),
                                 .bytes_room = bytes};
    for (unsigned i = 0; i < config->nodes; i++) {
        sim_init_node(sim, i);
        if (config->configure != NULL)
            config->configure(config->host.of, i, &sim->node[i].config);
    }
    return sim;
}

void sim_free(struct sim *sim)
{
    for (unsigned i = 0; i <= SIM_NODES; i++)
        sim_end_life(&sim->node[i]);
    free(sim->happening.bytes);
    sim_queue_free(sim);
    sim_wire_free(sim);
    free(sim->records);
    free(sim->old_records);
    free(sim->outs.list);
    free(sim->outs.bytes);
    free(sim);
}

/* ---- steps ---- */

static void learn(struct sim *sim, unsigned node, const struct ov_effect *effect)
{
    unsigned other = (unsigned)(effect->ident.node[0] - 'a'); /* an impostor's may be any */
    if (effect->kind != OV_TELL_UP && effect->kind != OV_TELL_DOWN)
        return;
    if (other < SIM_NODES)
        sim->node[node].index[other] = effect->index;
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
        if (node == SIM_IMPOSTOR && (!link || out->link->kind != OV_TELL_UP))
            continue; /* it has no host, and no store */
        if (out->kind == OV_OUT_STORE) {
            sim_ask(sim, node, out->store);
            continue;
        }
        tell_of_message(sim, node, out);
        host->out(host->of, node, out);
        sim_host_out(sim, node, out);
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
    if (received && event.len > 0)
        sim_not_taken(sim, node, &event);
    sim_host_work(sim, node);
    sim_set_timer(sim, node);
    if (sim->config.host.stepped != NULL && node != SIM_IMPOSTOR)
        sim->config.host.stepped(sim->config.host.of, node);
    return 0;
}

void sim_refused(struct sim *sim, unsigned node, int result)
{
    if (sim->config.host.refused != NULL)
        sim->config.host.refused(sim->config.host.of, node, result);
    abort();
}

void sim_must_step(struct sim *sim, unsigned node, struct ov_in in)
{
    int r = sim_step(sim, node, in, NULL);
    if (r != 0)
        sim_refused(sim, node, r);
}

int sim_in(struct sim *sim, unsigned node, const struct ov_in *in, uint64_t *id)
{
    SIM_MUST(sim_is_node(sim, node));
    SIM_MUST(sim->node[node].alive);
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
        sim_must_step(sim, event->node, (struct ov_in){.kind = OV_IN_TIMER});
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
    if (is_of_connection(event))
        node = sim->pipes[event->pipe].end[event->end].node;
    return node != SIM_NOBODY && sim->node[node].paused_until > sim->now ? &sim->node[node] : NULL;
}

void sim_run(struct sim *sim, uint64_t ns)
{
    uint64_t until = sim->now + ns;
    struct sim_event event;

    while (sim_take(sim, until, &event)) {
        struct sim_node *paused;
        sim->same = event.at == sim->now ? sim->same + 1 : 0;
        sim->now = event.at;
        paused = waits_for(sim, &event);
        if (paused != NULL) {
            if (event.what == SIM_TIMER && paused->timer_at == event.at)
                paused->timer_at = paused->paused_until;
            sim_put_off(sim, &event, paused->paused_until);
            continue;
        }
        sim->happening = event;
        reseed(sim, &event);
        happen(sim, &event);
        free(event.bytes);
        sim->happening.bytes = NULL;
    }
    sim->now = until;
}

void sim_later(struct sim *sim, uint64_t ns, unsigned node, void (*call)(void *of, uint64_t arg),
               void *of, uint64_t arg)
{
    SIM_MUST(node == SIM_NOBODY || sim_is_any(sim, node));
    SIM_MUST(call != NULL);
    struct sim_event *event = sim_post(sim, sim->now + ns, SIM_CALL);
    event->node = node;
    event->life = node != SIM_NOBODY ? sim->node[node].life : 0;
    event->call = call;
    event->of = of;
    event->arg = arg;
}

uint64_t sim_now(const struct sim *sim)
{
    return sim->now;
}

const struct sim_counts *sim_counts(const struct sim *sim)
{
    return &sim->counts;
}
