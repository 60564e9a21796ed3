/* SPDX-License-Identifier: MIT */
#include "step.h"

#include "libax/life.h"
#include "libax/map.h"
#include "libax/record.h"
#include "libax/snapshot.h"
#include "libax/worker.h"
#include "shm/chain.h"
#include "shm/recover.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_NS 10000000000ull

static const struct shm_actor *actor_of(const struct node *node, uint32_t index)
{
    const uint8_t *base = node->priv[NODE_WORKER] + node->geo[NODE_WORKER].actor_off;
    return (const struct shm_actor *)(const void *)base + index;
}

static const struct shm_actor_cold *cold_of(const struct node *node, uint32_t index)
{
    const uint8_t *base = node->priv[NODE_WORKER] + node->geo[NODE_WORKER].cold_off;
    return (const struct shm_actor_cold *)(const void *)base + index;
}

static bool kept_at(const struct node *node, uint32_t index, const int64_t **state)
{
    const struct shm_actor *actor = actor_of(node, index);
    const uint8_t *block = node->priv[NODE_WORKER] + node->geo[NODE_WORKER].arena_off +
                           (uint64_t)actor->kept * SHM_UNIT;
    uint32_t size = *(const uint32_t *)(const void *)(block + 4);
    *state = (const int64_t *)(const void *)(block + 8 + (actor->flags & SHM_HALF ? size : 0));
    return actor->state != SHM_FREE && actor->kept != 0;
}

static uint64_t digest_of(const struct shm_map_entry *entry)
{
    const uint8_t *value = shm_map_value(entry);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < shm_map_key_len(entry); i++)
        sum = sum * 31 + entry->data[i];
    for (uint32_t i = 0; i < entry->value_len; i++)
        sum = sum * 31 + value[i];
    return sum;
}

/* What is in an actor's map, in any order. */
static void read_map(const struct shm_port *port, uint32_t index, struct seen *seen)
{
    const struct shm_map_roots *roots = map_roots(port, index);
    seen->entries[index] = seen->digest[index] = 0;
    if (roots == NULL || roots->map[0] == 0)
        return;
    const struct shm_map *map = shm_unit(port, roots->map[0]);
    seen->entries[index] = map->count;
    for (uint32_t number = 0; number < map->buckets; number++)
        for (const struct shm_map_bucket *b = map_bucket(port, map, number); b != NULL;
             b = map_more(port, b))
            for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
                if (b->slot[i] != 0)
                    seen->digest[index] += digest_of(shm_map_entry_at(port, b->slot[i]));
}

/* Links to other slots that this side has set up: counted with the list. */
static uint32_t own_links(const struct shm_port *port, const struct shm_more *more)
{
    uint32_t count = 0;
    for (uint32_t unit = more->links; unit != 0; unit = record_at(port, unit)->next)
        count +=
            record_at(port, unit)->mine && SHM_REF_SLOT(record_at(port, unit)->peer) != NODE_WORKER;
    return count;
}

/* What is counted in two places is the same in both. */
static bool counts_agree(const struct shm_port *port)
{
    uint64_t memberships = 0;
    for (uint32_t i = 1; i < port->priv->fresh_actor; i++) {
        const struct shm_more *more = port->actors[i].state == SHM_FREE ? NULL : more_of(port, i);
        if (more == NULL)
            continue;
        if (own_links(port, more) != more->own_links)
            return false;
        for (uint32_t unit = more->groups; unit != 0; memberships++)
            unit = ((const struct shm_membership *)shm_unit(port, unit))->next;
    }
    return memberships == port->priv->memberships;
}

/* Recovers once more, in this process: all must add up, and nothing may be reached that was not
 * before. */
static void add_up(struct node *node, struct seen *seen)
{
    static struct worker reader;
    struct shm_port port;
    struct shm_recovery found;
    struct shm_fds fds;
    reader.plugin = &ax_plugin;
    reader.boot = &node->boot;
    ax_worker = &reader;
    memset(&fds, 0xff, sizeof fds);
    fds.priv = node->priv_fd[NODE_WORKER];
    fds.pub = node->pub_fd[NODE_WORKER];
    for (uint32_t i = 0; i < NODE_SLOTS; i++) {
        if (i == NODE_WORKER)
            continue;
        fds.peer_pub[i] = node->pub_fd[i];
        fds.out[i] = node->edge_fd[NODE_WORKER][i];
        fds.in[i] = node->edge_fd[i][NODE_WORKER];
    }
    if (shm_port_open(&port, &node->geo[NODE_WORKER], &fds) != 0)
        return;
    if (shm_recover(&port, actor_mark, &found) != 0) {
        fprintf(stderr, "its memory does not add up: %s\n", found.wrong);
        seen->settled = false;
    }
    if (seen->settled && !counts_agree(&port)) {
        fprintf(stderr, "links or memberships are not as many as were counted\n");
        seen->settled = false;
    }
    for (uint32_t i = 1; i < STEP_RECORDS && seen->settled; i++)
        if (port.actors[i].state != SHM_FREE) {
            read_map(&port, i, seen);
            seen->saved[i] = snapshot_of(&port, i).len;
        }
    seen->units = port.arena.used;
    seen->mail = found.mail;
    shm_port_close(&port);
}

