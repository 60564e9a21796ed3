/* SPDX-License-Identifier: MIT */
/* memory_plan.h - how large the shared memory of each slot is, as the config alone tells. */
#ifndef SUP_MEMORY_PLAN_H
#define SUP_MEMORY_PLAN_H

#include "axsup/config.h"
#include "shm/geometry.h"

/* The slots of a system, that of axsup included. */
uint32_t sup_plan_slots(const struct sup_config *config);
/* The entry whose process is in a slot, and which one of its processes; NULL in slot 0. */
const struct sup_worker_config *sup_plan_worker(const struct sup_config *config, uint32_t slot,
                                                uint32_t *number);

/* How many of the listening sockets a process of the entry has. */
uint32_t sup_plan_listeners(const struct sup_config *config,
                            const struct sup_worker_config *worker);

/* Sizes and offsets of a slot's memory. */
void sup_plan_slot(const struct sup_config *config, uint32_t slot, struct shm_geometry *geo);
/* Units of its arena that have memory from the start. */
uint32_t sup_plan_units(const struct sup_config *config, uint32_t slot);

/* Bytes of an arena with which the process of a slot takes messages, and the gateway of the node
 * that keeps the leases has room for all of them; what the plugin needs comes on top. */
uint64_t sup_plan_arena_least(const struct sup_config *config, uint32_t slot);

/* Bytes of shared memory that are allocated when the system starts. */
uint64_t sup_plan_bytes(const struct sup_config *config);
/* Bytes of address space that the process of a slot takes before it does anything. */
uint64_t sup_plan_space(const struct sup_config *config, uint32_t slot);

#endif
