/* SPDX-License-Identifier: MIT */
#include "tests/lib/victim.h"

#include "libax/ask.h"
#include "libax/drain.h"
#include "libax/life.h"
#include "libax/meter.h"
#include "libax/record.h"
#include "libax/send.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/wake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void victim_fds(const struct node *node, uint32_t slot, struct shm_fds *fds)
{
    memset(fds, 0xff, sizeof *fds);
    fds->priv = node->priv_fd[slot];
    fds->pub = node->pub_fd[slot];
    for (uint32_t i = 0; i < NODE_SLOTS; i++) {
        fds->bell[i] = node->bell[i];
        if (i == slot)
            continue;
        fds->peer_pub[i] = node->pub_fd[i];
        fds->out[i] = node->edge_fd[slot][i];
        fds->in[i] = node->edge_fd[i][slot];
    }
}

void victim_init(struct victim *victim, const struct node *node, uint32_t slot)
{
    memset(victim, 0, sizeof *victim);
    victim->boot = (struct boot){.slot = slot,
                                 .cores = 2,
                                 .max_asks = 64,
                                 .max_handles = 64,
                                 .read_buffer = 65536,
                                 .write_buffer = 65536,
                                 .incarnation = 1};
    victim->boot.geo = node->geo[slot];
    victim->boot.actors = victim->actors;
    victim->boot.nactors = sizeof victim->actors / sizeof *victim->actors;
    snprintf(victim->boot.name, sizeof victim->boot.name, "victim/%u", slot);
    for (uint32_t i = 0; i < victim->boot.nactors; i++) {
        struct boot_actor *actor = &victim->actors[i];
        snprintf(actor->name, sizeof actor->name, "actor%u", i);
        snprintf(actor->contract, sizeof actor->contract, "subject");
        actor->capacity = 100;
        actor->policy = (struct shm_policy){
            .window_ns = UINT64_C(60000000000), .backoff_max_ns = 1, .max = 1000, .restart = 1};
    }
}

/* Once: the buffers serve one life after the other. */
static int make_buffers(struct worker *w, const struct ax_plugin *plugin)
{
    w->plugin = plugin;
    w->self = calloc(w->port.geo.actors, sizeof *w->self);
    w->publish = malloc(SHM_UNDO * sizeof *w->publish);
    w->scratch = malloc(shm_frame_size(w->port.geo.max_message));
    w->contracts = calloc(plugin->nactors + 1, sizeof *w->contracts);
    if (w->self == NULL || w->publish == NULL || w->scratch == NULL || w->contracts == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < plugin->nactors; i++)
        w->contracts[i].hash = ax_contract_hash(plugin->actors[i]->contract);
    int error = pending_open(w);
    return error != 0 ? error : strands_open(w);
}

int victim_enter(struct victim *victim, const struct node *node, const struct ax_plugin *plugin)
{
    struct worker *w = &victim->worker;
    struct shm_fds fds;
    struct shm_port port;
    victim_fds(node, victim->boot.slot, &fds);
    memset(&victim->found, 0, sizeof victim->found);
    int error = shm_port_open(&port, &victim->boot.geo, &fds);
    if (error != 0)
        return error;
    *w = victim->fresh;
    w->port = port;
    w->boot = &victim->boot;
    victim->entered = true;
    ax_worker = w;
    if (w->plugin == NULL) {
        error = make_buffers(w, plugin);
        victim->fresh = *w;
    }
    if (error == 0)
        error = timers_open(w);
    if (error == 0)
        error = wakes_open(w);
    if (error == 0)
        error = records_open(w);
    if (error == 0)
        error = shm_recover(&w->port, actor_mark, &victim->found);
    if (error == 0 && !boot_adds_up(w)) {
        victim->found.wrong = "the configured actors";
        error = -EBADMSG;
    }
    return error;
}

int victim_start(struct victim *victim)
{
    struct worker *w = &victim->worker;
    w->port.arena.reserved = w->port.geo.units / 4;
    clock_read(w);
    meter_open(w);
    for (uint32_t slot = 0; slot < NODE_SLOTS; slot++)
        if (w->port.all >> slot & 1 &&
            (w->port.priv->over_data[slot].tail != 0 || w->port.priv->over_control[slot].tail != 0))
            w->over |= 1ull << slot;
    actors_revive(w);
    int error = boot_actors(w);
    shm_store_release(&w->port.pub->incarnation, victim->boot.incarnation);
    return error;
}

int victim_begin(struct victim *victim, struct node *node, const struct ax_plugin *plugin)
{
    node_open(node);
    victim_init(victim, node, NODE_WORKER);
    int error = victim_enter(victim, node, plugin);
    return error != 0 ? error : victim_start(victim);
}

int victim_die(struct victim *victim, const struct node *node, const struct ax_plugin *plugin)
{
    victim_leave(victim);
    victim->boot.incarnation++;
    int error = victim_enter(victim, node, plugin);
    return error != 0 ? error : victim_start(victim);
}

struct ax_ctx *victim_turn(struct victim *victim, uint32_t actor)
{
    struct worker *w = &victim->worker;
    struct ax_ctx *ctx = &w->current->ctx;
    ctx->actor = actor;
    ctx->type = w->plugin->actors[actor_at(w, actor)->type];
    ctx->worker = w;
    shm_turn_begin(&w->port, 0, 0);
    return ctx;
}

void victim_round(struct victim *victim)
{
    struct worker *w = &victim->worker;
    clock_read(w);
    (void)drain_lanes(w, 256);
    if (w->run_first != 0)
        (void)run_actors(w, 64, 64);
    if (w->over != 0)
        (void)flush_overflow(w);
    shm_lane_flush(&w->port);
}

void victim_leave(struct victim *victim)
{
    struct worker *w = &victim->worker;
    if (!victim->entered)
        return;
    for (uint32_t i = 0; i < w->port.geo.actors; i++)
        self_close(w, i);
    timers_close(w);
    wakes_close(w);
    records_close(w);
    free(w->members.first);
    free(w->members.next);
    shm_port_close(&w->port);
    victim->entered = false;
}

static void free_strands(struct strand *strand)
{
    while (strand != NULL) {
        struct strand *next = (struct strand *)strand->fiber.next;
        strand_free(strand);
        strand = next;
    }
}

void victim_free(struct victim *victim)
{
    struct worker *w = &victim->fresh;
    victim_leave(victim);
    free_strands(w->current);
    free_strands(w->idle);
    free(w->self);
    free(w->publish);
    free(w->scratch);
    free(w->contracts);
    free(w->pending);
    free(w->room_targets);
}