/* Events of that sort in the ring. */
static uint64_t events_of(const struct node *node, uint8_t what)
{
    const struct shm_geometry *geo = &node->geo[NODE_WORKER];
    const uint8_t *base = node->priv[NODE_WORKER];
    const struct shm_private *priv = (const void *)base;
    const struct shm_event *ring = (const void *)(base + geo->event_off);
    uint64_t count = 0;
    for (uint64_t n = priv->events > geo->events ? priv->events - geo->events : 0; n < priv->events;
         n++)
        count += ring[n % geo->events].what == what;
    return count;
}

static void look(struct node *node, struct seen *seen)
{
    const struct shm_private *priv = (const void *)node->priv[NODE_WORKER];
    static const int64_t none[5];
    const int64_t *state;
    for (uint32_t i = 1; i < STEP_RECORDS; i++) {
        seen->state[i] = actor_of(node, i)->state;
        seen->gen[i] = actor_of(node, i)->gen;
        seen->failures[i] = cold_of(node, i)->failures;
        seen->handled[i] = 0;
        if (!kept_at(node, i, &state))
            state = none;
        else
            seen->handled[i] = actor_of(node, i)->mail.handled;
        seen->sum[i] = state[0];
        seen->turns[i] = state[1];
        seen->downs[i] = state[2];
        seen->replies[i] = state[3];
        seen->errors[i] = state[4];
    }
    const struct shm_member *member =
        (const void *)(node->pub[NODE_WORKER] + node->geo[NODE_WORKER].member_off);
    seen->members = 0;
    for (uint32_t i = 0; i < node->geo[NODE_WORKER].members; i++)
        seen->members += member[i].ref != 0;
    seen->letters = priv->letters;
    seen->starts = events_of(node, SHM_ACTOR_STARTED);
    seen->stops = events_of(node, SHM_ACTOR_STOPPED);
    /* a death makes some, one for each actor with a name: end-to-end tests tell them apart */
    seen->events = priv->events - events_of(node, SHM_ACTOR_RESTARTED);
    seen->deaths = node->boot.incarnation - 1;
    add_up(node, seen);
}

/* ---- between commit and publication ---- */

/* The value that a word has if the open turn of a slot is taken back. */
static uint64_t binding(const struct node *node, uint32_t slot, uint64_t where, uint64_t value)
{
    const struct shm_private *priv = (const void *)node->priv[slot];
    const struct shm_public *pub = (const void *)node->pub[slot];
    if (priv->journal.turn == pub->committed)
        return value;
    for (uint32_t n = priv->journal.entries; n > 0; n--)
        if (priv->journal.undo[n - 1].where == where)
            value = priv->journal.undo[n - 1].old;
    return value;
}

static uint64_t binding_read(const struct node *node, const uint64_t *word)
{
    return binding(node, NODE_WORKER, (uint64_t)((const uint8_t *)word - node->priv[NODE_WORKER]),
                   *word);
}

bool seen_too_early(const struct node *node)
{
    const struct shm_private *priv = (const void *)node->priv[NODE_WORKER];
    for (uint32_t peer = 0; peer < NODE_SLOTS; peer++) {
        if (peer == NODE_WORKER)
            continue;
        const uint8_t *edge = node->edge[NODE_WORKER][peer];
        const struct shm_ends *ends = shm_edge_ends((uint8_t *)(uintptr_t)edge, NODE_WORKER, peer);
        const struct shm_staged *stage =
            shm_edge_staged((uint8_t *)(uintptr_t)edge, NODE_WORKER, peer);
        uint64_t data = binding(node, NODE_WORKER, SHM_UNDO_STAGED | peer << 1 | SHM_DATA,
                                stage->end[SHM_DATA]);
        uint64_t control = binding(node, NODE_WORKER, SHM_UNDO_STAGED | peer << 1 | SHM_CONTROL,
                                   stage->end[SHM_CONTROL]);
        if (ends->data > data || ends->control > control ||
            ends->read_data > binding_read(node, &priv->read_data[peer]) ||
            ends->read_control > binding_read(node, &priv->read_control[peer]))
            return true;
    }
    return false;
}

