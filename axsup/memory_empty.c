/* SPDX-License-Identifier: MIT */
/* memory_empty.c - a slot whose memory did not add up begins anew.
 *
 * Its lanes are shared with peers that live. Where the lane to a peer goes on is decided by that
 * peer: at the position up to which it has read. Once it has dealt with the death of the slot's
 * process it reads nothing more of that lane before the next process is there, so the position
 * stands still (sup_memory_quiet). The lane from a peer goes on at what that peer has published;
 * what lies unread before it is lost, and counted. */
#include "axsup/memory.h"

#include "axsup/sup.h"
#include "shm/segment.h"

#include <errno.h>
#include <string.h>

/* The lane's positions are aligned whatever a peer says: an odd one would harm the slot. */
#define ALIGNED(position) ((position) & ~7ull)

static bool has_process(const struct sup_slot *slot)
{
    return slot->pid != 0 || slot->child.ordered;
}

/* Has the peer read all that axsup has ever sent it on the control lane? */
static bool heard_all(const struct sup *sup, uint32_t peer)
{
    const struct shm_port *port = &sup->hub.port;

    return sup->hub.waiting[peer] == 0 && shm_load_acquire(&port->in_ends[peer]->read_control) ==
                                              port->out[peer].staged[SHM_CONTROL];
}

bool sup_memory_quiet(const struct sup *sup, uint32_t slot)
{
    for (uint32_t peer = 1; peer < sup->n_slots; peer++) {
        const struct sup_slot *other = &sup->slots[peer];
        if (peer == slot || !has_process(other))
            continue;
        if (other->state == SHM_SLOT_STARTING || !heard_all(sup, peer))
            return false;
    }
    return true;
}

struct lanes { /* between a slot and one of its peers, mapped for the time being */
    uint8_t *out;
    const uint8_t *in;
    struct shm_ends *ends;
    struct shm_staged *staged;
    const struct shm_ends *peer_ends;
};

static int map_lanes(const struct sup *sup, uint32_t slot, uint32_t peer, struct lanes *lanes)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    uint64_t bytes = memory->geo.edge_bytes;

    lanes->out = shm_segment_map(memory->out[peer], bytes, true);
    if (lanes->out == NULL)
        return -errno;
    lanes->in = shm_segment_map(sup->slots[peer].memory.out_readonly[slot], bytes, false);
    if (lanes->in == NULL) {
        int error = -errno;
        shm_segment_unmap(lanes->out, bytes);
        return error;
    }
    lanes->ends = shm_edge_ends(lanes->out, slot, peer);
    lanes->staged = shm_edge_staged(lanes->out, slot, peer);
    lanes->peer_ends = shm_edge_ends((void *)(uintptr_t)lanes->in, peer, slot);
    return 0;
}

static void unmap_lanes(const struct sup *sup, const struct lanes *lanes)
{
    uint64_t bytes = sup->slots[0].memory.geo.edge_bytes;

    shm_segment_unmap(lanes->out, bytes);
    shm_segment_unmap(lanes->in, bytes);
}

/* How far the peer has read the lanes from the slot. */
static void peer_position(const struct sup *sup, uint32_t slot, uint32_t peer,
                          const struct lanes *lanes, uint64_t position[2])
{
    const struct shm_private *own = sup->hub.port.priv;

    position[SHM_DATA] = shm_load_acquire(&lanes->peer_ends->read_data);
    position[SHM_CONTROL] = shm_load_acquire(&lanes->peer_ends->read_control);
    if (peer == 0) {
        position[SHM_DATA] = own->read_data[slot];
        position[SHM_CONTROL] = own->read_control[slot];
    } else if (!has_process(&sup->slots[peer])) {
        /* what its last process committed, published or not */
        uint64_t at = slot * sizeof(uint64_t);
        (void)sup_memory_word(sup, peer, offsetof(struct shm_private, read_data) + at,
                              &position[SHM_DATA]);
        (void)sup_memory_word(sup, peer, offsetof(struct shm_private, read_control) + at,
                              &position[SHM_CONTROL]);
    }
}

/* From the start of the lap to where a lane goes on: nothing, in the form of a frame. */
static void pad_lane(const struct sup_memory *memory, uint8_t *out, uint32_t lane,
                     uint64_t position)
{
    uint64_t bytes = lane == SHM_DATA ? memory->geo.data_ring : memory->geo.control_ring;
    uint8_t *ring = out + SHM_PAGE + (lane == SHM_DATA ? memory->geo.control_ring : 0);
    uint64_t pad = ((position - 1) & (bytes - 1)) + 1;

    if (position != 0)
        shm_store((uint64_t *)(void *)ring, pad | (uint64_t)SHM_PAD << 48);
}

