/* SPDX-License-Identifier: MIT */
#include "overlay/sim/sim_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- pipes ---- */

static bool is_over(const struct sim_pipe *pipe)
{
    return !pipe->end[0].open && !pipe->end[1].open && pipe->under_way == 0;
}

static void forget_kept(struct sim_pipe *pipe)
{
    for (unsigned end = 0; end < 2; end++) {
        free(pipe->end[end].kept);
        pipe->end[end].kept = NULL;
        pipe->end[end].nkept = 0;
    }
}

void sim_wire_free(struct sim *sim)
{
    for (unsigned i = 0; i < sim->npipes; i++)
        forget_kept(&sim->pipes[i]);
    free(sim->pipes);
}

unsigned sim_new_pipe(struct sim *sim)
{
    unsigned i = 0;
    while (i < sim->npipes && sim->pipes[i].used && !is_over(&sim->pipes[i]))
        i++;
    if (i == sim->npipes) {
        sim->npipes = sim->npipes > 0 ? 2 * sim->npipes : 64;
        sim->pipes = sim_alloc(sim->pipes, sim->npipes * sizeof *sim->pipes);
        memset(&sim->pipes[i], 0, (sim->npipes - i) * sizeof *sim->pipes);
    }
    sim->pipes[i].used = true;
    sim->pipes[i].recorded = 0;
    forget_kept(&sim->pipes[i]);
    return i;
}

static bool find(const struct sim *sim, unsigned node, uint64_t conn, unsigned *pipe, unsigned *end)
{
    for (*pipe = 0; *pipe < sim->npipes; ++*pipe)
        for (*end = 0; *end < 2; ++*end) {
            const struct sim_end *at = &sim->pipes[*pipe].end[*end];
            if (sim->pipes[*pipe].used && at->open && at->node == node && at->conn == conn &&
                at->life == sim->node[node].life)
                return true;
        }
    return false;
}

static bool is_lost(const struct sim *sim, unsigned from, unsigned to)
{
    return from != SIM_NOBODY && to != SIM_NOBODY && sim->lost[from][to];
}

static struct sim_event *post_at(struct sim *sim, uint64_t at, unsigned pipe, unsigned to,
                                 enum sim_what what)
{
    struct sim_event *event = sim_post(sim, at, what);
    event->pipe = pipe;
    event->end = to;
    event->life = sim->pipes[pipe].generation;
    sim->pipes[pipe].under_way++;
    return event;
}

/* What is lost is not acknowledged, and both ends give up after a while, as by TCP_USER_TIMEOUT. */
static void break_later(struct sim *sim, unsigned pipe, unsigned from)
{
    sim->pipes[pipe].end[from].deaf = true;
    (void)post_at(sim, sim->now + SIM_BREAK_NS, pipe, 0, SIM_CLOSED);
    (void)post_at(sim, sim->now + SIM_BREAK_NS, pipe, 1, SIM_CLOSED);
}

static uint64_t way(const struct sim_pipe *pipe, unsigned to)
{
    return (uint64_t)pipe->end[1 - to].node << 8 ^ pipe->end[to].node;
}

