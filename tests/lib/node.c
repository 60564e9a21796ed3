/* SPDX-License-Identifier: MIT */
#include "tests/lib/node.h"

#include "libax/template.h"
#include "shm/bell.h"
#include "shm/obituary.h"
#include "shm/segment.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING (8u << 10)
#define DEADLINE_NS 10000000000ull

uint32_t node_arena = 128u << 10, node_actors = 24, node_members = 16;

static int must(int value, const char *what)
{
    if (value < 0) {
        fprintf(stderr, "node: %s: %d\n", what, value);
        abort();
    }
    return value;
}

static uint8_t *map(int fd, uint64_t bytes)
{
    uint8_t *at = shm_segment_map(fd, bytes, true);
    must(at == NULL ? -1 : 0, "map");
    return at;
}

static void open_slot(struct node *node, uint32_t slot)
{
    const struct shm_plan plan = {
        .slot = slot,
        .slots = NODE_SLOTS,
        .actors = node_actors,
        .arena_bytes = node_arena,
        .events = 64,
        .letters = 64,
        .data_ring = RING,
        .control_ring = RING,
        .max_message = 1024,
        .members = node_members,
        .names = slot == 0 ? 16 : 0,
    };
    shm_plan_geometry(&plan, &node->geo[slot]);
    node->priv_fd[slot] = must(shm_segment_create("private", node->geo[slot].private_bytes), "shm");
    node->pub_fd[slot] = must(shm_segment_create("public", node->geo[slot].public_bytes), "shm");
    node->priv[slot] = map(node->priv_fd[slot], node->geo[slot].private_bytes);
    node->pub[slot] = map(node->pub_fd[slot], node->geo[slot].public_bytes);
    memcpy(node->priv[slot], &node->geo[slot], sizeof node->geo[slot]);
    memcpy(node->pub[slot], &node->geo[slot], sizeof node->geo[slot]);
    node->bell[slot] = must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
}

static void fds_of(const struct node *node, uint32_t slot, struct shm_fds *fds)
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

static void open_port(struct node *node, uint32_t slot)
{
    struct shm_fds fds;
    fds_of(node, slot, &fds);
    must(shm_port_open(&node->port[slot], &node->geo[slot], &fds), "port");
    node->port[slot].arena.fresh = 1;
    node->port[slot].turn = node->port[slot].priv->journal.turn;
}

void node_open(struct node *node)
{
    memset(node, 0, sizeof *node);
    for (uint32_t slot = 0; slot < NODE_SLOTS; slot++)
        open_slot(node, slot);
    for (uint32_t i = 0; i < NODE_SLOTS; i++)
        for (uint32_t j = 0; j < NODE_SLOTS; j++) {
            if (i == j)
                continue;
            node->edge_fd[i][j] = must(shm_segment_create("edge", node->geo[0].edge_bytes), "shm");
            node->edge[i][j] = map(node->edge_fd[i][j], node->geo[0].edge_bytes);
        }
    struct shm_public *sup = (struct shm_public *)(void *)node->pub[0];
    for (uint32_t slot = 0; slot < NODE_SLOTS; slot++) {
        sup->slot[slot] = (struct shm_slot_info){
            .state = SHM_SLOT_RUNNING, .incarnation = 1, .units = node->geo[slot].units};
        if (slot != NODE_WORKER)
            ((struct shm_public *)(void *)node->pub[slot])->incarnation = 1;
    }
    open_port(node, 0);
    open_port(node, NODE_PEER);
    node->boot = (struct boot){
        .name = "worker/0",
        .slot = NODE_WORKER,
        .cores = 2,
        .max_asks = 64,
        .max_handles = 64,
        .read_buffer = 65536,
        .write_buffer = 65536,
        .geo = node->geo[NODE_WORKER],
    };
}

