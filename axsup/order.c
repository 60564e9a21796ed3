/* SPDX-License-Identifier: MIT */
#include "axsup/order.h"

#include "axsup/cluster.h"
#include "axsup/names.h"
#include "axsup/sup.h"
#include "libax/boot.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_GEN(epoch) ((epoch) << 24 | 1u) /* as libax gives it to a record that is new */

static uint32_t cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

static struct shm_policy policy_of(const struct sup_restart_config *restart,
                                   const struct sup_overload_config *overload,
                                   const struct sup_suspect_config *suspect,
                                   unsigned control_capacity, uint64_t drain_ns)
{
    bool retry = suspect->policy == SUP_SUSPECT_RETRY;

    return (struct shm_policy){
        .window_ns = restart->window_ns,
        .backoff_min_ns = restart->backoff_ns[0],
        .backoff_max_ns = restart->backoff_ns[1],
        .max = restart->max,
        .high = overload->high,
        .low = overload->low,
        .control_capacity = control_capacity,
        .drain_ns = drain_ns,
        .restart = (uint8_t)restart->policy,
        .drop_mail = restart->mailbox == SUP_MAILBOX_DROP,
        .block = overload->policy == SUP_OVERLOAD_BLOCK,
        .retries = retry ? (uint8_t)suspect->retry : 0,
    };
}

/* One configured actor; its record follows from its place in the list. */
static int set_actor(struct sup_slot *slot, struct boot_actor *out, uint32_t number,
                     const struct sup_actor_config *actor)
{
    uint64_t ref = SHM_REF(slot->number, 1 + number, FIRST_GEN(slot->epoch));

    snprintf(out->name, sizeof out->name, "%s", actor->name);
    snprintf(out->contract, sizeof out->contract, "%s", actor->contract);
    out->args = (char *)(uintptr_t)sup_cluster_args_of(slot, actor); /* packed by copy, both */
    out->snapshot = (void *)(uintptr_t)actor->snapshot;
    out->snapshot_size = actor->snapshot_size;
    out->capacity = actor->capacity;
    out->policy = policy_of(&actor->restart, &actor->overload, &actor->suspect,
                            actor->control_capacity, actor->drain_ns);
    /* once: an actor that has ended may have left its name to another by now */
    int error = slot->configured_epoch == slot->epoch + 1
                    ? 0
                    : sup_name_assign(slot->sup, actor->name, ref, &slot->configured[number]);
    out->name_entry = slot->configured[number];
    return error;
}

static int set_actors(struct sup_slot *slot, struct boot *boot)
{
    const struct sup_worker_config *config = slot->config;
    int error = 0;

    for (size_t i = 0; i < config->n_actors && error == 0; i++)
        if (config->actors[i].worker == slot->count) {
            error =
                set_actor(slot, &boot->actors[boot->nactors], boot->nactors, &config->actors[i]);
            boot->nactors++;
        }
    if (error == 0)
        slot->configured_epoch = slot->epoch + 1;
    return error;
}

/* Those of the whole system: their keys are looked up from everywhere. */
static void set_registries(const struct sup_config *config, struct boot *boot)
{
    uint32_t first = 1;

    for (size_t i = 0; i < config->n_workers; first += config->workers[i].count, i++)
        for (size_t k = 0; k < config->workers[i].n_registries; k++) {
            const struct sup_registry_config *from = &config->workers[i].registries[k];
            struct boot_registry *to = &boot->registries[boot->nregistries++];

            *to = (struct boot_registry){
                .first = first,
                .slots = config->workers[i].count,
                .keys = from->keys,
                .capacity = from->capacity,
                .idle_ns = from->idle_ns,
                .forget_ns = from->forget_ns,
                .policy = policy_of(&from->restart, &from->overload, &from->suspect,
                                    from->control_capacity, from->drain_ns),
            };
            sup_cluster_shards(config, from->name, &to->shards, &to->first_lease);
            snprintf(to->name, sizeof to->name, "%s", from->name);
            snprintf(to->contract, sizeof to->contract, "%s", from->contract);
        }
}

int sup_order_pack(struct sup_slot *slot)
{
    const struct sup_worker_config *config = slot->config;
    struct boot boot = {
        .slot = slot->number,
        .incarnation = slot->incarnation + 1,
        .epoch = slot->epoch,
        .spin_us = config->spin_us,
        .cores = cores(),
        .max_asks = config->max_asks,
        .max_handles = config->max_handles,
        .read_buffer = (uint32_t)config->read_buffer,
        .write_buffer = (uint32_t)config->write_buffer,
        .node = slot->sup->cluster.boot,
        .gateway = sup_cluster_slot(slot->sup),
        .nlisteners = sup_cluster_listeners(slot),
        .torment = config->torment == SUP_TORMENT_AWAIT,
        .slow_ns = config->slow_after_ns,
        .fault = slot->child.fault,
        .nends = slot->incarnation < BOOT_ENDS ? slot->incarnation : BOOT_ENDS,
        .geo = slot->memory.geo,
    };

    snprintf(boot.name, sizeof boot.name, "%s", slot->name);
    memcpy(boot.ends, slot->ends, sizeof boot.ends);
    set_registries(slot->sup->config, &boot);
    for (uint32_t i = 0; i < boot.nlisteners; i++)
        snprintf(boot.listener[i], sizeof boot.listener[i], "%s", slot->sup->listeners.all[i].name);
    boot.actors = calloc(config->n_actors + 1, sizeof *boot.actors);
    if (boot.actors == NULL)
        return -ENOMEM;
    int error = set_actors(slot, &boot);
    if (error == 0)
        error = boot_pack(&boot, &slot->child.order, &slot->child.order_size);
    free(boot.actors);
    return error;
}

void sup_order_drop(struct sup_slot *slot)
{
    free(slot->child.order);
    slot->child.order = NULL;
    slot->child.order_size = 0;
}

int sup_order_init(struct sup_slot *slot)
{
    struct shm_fds fds;
    struct sup_child *child = &slot->child;

    const struct sup_listeners *listeners = &slot->sup->listeners;
    uint32_t own = boot_fds_count(slot->sup->n_slots), n = sup_cluster_listeners(slot);

    child->n_fds = own + n;
    child->order_fds = malloc(child->n_fds * sizeof *child->order_fds);
    slot->configured = calloc(slot->config->n_actors + 1, sizeof *slot->configured);
    if (child->order_fds == NULL || slot->configured == NULL)
        return -ENOMEM;
    sup_memory_fds(slot->sup, slot->number, &fds);
    boot_fds_flatten(&fds, slot->number, slot->sup->n_slots, child->order_fds);
    for (uint32_t i = 0; i < n; i++)
        child->order_fds[own + i] = listeners->all[i].fd;
    return sup_order_pack(slot);
}

void sup_order_deinit(struct sup_slot *slot)
{
    sup_order_drop(slot);
    free(slot->child.order_fds);
    free(slot->configured);
    slot->child.order_fds = NULL;
    slot->configured = NULL;
}
