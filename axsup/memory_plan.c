/* SPDX-License-Identifier: MIT */
#include "axsup/memory_plan.h"
#include "axsup/cluster.h"

#include "axsup/names.h"
#include "libax/memory_kept.h"
#include "overlay/core/lease_store.h"
#include "shm/map.h"
#include "shm/segment.h"

#define KIB UINT64_C(1024)
#define CONTROL_RING (16 * KIB)
/* Four of the largest messages, and as much as makes a stream of small ones fast where that is not
 * much memory. Measured with 64 bytes: 37 M/s through 256 KiB, 16 M/s through 64 KiB or 128 KiB. */
#define LEAST_RING (64 * KIB)
#define FAST_RING (256 * KIB)
#define FEW_SLOTS 8u
#define OWN_ARENA (64 * KIB) /* slot 0 has no actors */
/* Of a process, measured: program, libraries, first stacks and heap, and its tables. */
#define PROGRAM (6144 * KIB) /* 4.5 MiB, and what handlers begin with */
#define ACTOR_TABLES 40u
#define ASK_TABLES 80u
#define ARENA_TABLES 256u /* a byte for so many of the arena */
#define HANDLE_TABLES 400u
#define HANDLE_BUFFERS (5120 * KIB)
/* Of a lease in memory: the entry of a kept map, whose key is "REGISTRY/SHARD", and its part of a
 * bucket: there are 3.5 entries in one. */
#define LEASE_KEY (OV_REGISTRY_MAX + sizeof("/32767") - 1)
#define LEASE_BUCKET 32u
#define GATEWAY_OWN (64 * KIB) /* of the arena, besides leases: it hires clerks, and is asked */

uint32_t sup_plan_slots(const struct sup_config *config)
{
    uint32_t slots = 1;

    for (size_t i = 0; i < config->n_workers; i++)
        slots += config->workers[i].count;
    return slots;
}

const struct sup_worker_config *sup_plan_worker(const struct sup_config *config, uint32_t slot,
                                                uint32_t *number)
{
    uint32_t first = 1;

    for (size_t i = 0; slot > 0 && i < config->n_workers; i++) {
        const struct sup_worker_config *worker = &config->workers[i];

        if (slot - first < worker->count) {
            *number = slot - first;
            return worker;
        }
        first += worker->count;
    }
    return NULL;
}

uint32_t sup_plan_listeners(const struct sup_config *config, const struct sup_worker_config *worker)
{
    bool not_its = config->cluster.listen.text != NULL && !sup_config_is_gateway(config, worker);

    return (uint32_t)config->n_listen - not_its;
}

static uint32_t data_ring(const struct sup_config *config)
{
    uint64_t ring = sup_plan_slots(config) <= FEW_SLOTS ? FAST_RING : LEAST_RING;

    if (config->lane != 0)
        return (uint32_t)config->lane;
    while (ring < 4 * config->max_message)
        ring *= 2;
    return (uint32_t)ring;
}

/* Each configured actor has a name; of those that are spawned some have. */
static uint32_t names_room(const struct sup_config *config)
{
    uint64_t names = 0;

    for (size_t w = 0; w < config->n_workers; w++) {
        uint64_t most = config->workers[w].max_actors;

        names += config->workers[w].count * (most < SUP_SPARE_NAMES ? most : SUP_SPARE_NAMES);
        names += config->workers[w].n_actors;
    }
    return sup_names_room(names);
}

/* Of the config, in that process of the entry. */
static uint32_t actors_of(const struct sup_worker_config *worker, uint32_t number)
{
    uint32_t count = 0;

    for (size_t i = 0; worker != NULL && i < worker->n_actors; i++)
        count += worker->actors[i].worker == number;
    return count;
}

static bool is_about_leases(const struct sup_config *config, const struct sup_worker_config *worker)
{
    return worker->n_registries != 0 || sup_config_is_gateway(config, worker);
}

