/* SPDX-License-Identifier: MIT */
#include "tests/lib/world.h"

#include "axsup/template_exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t world_blamed[NODE_SLOTS];

static const char *const names[NODE_SLOTS] = {"axsup", "worker", "other"};

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "world: %s\n", what);
    exit(1);
}

static void on_log(enum ax_level level, const char *text)
{
    (void)level;
    for (uint32_t slot = 1; slot < NODE_SLOTS; slot++) {
        size_t len = strlen(names[slot]);
        if (strncmp(text, names[slot], len) == 0 && text[len] == ':' &&
            strstr(text, "does not add up") != NULL)
            world_blamed[slot]++;
    }
}

/* ---- axsup ---- */

static void take_memory(struct world *world, uint32_t s)
{
    const struct node *node = &world->node;
    struct sup_memory *memory = &world->slots[s].memory;
    memory->geo = node->geo[s];
    memory->units = node->geo[s].units;
    memory->priv = node->priv_fd[s];
    memory->pub = memory->pub_readonly = node->pub_fd[s];
    memory->bells = node->bell[s];
    memory->view = s == 0 ? NULL : (const struct shm_private *)(const void *)node->priv[s];
    for (uint32_t to = 0; to < SHM_SLOTS; to++)
        memory->out[to] = memory->out_readonly[to] = memory->bell[to] = -1;
    for (uint32_t to = 0; to < NODE_SLOTS; to++)
        if (to != s) {
            memory->out[to] = memory->out_readonly[to] = node->edge_fd[s][to];
            memory->bell[to] = node->bell[to];
        }
}

static void learn_contracts(struct world *world)
{
    const struct ax_actor_type *type = subject_plugin.actors[0];
    char *text, all[4096];
    must(ax_contract_describe(type->contract, type->state, &text) == 0, "describe");
    int size = snprintf(all, sizeof all, "{\"plugin\": \"subject\", \"actors\": [%s]}", text);
    free(text);
    world->template.sup = &world->sup;
    must(sup_template_learn(&world->template, all, (size_t)size) == NULL, "learn");
}

static void open_sup(struct world *world)
{
    static const struct sup_config config = {.events = 64, .deadletters = 64};
    static const struct sup_worker_config worker = {.n_actors = 3, .max_actors = 64};
    struct sup *sup = &world->sup;
    sup->config = &config;
    sup->slots = world->slots;
    sup->n_slots = NODE_SLOTS;
    for (uint32_t s = 0; s < NODE_SLOTS; s++) {
        struct sup_slot *slot = &world->slots[s];
        snprintf(slot->name, sizeof slot->name, "%s", names[s]);
        slot->sup = sup;
        slot->number = s;
        slot->config = s == 0 ? NULL : &worker;
        slot->template = &world->template;
        slot->state = SHM_SLOT_RUNNING;
        slot->incarnation = 1;
        slot->child.pidfd = slot->child.stat = -1;
        take_memory(world, s);
    }
    must(sup_hub_open(sup) == 0, "hub");
    must(sup_events_open(sup, &config) == 0, "events");
}

void world_open(struct world *world)
{
    memset(world, 0, sizeof *world);
    sup_log_to(on_log);
    node_open(&world->node);
    learn_contracts(world);
    open_sup(world);
    victim_init(&world->victim, &world->node, WORKER);
    victim_init(&world->successor, &world->node, OTHER);
}

void world_close(struct world *world)
{
    victim_free(&world->victim);
    victim_free(&world->successor);
    sup_events_close(&world->sup);
    sup_hub_close(&world->sup);
    for (uint32_t i = 0; i < world->template.n_types; i++)
        ax_contract_free(world->template.types[i].contract);
    free(world->template.types);
    free(world->template.described);
    node_close(&world->node);
}

static void reload_hub(struct world *world)
{
    struct shm_port *port = &world->sup.hub.port;
    port->turn = port->priv->journal.turn;
    port->dirty = port->read_dirty = port->unrung = 0;
    for (uint32_t peer = 1; peer < NODE_SLOTS; peer++) {
        struct shm_out *out = &port->out[peer];
        for (uint32_t lane = SHM_DATA; lane <= SHM_CONTROL; lane++) {
            out->staged[lane] = out->stage->end[lane];
            out->logged[lane] = 0;
        }
        out->peer_read[SHM_DATA] = port->in_ends[peer]->read_data;
        out->peer_read[SHM_CONTROL] = port->in_ends[peer]->read_control;
        port->in[peer].cut = false;
    }
}

void world_become(struct world *world, const struct node *from)
{
    struct sup *sup = &world->sup;
    node_copy(&world->node, from);
    reload_hub(world);
    sup->loop.now = sup_clock();
    memset(sup->events.events_taken, 0, sizeof sup->events.events_taken);
    memset(sup->events.letters_taken, 0, sizeof sup->events.letters_taken);
    sup->events.workers.count = sup->events.actors.count = sup->events.letters.count = 0;
    sup->events.seq = 0;
    for (uint32_t s = 1; s < NODE_SLOTS; s++) {
        struct sup_slot *slot = &world->slots[s];
        slot->incarnation = 1;
        slot->epoch = 0;
        slot->pid = 0;
        memset(&slot->child, 0, sizeof slot->child);
    }
    world->victim.boot.incarnation = 1;
    world->victim.boot.epoch = 0;
    memset(world_blamed, 0, sizeof world_blamed);
}

/* ---- what may be done ---- */

void world_reach(struct world *world, uint32_t slot, struct vandal *vandal)
{
    struct node *node = &world->node;
    *vandal = (struct vandal){.geo = node->geo[slot],
                              .private = node->priv[slot],
                              .public = node->pub[slot],
                              .incarnation = 1};
    for (uint32_t to = 0; to < NODE_SLOTS; to++) {
        if (to == slot)
            continue;
        const struct shm_ends *back = shm_edge_ends(node->edge[to][slot], to, slot);
        vandal->edge[to] = node->edge[slot][to];
        vandal->heard[to][SHM_DATA] = back->read_data;
        vandal->heard[to][SHM_CONTROL] = back->read_control;
    }
}

static int count_actor(void *ctx, const struct sup_actor *actor)
{
    *(uint64_t *)ctx += actor->mail;
    return 0;
}

void world_look(struct world *world, uint32_t slot)
{
    struct sup *sup = &world->sup;
    struct sup_actor actor;
    uint8_t state[256];
    uint64_t sum = 0;
    uint32_t method;
    char name[SHM_NAME_MAX + 1];
    sup_events_collect(sup, slot);
    (void)sup_memory_suspect(sup, slot, &method);
    (void)sup_slot_mail(sup, slot);
    (void)sup_slot_actors(sup, slot);
    (void)sup_slot_turns(sup, slot);
    (void)sup_memory_quiet(sup, slot);
    (void)sup_actors(sup, slot, count_actor, &sum);
    for (uint32_t index = 0; index < 6; index++) {
        size_t size = sizeof state;
        uint64_t ref = SHM_REF(slot, index, 1);
        (void)sup_record_names(sup, ref, name);
        if (sup_actor_info(sup, ref, &actor) == 0)
            (void)sup_actor_state(sup, ref, state, &size);
    }
}

void world_hub(struct world *world)
{
    (void)sup_hub_drain(&world->sup);
    sup_hub_flush(&world->sup);
}

int world_empty(struct world *world, uint32_t slot)
{
    uint64_t lost;
    int error = sup_memory_empty(&world->sup, slot, &lost);
    sup_events_reset(&world->sup, slot);
    return error;
}
