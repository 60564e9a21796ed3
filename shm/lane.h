/* SPDX-License-Identifier: MIT */
/* shm/lane.h - a ring of frames from one slot to another, single producer and single consumer.
 *
 * Positions are free-running byte counts; a frame never wraps, a PAD frame fills the rest. There
 * are two rings to an edge: data, and control, which never waits for data.
 *
 *      writer   frame bytes | staged end (logged) ...turn commits... | `data`, `control` published
 *      reader   published end (acquire) | frames, into its own arena | its turn commits
 *               | `read_*` published
 *
 * Whatever lies between published and staged belongs to the open turn, or to a committed one that
 * is not flushed. When the writer is dead its peers read up to the staged end as far as frames
 * carry a stamp <= committed: the successor would publish exactly these. */
#ifndef SHM_LANE_H
#define SHM_LANE_H

#include "shm/journal.h"

static inline uint64_t shm_lane_mask(const struct shm_port *port, uint32_t lane)
{
    return lane == SHM_DATA ? port->data_mask : port->control_mask;
}

/* Is there room for a frame of `size` bytes? Needs no turn. */
bool shm_lane_room(struct shm_port *port, uint32_t to, uint32_t lane, uint32_t size);
/* Bytes at the staged end that the reader may not have taken yet. Needs no turn. */
uint64_t shm_lane_unread(struct shm_port *port, uint32_t to, uint32_t lane);
/* Room for a frame of `size` bytes at the staged end, NULL when the ring is full. May stage a PAD.
 * Needs shm_log_room(port, 1). */
struct shm_frame *shm_lane_reserve_slow(struct shm_port *port, uint32_t to, uint32_t lane,
                                        uint32_t size);
static inline struct shm_frame *shm_lane_reserve(struct shm_port *port, uint32_t to, uint32_t lane,
                                                 uint32_t size)
{
    struct shm_out *out = &port->out[to];
    uint64_t mask = shm_lane_mask(port, lane), staged = out->staged[lane];
    if (shm_unlikely((staged & mask) + size > mask + 1 ||
                     staged + size - out->peer_read[lane] > mask + 1))
        return shm_lane_reserve_slow(port, to, lane, size);
    return (struct shm_frame *)(out->ring[lane] + (staged & mask));
}

/* Stages the reserved frame: sent if the turn commits. */
static inline void shm_lane_stage(struct shm_port *port, uint32_t to, uint32_t lane, uint32_t size)
{
    struct shm_out *out = &port->out[to];
    if (out->logged[lane] != port->turn) {
        out->logged[lane] = port->turn;
        shm_log_value(port, SHM_UNDO_STAGED | to << 1 | lane, out->staged[lane]);
    }
    shm_order();
    shm_store(&out->stage->end[lane], out->staged[lane] += size);
    port->dirty |= 1ull << to;
}

/* How far that slot says that it has read our lane to it. */
uint64_t shm_lane_read(const struct shm_port *port, uint32_t to, uint32_t lane);
/* Publishes every staged end and read position. Never within a turn. */
void shm_lane_publish_slow(struct shm_port *port);
static inline void shm_lane_publish(struct shm_port *port)
{
    if (port->dirty | port->read_dirty)
        shm_lane_publish_slow(port);
}

/* Publishes, then rings each parked peer once per parking. Never within a turn. */
void shm_lane_ring(struct shm_port *port);
static inline void shm_lane_flush(struct shm_port *port)
{
    shm_lane_publish(port);
    if (port->unrung != 0)
        shm_lane_ring(port);
}

/* More than half of the data ring to `to` is staged and not published. */
static inline bool shm_lane_half_full(const struct shm_port *port, uint32_t to)
{
    const struct shm_out *out = &port->out[to];
    return out->staged[SHM_DATA] - shm_load(&out->ends->data) > port->data_mask / 2;
}

/* The frame at `at` of the lane from `from`, of which bytes up to `end` may be read, and its size,
 * which is read once: the writer may have gone mad and change it while we look. NULL and *malformed
 * when it cannot be one: the lane is not to be read any more. A PAD is stepped over, *at moves.
 * NULL and not malformed: the end. */
static inline const struct shm_frame *shm_lane_next(const struct shm_port *port, uint32_t from,
                                                    uint32_t lane, uint64_t *at, uint64_t end,
                                                    uint32_t *size, bool *malformed)
{
    uint64_t mask = shm_lane_mask(port, lane);
    *malformed = false;
    while (*at != end && ((*at | end) & 7) == 0 && end - *at <= mask + 1) {
        uint64_t offset = *at & mask, room = mask + 1 - offset;
        const uint8_t *frame = port->in[from].ring[lane] + offset;
        uint64_t word = shm_load((const uint64_t *)(const void *)frame);
        *size = (uint32_t)word;
        if (room > end - *at)
            room = end - *at;
        if (*size < 8 || *size & 7 || *size > room)
            break;
        if (shm_unlikely(word >> 48 == SHM_PAD)) {
            *at += *size;
            continue;
        }
        if (*size < sizeof(struct shm_frame) || *size > shm_frame_size(port->geo.max_message))
            break;
        return (const struct shm_frame *)(const void *)frame;
    }
    *malformed = *at != end;
    return NULL;
}

/* What a reader may read of a lane whose writer is dead: what it had committed up to `turn`, its
 * last. A successor may write there already. *malformed: what follows is no frame. */
uint64_t shm_lane_committed_end(const struct shm_port *port, uint32_t from, uint32_t lane,
                                uint64_t at, uint64_t turn, bool *malformed);

/* May the lanes from `from` be read now? A new process there waits until the death of the one
 * before it has been dealt with; one that axsup has not started is not read. `*incarnation` is who
 * is there. */
bool shm_lane_present(const struct shm_port *port, uint32_t from, uint32_t *incarnation);
/* Does any lane that may be read hold something? */
bool shm_lane_any(const struct shm_port *port);

#endif
