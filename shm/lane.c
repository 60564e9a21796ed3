/* SPDX-License-Identifier: MIT */
#include "shm/lane.h"

#include "shm/bell.h"

uint64_t shm_lane_read(const struct shm_port *port, uint32_t to, uint32_t lane)
{
    const struct shm_ends *ends = port->in_ends[to];
    /* pairs with the release in shm_lane_publish_slow of the reader */
    uint64_t read = shm_load_acquire(lane == SHM_DATA ? &ends->read_data : &ends->read_control);
    const struct shm_out *out = &port->out[to];
    /* a position that no honest reader could have: as if nothing more had been read */
    return read - out->peer_read[lane] > out->staged[lane] - out->peer_read[lane]
               ? out->peer_read[lane]
               : read;
}

uint64_t shm_lane_unread(struct shm_port *port, uint32_t to, uint32_t lane)
{
    struct shm_out *out = &port->out[to];
    out->peer_read[lane] = shm_lane_read(port, to, lane);
    return out->staged[lane] - out->peer_read[lane];
}

bool shm_lane_room(struct shm_port *port, uint32_t to, uint32_t lane, uint32_t size)
{
    struct shm_out *out = &port->out[to];
    uint64_t mask = shm_lane_mask(port, lane), staged = out->staged[lane];
    uint64_t pad = (staged & mask) + size > mask + 1 ? mask + 1 - (staged & mask) : 0;
    if (staged + pad + size - out->peer_read[lane] > mask + 1)
        out->peer_read[lane] = shm_lane_read(port, to, lane);
    return staged + pad + size - out->peer_read[lane] <= mask + 1;
}

struct shm_frame *shm_lane_reserve_slow(struct shm_port *port, uint32_t to, uint32_t lane,
                                        uint32_t size)
{
    struct shm_out *out = &port->out[to];
    uint64_t mask = shm_lane_mask(port, lane), staged = out->staged[lane];
    uint64_t pad = (staged & mask) + size > mask + 1 ? mask + 1 - (staged & mask) : 0;
    if (!shm_lane_room(port, to, lane, size))
        return NULL;
    if (pad != 0) {
        struct shm_frame *frame = (struct shm_frame *)(out->ring[lane] + (staged & mask));
        uint64_t word = pad | (uint64_t)SHM_PAD << 48;
        shm_store((uint64_t *)(void *)frame, word);
        shm_lane_stage(port, to, lane, (uint32_t)pad);
    }
    return (struct shm_frame *)(out->ring[lane] + (out->staged[lane] & mask));
}

void shm_lane_publish_slow(struct shm_port *port)
{
    for (uint64_t set = port->dirty | port->read_dirty; set != 0; set &= set - 1) {
        uint32_t to = (uint32_t)__builtin_ctzll(set);
        struct shm_out *out = &port->out[to];
        /* pairs with the acquire in shm_lane_read: the bytes may be written again */
        shm_store_release(&out->ends->read_data, port->priv->read_data[to]);
        shm_store_release(&out->ends->read_control, port->priv->read_control[to]);
        /* data before control: who reads a control frame finds the data sent before it */
        shm_store_release(&out->ends->data, out->staged[SHM_DATA]);
        shm_store_release(&out->ends->control, out->staged[SHM_CONTROL]);
    }
    port->unrung |= port->dirty;
    port->dirty = port->read_dirty = 0;
}

void shm_lane_ring(struct shm_port *port)
{
    shm_fence(); /* pairs with the one in shm_bell_park */
    for (uint64_t set = port->unrung; set != 0; set &= set - 1)
        shm_bell_ring(port, (uint32_t)__builtin_ctzll(set));
    port->unrung = 0;
}

uint64_t shm_lane_committed_end(const struct shm_port *port, uint32_t from, uint32_t lane,
                                uint64_t at, uint64_t turn, bool *malformed)
{
    const struct shm_in *in = &port->in[from];
    uint64_t committed = shm_load_acquire(&in->pub->committed);
    uint64_t end = shm_load_acquire(&in->stage->end[lane]), kept = at;
    uint32_t size;
    *malformed = false;
    if (end - at > shm_lane_mask(port, lane) + 1)
        return at;
    for (const struct shm_frame *frame;
         (frame = shm_lane_next(port, from, lane, &at, end, &size, malformed)) != NULL;) {
        if (shm_load(&frame->stamp) > committed || shm_load(&frame->stamp) > turn)
            break;
        at += size;
        kept = at;
    }
    return kept;
}

bool shm_lane_present(const struct shm_port *port, uint32_t from, uint32_t *incarnation)
{
    const struct shm_in *in = &port->in[from];
    *incarnation = shm_load_acquire(&in->pub->incarnation);
    if (shm_likely(*incarnation == in->incarnation))
        return !in->cut;
    return from == 0 || (*incarnation == shm_load(&port->slot_info[from].incarnation) &&
                         *incarnation <= port->priv->seen_down[from] + 1);
}

bool shm_lane_any(const struct shm_port *port)
{
    uint32_t incarnation;
    for (uint64_t set = port->all; set != 0; set &= set - 1) {
        uint32_t from = (uint32_t)__builtin_ctzll(set);
        const struct shm_ends *ends = port->in_ends[from];
        /* a dead writer may have been read beyond what it published */
        if (((int64_t)(shm_load_acquire(&ends->data) - port->priv->read_data[from]) > 0 ||
             (int64_t)(shm_load_acquire(&ends->control) - port->priv->read_control[from]) > 0) &&
            shm_lane_present(port, from, &incarnation))
            return true;
    }
    return false;
}