static void spoil(struct sim *sim, unsigned from, unsigned to, const struct sim_event *event)
{
    uint64_t bit;
    if (from == SIM_NOBODY || to == SIM_NOBODY || sim->corrupt[from][to] == 0)
        return;
    bit = (sim->corrupt[from][to] - 1) % (8 * event->len);
    sim->corrupt[from][to] = 0;
    sim_say(sim, SIM_NOBODY, "bit %llu of %llu bytes from %s is turned over",
            (unsigned long long)bit, (unsigned long long)event->len, sim->node[from].name);
    event->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* To the other end, in order. */
static void post(struct sim *sim, unsigned pipe, unsigned to, enum sim_what what,
                 const uint8_t *bytes, size_t len)
{
    struct sim_end *from = &sim->pipes[pipe].end[1 - to];
    uint64_t at = sim->now + sim_delay(sim, way(&sim->pipes[pipe], to) ^ len << 32);
    struct sim_event *event;

    if (!from->deaf && is_lost(sim, from->node, sim->pipes[pipe].end[to].node))
        break_later(sim, pipe, 1 - to);
    if (from->deaf)
        return;
    if (at < from->last_at)
        at = from->last_at;
    from->last_at = at;
    event = post_at(sim, at, pipe, to, what);
    if (len == 0)
        return;
    event->bytes = sim_alloc(NULL, len);
    event->len = len;
    memcpy(event->bytes, bytes, len);
    spoil(sim, from->node, sim->pipes[pipe].end[to].node, event);
}

void sim_post_to(struct sim *sim, unsigned pipe, unsigned to, enum sim_what what)
{
    post(sim, pipe, to, what, NULL, 0);
}

void sim_post_bytes(struct sim *sim, unsigned pipe, unsigned to, const uint8_t *bytes, size_t len)
{
    struct sim_pipe *at = &sim->pipes[pipe];
    size_t keep = to == 1 ? SIM_RECORD - at->recorded : 0;

    keep = len < keep ? len : keep;
    memcpy(at->record + at->recorded, bytes, keep);
    at->recorded += keep;
    sim->counts.bytes += len;
    while (len > 0) {
        uint64_t dice = sim_random_of(sim, way(at, to) ^ len << 33, 4 * len);
        size_t part = dice >= len ? len : 1 + dice;
        post(sim, pipe, to, SIM_BYTES, bytes, part);
        bytes += part;
        len -= part;
    }
}

/* ---- what a core does ---- */

static void dial(struct sim *sim, unsigned node, const struct ov_effect *effect)
{
    unsigned to = sim_node_of(sim, node, effect->index), pipe = sim_new_pipe(sim);

    sim->counts.dials++;
    sim->pipes[pipe].generation++;
    sim->pipes[pipe].end[0] = (struct sim_end){
        .node = node, .life = sim->node[node].life, .conn = effect->conn, .open = true};
    sim->pipes[pipe].end[1] = (struct sim_end){.node = to, .life = sim->node[to].life};
    sim_post_to(sim, pipe, 1, SIM_CONNECT);
}

static void hang_up(struct sim *sim, unsigned pipe, unsigned end)
{
    sim->pipes[pipe].end[end].open = false;
    post(sim, pipe, 1 - end, SIM_CLOSED, NULL, 0);
}

void sim_carry(struct sim *sim, unsigned node, const struct ov_effect *effect)
{
    unsigned pipe, end;

    switch (effect->kind) {
    case OV_DO_DIAL:
        dial(sim, node, effect);
        break;
    case OV_DO_ACCEPT:
        sim->pipes[sim->accepted].end[1].conn = effect->conn;
        sim->pipes[sim->accepted].end[1].open = true;
        break;
    case OV_DO_TURN_AWAY:
        post(sim, sim->accepted, 0, SIM_CLOSED, NULL, 0);
        break;
    default:
        if (!find(sim, node, effect->conn, &pipe, &end))
            sim_refused(sim, node, AX_E_NO_KEY);
        if (effect->kind == OV_DO_SEND)
            sim_post_bytes(sim, pipe, 1 - end, effect->bytes, effect->len);
        else if (effect->kind == OV_DO_HOLD)
            sim->pipes[pipe].end[end].held = true;
        else if (effect->kind == OV_DO_GO_ON)
            (void)post_at(sim, sim->now, pipe, end, SIM_GO_ON);
        else
            hang_up(sim, pipe, end);
    }
}

/* ---- what arrives ---- */

static void link_step(struct sim *sim, unsigned node, const struct ov_event *event)
{
    sim_must_step(sim, node, (struct ov_in){.kind = OV_IN_LINK, .link = event});
}

static void accept_dial(struct sim *sim, const struct sim_event *event)
{
    struct sim_end *end = &sim->pipes[event->pipe].end[1];
    unsigned from = sim->pipes[event->pipe].end[0].node;
    bool strange = from == SIM_NOBODY;
    struct ov_address address = {
        .bytes = {[10] = 0xff,
                  0xff,
                  10,
                  0,
                  strange,
                  strange ? (uint8_t)(sim->stranger++ % sim->strangers) : (uint8_t)from}};
    uint8_t secret[OV_KEY];

    if (!sim->node[end->node].alive) {
        post(sim, event->pipe, 0, SIM_CLOSED, NULL, 0);
        return;
    }
    end->life = sim->node[end->node].life;
    sim_secret(sim, secret);
    post(sim, event->pipe, 0, SIM_CONNECTED, NULL, 0);
    sim->accepted = event->pipe;
    link_step(sim, end->node,
              &(struct ov_event){.kind = OV_ON_ACCEPTED, .chance = secret, .address = &address});
}

/* What is there at the same time may be read at once, in whatever pieces it was sent. */
static void join(struct sim *sim, struct sim_event *event)
{
    struct sim_event next;
    while (sim->queue.n > 0 && sim_random_of(sim, event->len << 34, 2) == 0) {
        const struct sim_event *first = &sim->queue.heap[0];
        if (first->at > sim->now || first->what != SIM_BYTES || first->pipe != event->pipe ||
            first->end != event->end || first->life != event->life)
            return;
        (void)sim_take(sim, sim->now, &next);
        event->bytes = sim_alloc(event->bytes, event->len + next.len);
        sim->happening.bytes = event->bytes;
        memcpy(event->bytes + event->len, next.bytes, next.len);
        event->len += next.len;
        sim->pipes[event->pipe].under_way--;
        free(next.bytes);
    }
}

static void keep(struct sim_end *end, const uint8_t *bytes, size_t len)
{
    end->kept = sim_alloc(end->kept, end->nkept + len);
    memcpy(end->kept + end->nkept, bytes, len);
    end->nkept += len;
}

void sim_not_taken(struct sim *sim, unsigned node, const struct ov_event *event)
{
    unsigned pipe, end;
    if (find(sim, node, event->conn, &pipe, &end) && sim->pipes[pipe].end[end].held)
        keep(&sim->pipes[pipe].end[end], event->bytes, event->len);
}

/* What was kept arrives. */
static void go_on(struct sim *sim, struct sim_event *event, struct sim_end *end)
{
    event->what = SIM_BYTES;
    event->bytes = sim->happening.bytes = end->kept;
    event->len = end->nkept;
    end->held = false;
    end->kept = NULL;
    end->nkept = 0;
}

void sim_arrive(struct sim *sim, struct sim_event *event)
{
    struct sim_end *end = &sim->pipes[event->pipe].end[event->end];
    const struct sim_node *node = end->node != SIM_NOBODY ? &sim->node[end->node] : NULL;
    uint8_t secret[OV_KEY];
    struct ov_event on = {.conn = end->conn, .chance = secret};

    if (event->what == SIM_BYTES)
        join(sim, event);
    sim->pipes[event->pipe].under_way--;
    if (event->life != sim->pipes[event->pipe].generation || node == NULL)
        return;
    if (event->what == SIM_CONNECT) {
        accept_dial(sim, event);
        return;
    }
    if (node->alive && end->life != node->life && event->what == SIM_BYTES)
        post(sim, event->pipe, 1 - event->end, SIM_CLOSED, NULL, 0); /* a reset */
    if (!node->alive || end->life != node->life || !end->open)
        return;
    if (event->what == SIM_BYTES && end->held) {
        keep(end, event->bytes, event->len);
        return;
    }
    if (event->what == SIM_GO_ON)
        go_on(sim, event, end);
    if (event->what == SIM_CONNECTED)
        sim_secret(sim, secret);
    on.bytes = event->bytes;
    on.len = event->len;
    on.kind = event->what == SIM_BYTES    ? OV_ON_RECEIVED
              : event->what == SIM_CLOSED ? OV_ON_CLOSED
                                          : OV_ON_CONNECTED;
    if (event->what == SIM_CLOSED)
        end->open = false;
    link_step(sim, end->node, &on);
}

/* ---- faults ---- */

void sim_hang_up(struct sim *sim, unsigned node, bool quiet)
{
    for (unsigned i = 0; i < sim->npipes; i++)
        for (unsigned end = 0; end < 2; end++) {
            struct sim_end *at = &sim->pipes[i].end[end];
            if (!sim->pipes[i].used || !at->open || at->node != node)
                continue;
            at->open = false;
            if (!quiet)
                post(sim, i, 1 - end, SIM_CLOSED, NULL, 0);
        }
}

static bool is_between(const struct sim_pipe *pipe, unsigned a, unsigned b)
{
    return pipe->used && ((pipe->end[0].node == a && pipe->end[1].node == b) ||
                          (pipe->end[0].node == b && pipe->end[1].node == a));
}

void sim_cut(struct sim *sim, unsigned a, unsigned b)
{
    SIM_MUST(sim_is_any(sim, a) && sim_is_any(sim, b));
    for (unsigned i = 0; i < sim->npipes; i++)
        if (is_between(&sim->pipes[i], a, b) && !is_over(&sim->pipes[i])) {
            sim->pipes[i].generation++; /* what is under way arrives nowhere */
            sim->pipes[i].end[0].deaf = sim->pipes[i].end[1].deaf = false;
            post(sim, i, 0, SIM_CLOSED, NULL, 0);
            post(sim, i, 1, SIM_CLOSED, NULL, 0);
        }
}

void sim_cut_half(struct sim *sim, unsigned node, unsigned other)
{
    SIM_MUST(sim_is_any(sim, node) && sim_is_any(sim, other));
    for (unsigned i = 0; i < sim->npipes; i++)
        for (unsigned end = 0; end < 2; end++) {
            struct sim_end *at = &sim->pipes[i].end[end];
            if (!sim->pipes[i].used || !at->open || at->node != node ||
                sim->pipes[i].end[1 - end].node != other)
                continue;
            at->deaf = true; /* the other one is not told */
            (void)post_at(sim, sim->now, i, end, SIM_CLOSED);
        }
}

void sim_lose(struct sim *sim, unsigned from, unsigned to, bool lost)
{
    SIM_MUST(sim_is_any(sim, from) && sim_is_any(sim, to));
    sim->lost[from][to] = lost;
}

void sim_corrupt(struct sim *sim, unsigned from, unsigned to, uint32_t bit)
{
    SIM_MUST(sim_is_any(sim, from) && sim_is_any(sim, to));
    sim->corrupt[from][to] = 1 + (uint64_t)bit;
}

void sim_heal(struct sim *sim)
{
    memset(sim->lost, 0, sizeof sim->lost);
    memset(sim->corrupt, 0, sizeof sim->corrupt);
    sim->faults = (struct sim_store_faults){0};
}

unsigned sim_links(const struct sim *sim, unsigned a, unsigned b)
{
    SIM_MUST(sim_is_any(sim, a) && sim_is_any(sim, b));
    unsigned n = 0;
    for (unsigned i = 0; i < sim->npipes; i++)
        n += is_between(&sim->pipes[i], a, b) &&
             (sim->pipes[i].end[0].open || sim->pipes[i].end[1].open);
    return n;
}

bool sim_other(const struct sim *sim, unsigned node, uint64_t conn, unsigned *other, unsigned *life)
{
    SIM_MUST(sim_is_any(sim, node));
    unsigned pipe, end;
    if (!find(sim, node, conn, &pipe, &end))
        return false;
    *other = sim->pipes[pipe].end[1 - end].node;
    *life = sim->pipes[pipe].end[1 - end].life;
    return true;
}
