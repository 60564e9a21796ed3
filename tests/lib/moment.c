/* SPDX-License-Identifier: MIT */
/* tests/lib/moment.c - moments of a small system that has been at work: something of every sort is
 * in the arena, in the lanes, and in the undo log. */
#include "libax/drain.h"
#include "tests/lib/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(struct node *node, uint32_t from, uint32_t to, uint16_t method, const void *body,
                 uint32_t size)
{
    const struct shm_frame head = {.kind = SHM_TELL,
                                   .method = method,
                                   .to = world_ref(WORKER, to),
                                   .from = world_ref(from, 1)};
    node_send(node, from, SHM_DATA, &head, body, size);
}

#define TELL(node, from, to, message, ...)                                                         \
    tell((node), (from), (to), subject_method_##message, &(struct subject_##message){__VA_ARGS__}, \
         sizeof(struct subject_##message))

static void note(struct node *node, uint32_t to)
{
    struct {
        struct subject_note fixed;
        char text[24];
    } image = {.text = "some words of no meaning"};
    image.text[sizeof image.text - 1] = '\0';
    image.fixed.words =
        (struct ax_str){.off = sizeof image.fixed, .len = (uint32_t)strlen(image.text)};
    tell(node, OTHER, to, subject_method_note, &image, sizeof image);
}

static void publish_strangers(struct node *node)
{
    uint64_t hash = ax_contract_hash(subject_plugin.actors[0]->contract);
    for (uint32_t index = 1; index < 4; index++)
        (void)node_peer_actor(node, index, hash);
    node->port[0].directory[1] = (struct shm_directory){
        .gen = 1, .state = SHM_LIVE, .contract = hash, .capacity = 100, .incarnation = 1};
}

/* More than the lane holds, so that some waits behind it. */
static void overfill(struct worker *w)
{
    static const struct subject_add body = {1};
    uint32_t frame = shm_frame_size(sizeof body);
    for (uint32_t i = 0; i < w->port.geo.data_ring / frame + 8; i++) {
        const struct ax_outgoing out = {
            .contract = subject_plugin.actors[0]->contract, .size = sizeof body, .fixed = &body};
        struct shm_frame head = {
            .kind = SHM_TELL, .to = world_ref(OTHER, 1), .from = world_ref(WORKER, 1)};
        struct shm_port *port = &w->port;
        shm_turn_begin(port, 0, 0);
        struct shm_frame *room = shm_lane_reserve(port, OTHER, SHM_DATA, frame);
        struct shm_chain *over = &port->priv->over_data[OTHER];
        if (room == NULL) {
            shm_chain_log_again(port, over);
            uint64_t word = shm_chain_reserve(port, over, frame);
            room = shm_chain_frame(port, word - frame);
            shm_chain_append(port, over, word);
        } else {
            shm_lane_stage(port, OTHER, SHM_DATA, frame);
        }
        head.size = frame;
        head.stamp = port->turn;
        *room = head;
        memcpy(room->body, out.fixed, out.size);
        shm_turn_commit(port);
    }
    shm_lane_flush(&w->port);
}

/* A turn that its process did not end: words changed, a frame staged. */
static void leave_open(struct worker *w)
{
    struct shm_port *port = &w->port;
    struct shm_actor *actor = &port->actors[1];
    shm_turn_begin(port, 1, shm_chain_first(port, &actor->mail));
    shm_set(port, &port->cold[1].failures, 7);
    shm_set(port, &port->priv->next_id, port->priv->next_id + 1);
    shm_chain_log_again(port, &actor->mail);
    shm_chain_consume(port, &actor->mail, shm_chain_first(port, &actor->mail));
    struct shm_frame *frame = shm_lane_reserve(port, 0, SHM_CONTROL, sizeof *frame);
    *frame = (struct shm_frame){.size = sizeof *frame, .kind = SHM_STOPPED, .stamp = port->turn};
    shm_lane_stage(port, 0, SHM_CONTROL, sizeof *frame);
}

/* The worker has been at work: actors, kept state, monitors, timers, asks under way, mail that is
 * not handled yet, and frames from slot 2 that are not read. */
void world_moment(struct node *node, uint32_t number)
{
    struct world world;
    node_open(node);
    world_open(&world);
    struct node *own = &world.node;
    struct worker *w = &world.victim.worker;
    publish_strangers(own);
    if (victim_enter(&world.victim, own, &subject_plugin) != 0 || victim_start(&world.victim) != 0)
        abort();
    const struct subject_arrange arrange = {{{.addr = world_ref(WORKER, 2)}},
                                            {{.addr = world_ref(0, 1)}}};
    tell(own, 0, 1, subject_method_arrange, &arrange, sizeof arrange);
    TELL(own, 0, 3, breed);
    note(own, 2);
    for (int i = 0; i < 8; i++)
        victim_round(&world.victim);
    for (int i = 0; i < 12; i++) {
        note(own, 1);
        TELL(own, OTHER, 2, add, .by = 0);
    }
    for (int i = 0; i < 8; i++)
        (void)drain_lanes(w, 256);
    shm_lane_flush(&w->port);
    if (number == 1) {
        overfill(w);
        leave_open(w);
    }
    for (int i = 0; i < 8; i++) {
        note(own, 2);
        TELL(own, OTHER, 1, add, .by = 0);
    }
    node_copy(node, own);
    world_close(&world);
}

/* ---- using it up ---- */

static void empty_chain(struct shm_port *port, struct shm_chain *chain)
{
    for (uint64_t first; (first = shm_chain_first(port, chain)) != 0;) {
        const struct shm_frame *frame = shm_chain_frame(port, first);
        for (uint32_t i = 0; i < frame->size; i++)
            (void)((const volatile uint8_t *)frame)[i]; /* it can be read */
        shm_turn_begin(port, 0, 0);
        shm_chain_log_again(port, chain);
        shm_chain_consume(port, chain, first);
        shm_turn_commit(port);
    }
}

/* What was found to add up can be used: all mail taken out, all memory given out. */
void world_use_all(struct worker *w)
{
    struct shm_port *port = &w->port;
    uint32_t order = 0;
    for (uint32_t peer = 0; peer < NODE_SLOTS; peer++) {
        empty_chain(port, &port->priv->over_data[peer]);
        empty_chain(port, &port->priv->over_control[peer]);
    }
    for (uint32_t index = 1; index < port->priv->fresh_actor; index++)
        if (port->actors[index].state != SHM_FREE)
            empty_chain(port, &port->actors[index].mail);
    shm_turn_begin(port, 0, 0);
    for (uint32_t unit; (unit = shm_arena_take(port, order)) != 0; order = (order + 1) % 4)
        memset(shm_unit(port, unit), 0xee, SHM_UNIT << order);
    shm_turn_undo(port);
    for (uint32_t peer = 0; peer < NODE_SLOTS; peer++)
        for (uint32_t lane = 0; peer != port->slot && lane < 2; lane++) {
            shm_turn_begin(port, 0, 0);
            struct shm_frame *frame = shm_lane_reserve(port, peer, lane, 1024);
            if (frame != NULL)
                memset(frame, 0, 1024);
            shm_turn_undo(port);
        }
}
