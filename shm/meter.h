/* SPDX-License-Identifier: MIT */
/* shm/meter.h - what is measured, in public memory: of each actor, and of the slot.
 *
 * Meters are no part of a turn: they count what was done, also where it is taken back, and a
 * process that dies may leave the last of them out. They stand over the deaths of processes.
 *
 * Nothing of it reads the clock for each message. axsup counts `ticks` in its own public memory,
 * eight of them in the shortest slow_after; a worker compares that one word at the end of each turn
 * and reads the clock when it has changed. So the time between two such looks is put down to the
 * turn that was in hand at the tick, which in sum is right and for one actor a sample, as a
 * kernel's accounting by ticks is; and a turn that sees two ticks go by is timed, to an eighth of
 * slow_after. The histograms are of one message in 64 or so, whose begin and end are read from the
 * clock. */
#ifndef SHM_METER_H
#define SHM_METER_H

#include "shm/atomic.h"

#define SHM_BUCKETS                                                                                \
    40u /* of a histogram: bucket i counts times below 2^(i + 1) ns, and not below                 \
           2^i, but for the first and the last, which are open */

struct shm_meter { /* of an actor; written by its process, zero at its birth */
    uint64_t busy_ns;
    uint64_t handled;        /* messages and events, as of active_at */
    uint32_t active_at;      /* when it last handled something, began, or was sent something while
                                it waited: CLOCK_MONOTONIC, hundredths of a second from 1, coarse */
    uint16_t slow, failures; /* messages that took longer than slow_after; both stop at the most */
};
_Static_assert(sizeof(struct shm_meter) == 24, "the meters of an actor");

struct shm_histograms {
    uint64_t handling[SHM_BUCKETS]; /* from the begin of a message to its end or first await */
    uint64_t queueing[SHM_BUCKETS]; /* from the send, or the arrival here, to the begin */
};

/* Of a slot; written by its process. Those of the config's actors, which have the first records,
 * have histograms of their own besides; the many that are spawned pay nothing for it. */
struct shm_meters {
    uint64_t busy_ns, slow;
    struct shm_histograms all;
};

static inline uint32_t shm_bucket(uint64_t ns)
{
    uint32_t bucket = ns < 2 ? 0 : 63u - (uint32_t)__builtin_clzll(ns);
    return bucket < SHM_BUCKETS ? bucket : SHM_BUCKETS - 1;
}

static inline uint32_t shm_hundredths(uint64_t ns)
{
    return (uint32_t)(ns / 10000000u) + 1;
}

#endif
