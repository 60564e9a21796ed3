/* SPDX-License-Identifier: MIT */
#include "shm/recover.h"

#include "shm/chain.h"
#include "shm/lane.h"

#include <errno.h>
#include <stdlib.h>

static const char *take_back(struct shm_port *port)
{
    struct shm_private *priv = port->priv;
    struct shm_journal *journal = &priv->journal;
    uint64_t committed = port->pub->committed;
    port->turn = journal->turn;
    if (journal->turn == committed)
        return NULL;
    if (journal->turn != committed + 1)
        return "the turn numbers";
    if (journal->actor != 0 && journal->actor < priv->fresh_actor)
        shm_store(&priv->suspect, journal->actor | (uint64_t)(journal->message == 0) << 32 |
                                      (uint64_t)(journal->message == SHM_IN_ORDER) << 33);
    shm_order();
    if (!shm_undo_words(port))
        return "the undo log";
    shm_store(&journal->actor, 0);
    shm_order();
    shm_store_release(&port->pub->committed, port->turn);
    return NULL;
}

/* Begins the lane anew where its reader says that it is; what it held unread is lost, and told.
 * From the start of the lap to there nothing lies, in the form of a frame. */
static void restart_lane(struct shm_port *port, struct shm_out *out, uint32_t lane, uint64_t read)
{
    uint64_t mask = shm_lane_mask(port, lane), pad = ((read - 1) & mask) + 1;
    if (read != 0)
        shm_store((uint64_t *)(void *)out->ring[lane], pad | (uint64_t)SHM_PAD << 48);
    shm_order();
    shm_store(&out->stage->end[lane], read);
    shm_order();
    shm_store_release(lane == SHM_DATA ? &out->ends->data : &out->ends->control, read);
}

/* Its two ends and the reader's position must agree. Who of both is wrong cannot be known, so a
 * peer that lies about it loses what was sent to it, and this slot nothing else. */
static bool lane_adds_up(struct shm_port *port, struct shm_out *out, uint32_t lane)
{
    uint64_t room = shm_lane_mask(port, lane) + 1, staged = out->stage->end[lane];
    uint64_t published = lane == SHM_DATA ? out->ends->data : out->ends->control;
    return ((staged | published) & 7) == 0 && staged - published <= room &&
           staged - out->peer_read[lane] <= room;
}

/* From where this slot has read to, frames lead to the end of the lane from a peer. A dead writer
 * may have been read beyond what it published, but not beyond what it staged. */
static bool position_adds_up(const struct shm_port *port, uint32_t peer, uint32_t lane,
                             uint64_t read, uint64_t end)
{
    uint64_t room = shm_lane_mask(port, lane) + 1;
    bool malformed = false;
    uint32_t size;
    if ((read & 7) == 0 && read - end <= room)
        return shm_load_acquire(&port->in[peer].stage->end[lane]) - read <= room;
    while (shm_lane_next(port, peer, lane, &read, end, &size, &malformed) != NULL)
        read += size;
    return !malformed;
}

/* Else one of the two is wrong: what lies unread is skipped, and told. */
static bool repair_position(struct shm_port *port, uint32_t peer, uint32_t lane, uint64_t *read)
{
    const struct shm_ends *ends = port->in_ends[peer];
    uint64_t end = shm_load_acquire(lane == SHM_DATA ? &ends->data : &ends->control);
    if (position_adds_up(port, peer, lane, *read, end))
        return true;
    shm_store(read, end & ~7ull);
    shm_order();
    return false;
}

static bool repair_lane(struct shm_port *port, uint32_t peer, uint32_t lane)
{
    struct shm_private *priv = port->priv;
    struct shm_out *out = &port->out[peer];
    uint64_t *read = lane == SHM_DATA ? &priv->read_data[peer] : &priv->read_control[peer];
    bool in = repair_position(port, peer, lane, read);
    out->peer_read[lane] &= ~7ull;
    bool sent = lane_adds_up(port, out, lane);
    if (!sent)
        restart_lane(port, out, lane, out->peer_read[lane]);
    out->staged[lane] = out->stage->end[lane];
    return in && sent;
}