void node_close(struct node *node)
{
    node_kill(node);
    shm_port_close(&node->port[0]);
    shm_port_close(&node->port[NODE_PEER]);
    for (uint32_t i = 0; i < NODE_SLOTS; i++) {
        shm_segment_unmap(node->priv[i], node->geo[i].private_bytes);
        shm_segment_unmap(node->pub[i], node->geo[i].public_bytes);
        close(node->priv_fd[i]);
        close(node->pub_fd[i]);
        close(node->bell[i]);
        for (uint32_t j = 0; j < NODE_SLOTS; j++) {
            if (i == j)
                continue;
            shm_segment_unmap(node->edge[i][j], node->geo[0].edge_bytes);
            close(node->edge_fd[i][j]);
        }
    }
}

/* Pages that are zero on both sides stay untouched. */
static void copy(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += SHM_PAGE)
        if (memcmp(to + at, from + at, SHM_PAGE) != 0)
            memcpy(to + at, from + at, SHM_PAGE);
}

static void reload_port(struct shm_port *port)
{
    port->turn = port->priv->journal.turn;
    port->dirty = port->read_dirty = port->unrung = 0;
    for (uint32_t peer = 0; peer < NODE_SLOTS; peer++) {
        if (peer == port->slot)
            continue;
        struct shm_out *out = &port->out[peer];
        for (uint32_t lane = SHM_DATA; lane <= SHM_CONTROL; lane++) {
            out->staged[lane] = out->stage->end[lane];
            out->logged[lane] = 0;
        }
        out->peer_read[SHM_DATA] = port->in_ends[peer]->read_data;
        out->peer_read[SHM_CONTROL] = port->in_ends[peer]->read_control;
        out->rung = 0;
        port->in[peer].cut = false;
    }
}

void node_copy(struct node *to, const struct node *from)
{
    for (uint32_t i = 0; i < NODE_SLOTS; i++) {
        copy(to->priv[i], from->priv[i], from->geo[i].private_bytes);
        copy(to->pub[i], from->pub[i], from->geo[i].public_bytes);
        for (uint32_t j = 0; j < NODE_SLOTS; j++)
            if (i != j)
                copy(to->edge[i][j], from->edge[i][j], from->geo[0].edge_bytes);
    }
    reload_port(&to->port[0]);
    reload_port(&to->port[NODE_PEER]);
    to->boot.incarnation = from->boot.incarnation;
    to->boot.nactors = from->boot.nactors;
    to->boot.actors = from->boot.actors;
    to->boot.nregistries = from->boot.nregistries;
    memcpy(to->boot.registries, from->boot.registries, sizeof to->boot.registries);
}

bool node_differs(const struct node *a, const struct node *b)
{
    const uint32_t w = NODE_WORKER;
    if (memcmp(a->pub[w], b->pub[w], a->geo[w].public_bytes) != 0)
        return true;
    if (memcmp(a->priv[w], b->priv[w], a->geo[w].private_bytes) != 0)
        return true;
    for (uint32_t j = 0; j < NODE_SLOTS; j++)
        if (j != w && memcmp(a->edge[w][j], b->edge[w][j], a->geo[0].edge_bytes) != 0)
            return true;
    return false;
}

void node_start(struct node *node, const struct ax_plugin *plugin, bool traced)
{
    struct shm_fds fds;
    fds_of(node, NODE_WORKER, &fds);
    node->boot.incarnation++;
    ((struct shm_public *)(void *)node->pub[0])->slot[NODE_WORKER].incarnation =
        node->boot.incarnation;
    must(worker_prepare(plugin), "worker_prepare"); /* as a template does */
    fflush(NULL);
    node->worker = must(fork(), "fork");
    if (node->worker != 0)
        return;
    if (traced) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
    }
    worker_main(&node->boot, &fds, plugin);
}

void node_kill(struct node *node)
{
    if (node->worker <= 0)
        return;
    kill(node->worker, SIGKILL);
    waitpid(node->worker, NULL, 0);
    node->worker = 0;
}

uint64_t node_peer_actor(struct node *node, uint32_t index, uint64_t contract)
{
    struct shm_directory *entry = &node->port[NODE_PEER].directory[index];
    *entry = (struct shm_directory){
        .gen = 1, .state = SHM_LIVE, .contract = contract, .capacity = 100, .incarnation = 1};
    return SHM_REF(NODE_PEER, index, 1);
}