void sup_plan_slot(const struct sup_config *config, uint32_t slot, struct shm_geometry *geo)
{
    uint32_t number = 0;
    const struct sup_worker_config *worker = sup_plan_worker(config, slot, &number);
    const struct shm_plan what = {
        .slot = slot,
        .slots = sup_plan_slots(config),
        .actors = worker != NULL ? worker->max_actors : 1,
        .arena_bytes = worker != NULL ? sup_arena_most(worker) : OWN_ARENA,
        .events = worker != NULL ? config->events : 1,
        .letters = worker != NULL ? config->deadletters : 1,
        .data_ring = data_ring(config),
        .control_ring = (uint32_t)CONTROL_RING,
        .max_message = (uint32_t)config->max_message,
        .members = worker != NULL ? worker->max_memberships : 0,
        .names = slot == 0 ? names_room(config) : 0,
        .histograms = actors_of(worker, number),
        .leases =
            worker != NULL && is_about_leases(config, worker) ? sup_cluster_leases(config) : 0,
        .tells = worker != NULL && sup_config_is_gateway(config, worker),
    };

    shm_plan_geometry(&what, geo);
}

uint32_t sup_plan_units(const struct sup_config *config, uint32_t slot)
{
    uint32_t number;
    const struct sup_worker_config *worker = sup_plan_worker(config, slot, &number);

    return (uint32_t)((worker != NULL ? worker->arena : OWN_ARENA) / SHM_UNIT);
}

/* In the kept map of the gateway that has the lease store. What a turn replaces is free when it
 * commits; it goes on in another one when it has logged half of what it may (far_go_on). */
static uint64_t leases_bytes(const struct sup_config *config)
{
    uint64_t size = shm_map_entry_size(LEASE_KEY, sizeof(struct ov_store_record));
    uint64_t entry = (uint64_t)SHM_UNIT << shm_order_of(size);
    uint64_t leases = sup_cluster_leases_kept(config), turn = SHM_UNDO / 2;

    return leases * (entry + LEASE_BUCKET) + (leases < turn ? leases : turn) * entry;
}

/* What lanes can hold is no more than a quarter of an arena. */
uint64_t sup_plan_arena_least(const struct sup_config *config, uint32_t slot)
{
    uint32_t number;
    const struct sup_worker_config *worker = sup_plan_worker(config, slot, &number);
    struct shm_geometry geo;

    sup_plan_slot(config, slot, &geo);
    uint64_t bytes = (uint64_t)memory_kept_least(&geo) * SHM_UNIT;
    uint64_t lanes = (uint64_t)memory_kept_lanes(&geo, geo.slots, UINT32_MAX) * SHM_UNIT;
    if (worker != NULL && sup_config_is_gateway(config, worker))
        bytes = 2 * bytes + GATEWAY_OWN + leases_bytes(config);
    return bytes + (lanes < bytes / 3 ? lanes : bytes / 3);
}

uint64_t sup_plan_bytes(const struct sup_config *config)
{
    uint32_t slots = sup_plan_slots(config);
    uint64_t bytes = 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        struct shm_geometry geo;

        sup_plan_slot(config, slot, &geo);
        bytes += shm_private_there(&geo, sup_plan_units(config, slot)) + geo.public_bytes +
                 (slots - 1) * geo.edge_bytes;
    }
    return bytes;
}

/* It maps its own memory, the public one of all others and the lanes from and to each. */
uint64_t sup_plan_space(const struct sup_config *config, uint32_t slot)
{
    uint32_t slots = sup_plan_slots(config), number;
    const struct sup_worker_config *worker = sup_plan_worker(config, slot, &number);
    uint64_t bytes = PROGRAM + config->max_message;

    for (uint32_t other = 0; other < slots; other++) {
        struct shm_geometry geo;

        sup_plan_slot(config, other, &geo);
        bytes += geo.public_bytes + (other == slot ? geo.private_bytes : 2 * geo.edge_bytes);
    }
    if (worker == NULL)
        return bytes;
    bytes += ACTOR_TABLES * (uint64_t)worker->max_actors + ASK_TABLES * (uint64_t)worker->max_asks +
             sup_arena_most(worker) / ARENA_TABLES;
    if (sup_plan_listeners(config, worker) > 0)
        bytes += HANDLE_BUFFERS + HANDLE_TABLES * (uint64_t)worker->max_handles;
    return bytes;
}
