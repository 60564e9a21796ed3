/* SPDX-License-Identifier: MIT */
/* libax/memory_kept.h - what of an arena stays free for messages, in units; axsup looks whether an
 * arena has room beside it. */
#ifndef LIBAX_MEMORY_KEPT_H
#define LIBAX_MEMORY_KEPT_H

#include "shm/geometry.h"

/* With less room than this nobody elsewhere sends anything but answers. What is kept in maps leaves
 * twice as much. */
static inline uint32_t memory_kept_least(const struct shm_geometry *geo)
{
    return 2 * geo->max_message / SHM_UNIT + 64;
}

/* What lanes can hold must always find room. */
static inline uint32_t memory_kept_lanes(const struct shm_geometry *geo, uint32_t slots,
                                         uint32_t arena_units)
{
    uint64_t units = UINT64_C(8) * (slots - 1) * geo->data_ring / SHM_UNIT;
    return units < arena_units / 4 ? (uint32_t)units : arena_units / 4;
}

#endif