static void repair_lanes(struct shm_port *port, struct shm_recovery *found)
{
    for (uint64_t set = port->all; set != 0; set &= set - 1) {
        uint32_t peer = (uint32_t)__builtin_ctzll(set);
        for (uint32_t lane = SHM_DATA; lane <= SHM_CONTROL; lane++)
            if (!repair_lane(port, peer, lane))
                found->lanes |= 1ull << peer;
        port->dirty |= 1ull << peer;
        port->read_dirty |= 1ull << peer;
    }
}

/* No process can have died that was never started. */
static const char *check_deaths(const struct shm_port *port)
{
    for (uint32_t slot = 1; slot < port->slots; slot++)
        if (slot != port->slot &&
            port->priv->seen_down[slot] > shm_load_acquire(&port->slot_info[slot].incarnation))
            return "the deaths it knows of";
    return NULL;
}

static const char *mark_chains(struct shm_port *port, uint64_t *used)
{
    for (uint32_t peer = 0; peer < port->slots; peer++)
        if (!shm_chain_mark(port, &port->priv->over_data[peer], used) ||
            !shm_chain_mark(port, &port->priv->over_control[peer], used))
            return "an overflow queue";
    return NULL;
}

static const char *mark_actors(struct shm_port *port, shm_marker *marker, uint64_t *used,
                               struct shm_recovery *out)
{
    for (uint32_t index = 1; index < port->priv->fresh_actor; index++) {
        struct shm_actor *actor = &port->actors[index];
        actor->next_run = actor->logged = 0;
        if (actor->state == SHM_FREE)
            continue;
        if (actor->state > SHM_CLOSING || actor->policy >= port->priv->policies)
            return "an actor's record";
        if (!shm_chain_mark(port, &actor->mail, used))
            return "a mailbox";
        if (!marker(port, index, used))
            return "an actor's state, monitors or timers";
        out->mail += shm_chain_depth(&actor->mail);
    }
    return NULL;
}

static const char *rebuild(struct shm_port *port, shm_marker *marker, struct shm_recovery *out,
                           uint64_t *used)
{
    const char *wrong = mark_chains(port, used);
    if (wrong == NULL)
        wrong = mark_actors(port, marker, used, out);
    if (wrong == NULL)
        shm_arena_carve(port, used);
    return wrong;
}

static const char *check_marks(struct shm_port *port)
{
    struct shm_private *priv = port->priv;
    if (priv->fresh_unit == 0 && priv->fresh_actor <= 1 && priv->journal.turn == 0) {
        /* a slot that nobody was in yet */
        priv->fresh_actor = 1;
        priv->next_id = 1;
        shm_order();
        shm_store(&priv->fresh_unit, 1);
    }
    if (priv->fresh_unit == 0 || priv->fresh_unit > port->arena.units || priv->fresh_actor == 0 ||
        priv->fresh_actor > port->geo.actors || priv->policies > SHM_POLICIES ||
        (uint32_t)priv->suspect >= priv->fresh_actor)
        return "the high-water marks";
    port->arena.fresh = priv->fresh_unit;
    return NULL;
}

int shm_recover(struct shm_port *port, shm_marker *marker, struct shm_recovery *out)
{
    *out = (struct shm_recovery){0};
    shm_store(&port->pub->parked, 0);
    shm_store(&port->pub->turn_started_at, 0);
    out->wrong = check_marks(port);
    if (out->wrong == NULL)
        out->wrong = take_back(port);
    if (out->wrong == NULL)
        out->wrong = check_marks(port); /* again: the undo log may have named them */
    if (out->wrong == NULL)
        repair_lanes(port, out);
    if (out->wrong == NULL)
        out->wrong = check_deaths(port);
    if (out->wrong != NULL)
        return -EBADMSG;
    uint64_t *used = calloc(port->arena.fresh / 64 + 1, sizeof *used);
    if (used == NULL)
        return -ENOMEM;
    out->wrong = rebuild(port, marker, out, used);
    free(used);
    return out->wrong != NULL ? -EBADMSG : 0;
}