/* ---- rest ---- */

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Has the worker read all that slot has committed to send it? */
static bool all_read(const struct node *node, uint32_t slot)
{
    const struct shm_ends *read = shm_edge_ends(node->edge[NODE_WORKER][slot], NODE_WORKER, slot);
    const struct shm_staged *sent =
        shm_edge_staged(node->edge[slot][NODE_WORKER], slot, NODE_WORKER);
    uint64_t data = SHM_UNDO_STAGED | NODE_WORKER << 1 | SHM_DATA;
    uint64_t control = SHM_UNDO_STAGED | NODE_WORKER << 1 | SHM_CONTROL;
    return read->read_data == binding(node, slot, data, sent->end[SHM_DATA]) &&
           read->read_control == binding(node, slot, control, sent->end[SHM_CONTROL]);
}

static void (*happens)(struct node *node);

void seen_late(void (*late)(struct node *node))
{
    happens = late;
}

static bool parked(const struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    return shm_load_acquire(&pub->parked) != 0 &&
           shm_load_acquire(&pub->incarnation) == node->boot.incarnation;
}

/* That it has happened must be in what is copied with a moment. */
static uint64_t *happened(const struct node *node)
{
    return &((struct shm_private *)(void *)node->priv[0])->letters;
}

bool seen_play(struct node *node, struct seen *seen)
{
    bool now_parked = parked(node);
    if (node_take(node, seen_take, seen) != 0)
        return true;
    if (!now_parked || happens == NULL || *happened(node) != 0)
        return false;
    *happened(node) = 1;
    happens(node);
    return true;
}

/* A timer of a configured actor goes off while we wait. The worker may change all of it. */
static bool due_soon(const struct node *node)
{
    const uint8_t *units = node->priv[NODE_WORKER] + node->geo[NODE_WORKER].arena_off;
    for (uint32_t index = 1; index <= STEP_ACTORS; index++) {
        uint32_t unit = shm_load(&cold_of(node, index)->timers);
        for (uint32_t n = 0; unit != 0 && unit < node->geo[NODE_WORKER].units && n < 8; n++) {
            const struct shm_timer *timer = (const void *)(units + (uint64_t)unit * SHM_UNIT);
            if (shm_load(&timer->at) < now() + SETTLE_NS)
                return true;
            unit = shm_load(&timer->next);
        }
    }
    return false;
}

bool seen_rests(const struct node *node)
{
    const struct shm_private *priv = (const void *)node->priv[NODE_WORKER];
    return !due_soon(node) && parked(node) && (happens == NULL || *happened(node) != 0) &&
           priv->over_data[NODE_PEER].tail == 0 && priv->over_control[NODE_PEER].tail == 0 &&
           all_read(node, 0) && all_read(node, NODE_PEER);
}

bool seen_settle(struct node *node, struct seen *seen)
{
    for (uint64_t deadline = now() + SETTLE_NS; now() < deadline;) {
        bool alive = waitpid(node->worker, NULL, WNOHANG) == 0, rests = seen_rests(node);
        if (!seen_play(node, seen) && rests)
            return true;
        if (!alive) {
            node->worker = 0;
            return false;
        }
        sched_yield();
    }
    return false;
}

bool seen_finish(struct node *node, struct seen *seen)
{
    seen->settled = seen_settle(node, seen);
    node_kill(node);
    look(node, seen);
    return seen->settled;
}

void seen_print(const char *what, const struct seen *seen)
{
    fprintf(stderr,
            "  %s: settled %d letters %" PRIu64 " events %" PRIu64 " units %u mail %" PRIu64 "\n",
            what, seen->settled, seen->letters, seen->events, seen->units, seen->mail);
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        if (seen->state[i] != 0 || seen->turns[i] != 0)
            fprintf(stderr,
                    "    actor %u.%u: state %u handled %" PRIu64 " sum %" PRId64 " turns %" PRId64
                    " downs %" PRId64 " replies %" PRId64 " errors %" PRId64 "\n",
                    i, seen->gen[i], seen->state[i], seen->handled[i], seen->sum[i], seen->turns[i],
                    seen->downs[i], seen->replies[i], seen->errors[i]);
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        if (seen->entries[i] != 0)
            fprintf(stderr, "    actor %u: %" PRIu64 " entries, digest %" PRIx64 "\n", i,
                    seen->entries[i], seen->digest[i]);
    for (uint32_t i = 0; i < seen->nframes; i++)
        fprintf(stderr,
                "    frame to slot %u: kind %u method %u to %" PRIx64 " corr %" PRIu64
                " body %" PRId64 " after %" PRIu64 "\n",
                seen->frame[i].slot, seen->frame[i].kind, seen->frame[i].method, seen->frame[i].to,
                seen->frame[i].corr, seen->frame[i].body, seen->frame[i].after);
}