uint64_t node_ref(const struct node *node, uint32_t index)
{
    (void)node;
    return SHM_REF(NODE_WORKER, index, 1);
}

void node_send(struct node *node, uint32_t slot, uint32_t lane, const struct shm_frame *header,
               const void *body, uint32_t size)
{
    struct shm_port *port = &node->port[slot];
    shm_turn_begin(port, 0, 0);
    uint32_t bytes = shm_frame_size(size);
    struct shm_frame *frame = shm_lane_reserve(port, NODE_WORKER, lane, bytes);
    must(frame == NULL ? -1 : 0, "lane");
    *frame = *header;
    frame->size = bytes;
    frame->stamp = port->turn;
    memset(frame->body, 0, bytes - sizeof *frame);
    if (size != 0)
        memcpy(frame->body, body, size);
    shm_lane_stage(port, NODE_WORKER, lane, bytes);
    shm_turn_commit(port);
    shm_lane_flush(port);
}

static uint32_t take_lane(struct node *node, uint32_t slot, uint32_t lane, node_taker *taker,
                          void *ctx)
{
    struct shm_port *port = &node->port[slot];
    const struct shm_ends *ends = port->in_ends[NODE_WORKER];
    uint64_t end = shm_load_acquire(lane == SHM_DATA ? &ends->data : &ends->control);
    uint64_t *read = lane == SHM_DATA ? &port->priv->read_data[NODE_WORKER]
                                      : &port->priv->read_control[NODE_WORKER];
    uint32_t taken = 0, size;
    bool malformed;
    uint64_t at = *read;
    for (const struct shm_frame *frame;
         (frame = shm_lane_next(port, NODE_WORKER, lane, &at, end, &size, &malformed)) != NULL;
         taken++) {
        uint8_t own[2048] __attribute__((aligned(16)));
        memcpy(own, frame, size);
        at += size;
        *read = at;
        port->read_dirty |= 1ull << NODE_WORKER;
        taker(ctx, node, slot, lane, (const struct shm_frame *)(const void *)own);
    }
    *read = at;
    shm_lane_flush(port);
    return taken;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

bool node_unread(const struct node *node)
{
    const struct shm_port *peer = &node->port[NODE_PEER], *sup = &node->port[0];
    return !(peer->in_ends[NODE_WORKER]->read_data == peer->out[NODE_WORKER].staged[SHM_DATA] &&
             peer->in_ends[NODE_WORKER]->read_control ==
                 peer->out[NODE_WORKER].staged[SHM_CONTROL] &&
             sup->in_ends[NODE_WORKER]->read_control == sup->out[NODE_WORKER].staged[SHM_CONTROL] &&
             sup->in_ends[NODE_WORKER]->read_data == sup->out[NODE_WORKER].staged[SHM_DATA]);
}

uint32_t node_take(struct node *node, node_taker *taker, void *ctx)
{
    uint32_t taken = 0;
    for (uint32_t slot = 0; slot < NODE_SLOTS; slot++)
        for (uint32_t lane = SHM_DATA; slot != NODE_WORKER && lane <= SHM_CONTROL; lane++)
            taken += take_lane(node, slot, lane, taker, ctx);
    return taken;
}

bool node_settle(struct node *node, node_taker *taker, void *ctx)
{
    const struct shm_public *pub = (const struct shm_public *)(const void *)node->pub[NODE_WORKER];
    for (uint64_t deadline = now() + DEADLINE_NS; now() < deadline;) {
        bool alive = waitpid(node->worker, NULL, WNOHANG) == 0;
        bool parked = shm_load_acquire(&pub->parked) != 0 &&
                      shm_load_acquire(&pub->incarnation) == node->boot.incarnation;
        uint32_t taken = node_take(node, taker, ctx);
        if (taken == 0 && parked && !node_unread(node))
            return true;
        if (!alive) {
            node->worker = 0;
            return false;
        }
        sched_yield();
    }
    return false;
}