/* The lanes to a peer go on where it reads. */
static void reset_out(const struct sup *sup, uint32_t slot, uint32_t peer,
                      const struct lanes *lanes)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    uint64_t position[2];

    peer_position(sup, slot, peer, lanes, position);
    for (uint32_t lane = SHM_DATA; lane <= SHM_CONTROL; lane++) {
        pad_lane(memory, lanes->out, lane, ALIGNED(position[lane]));
        shm_store(&lanes->staged->end[lane], ALIGNED(position[lane]));
    }
    shm_store_release(&lanes->ends->data, ALIGNED(position[SHM_DATA]));
    shm_store_release(&lanes->ends->control, ALIGNED(position[SHM_CONTROL]));
}

/* The lanes from a peer go on at their end. How many messages were in them. */
static uint64_t reset_in(const struct sup *sup, uint32_t slot, uint32_t peer,
                         const struct lanes *lanes, struct shm_private *priv)
{
    uint64_t data = ALIGNED(shm_load_acquire(&lanes->peer_ends->data));
    uint64_t control = ALIGNED(shm_load_acquire(&lanes->peer_ends->control));
    const uint64_t range[2] = {priv->read_data[peer], data};
    uint64_t lost =
        sup_memory_each_between(&sup->slots[slot].memory, lanes->in, range, peer, NULL, NULL);

    priv->read_data[peer] = data;
    priv->read_control[peer] = control;
    shm_store(&lanes->ends->read_data, data);
    shm_store(&lanes->ends->read_control, control);
    return lost;
}

/* All of the private memory but geometry, read positions and arena; the arena's bytes mean nothing
 * without what points at them. */
static void wipe_private(const struct sup_memory *memory, struct shm_private *priv)
{
    uint64_t data[SHM_SLOTS], control[SHM_SLOTS];

    memcpy(data, priv->read_data, sizeof data);
    memcpy(control, priv->read_control, sizeof control);
    memset(&priv->journal, 0, memory->geo.arena_off - offsetof(struct shm_private, journal));
    memcpy(priv->read_data, data, sizeof data);
    memcpy(priv->read_control, control, sizeof control);
    priv->geometry = memory->geo;
}

/* All of the public memory but geometry and what never restarts. */
static void wipe_public(const struct sup_memory *memory, struct shm_public *pub,
                        uint32_t incarnation)
{
    uint32_t park_seq = pub->park_seq;

    memset(&pub->committed, 0, memory->geo.public_bytes - offsetof(struct shm_public, committed));
    pub->park_seq = park_seq;
    pub->incarnation = incarnation;
    pub->geometry = memory->geo;
}

/* The deaths that the slot has been told of, and those that were still under way to it: it begins
 * with who is there now. */
static void set_seen(const struct sup *sup, uint32_t slot, struct shm_private *priv)
{
    for (uint32_t peer = 1; peer < sup->n_slots; peer++) {
        const struct sup_slot *other = &sup->slots[peer];
        bool there = has_process(other) && !other->child.noticed;
        priv->seen_down[peer] = other->incarnation - (peer != slot && there);
    }
}

static int empty_private(const struct sup *sup, uint32_t slot, struct shm_private *priv,
                         uint64_t *lost)
{
    for (uint32_t peer = 0; peer < sup->n_slots; peer++) {
        struct lanes lanes = {0};
        if (peer == slot)
            continue;
        int error = map_lanes(sup, slot, peer, &lanes);
        if (error != 0)
            return error;
        *lost += reset_in(sup, slot, peer, &lanes, priv);
        reset_out(sup, slot, peer, &lanes);
        unmap_lanes(sup, &lanes);
    }
    wipe_private(&sup->slots[slot].memory, priv);
    set_seen(sup, slot, priv);
    return 0;
}

int sup_memory_empty(struct sup *sup, uint32_t slot, uint64_t *lost)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    struct shm_public *pub = shm_segment_map(memory->pub, memory->geo.public_bytes, true);
    struct shm_private *priv = shm_segment_map(memory->priv, memory->geo.private_bytes, true);
    int error = -ENOMEM;

    *lost = 0;
    if (pub != NULL && priv != NULL) {
        *lost = sup_slot_mail(sup, slot);
        error = empty_private(sup, slot, priv, lost);
        if (error == 0)
            wipe_public(memory, pub, sup->slots[slot].incarnation);
    }
    shm_segment_unmap(priv, memory->geo.private_bytes);
    shm_segment_unmap(pub, memory->geo.public_bytes);
    return error;
}

int sup_memory_relane(struct sup *sup, uint32_t slot)
{
    for (uint32_t peer = 0; peer < sup->n_slots; peer++) {
        struct lanes lanes = {0};
        if (peer == slot)
            continue;
        int error = map_lanes(sup, slot, peer, &lanes);
        if (error != 0)
            return error;
        reset_out(sup, slot, peer, &lanes);
        unmap_lanes(sup, &lanes);
    }
    return 0;
}
