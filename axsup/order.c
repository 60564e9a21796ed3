/* SPDX-License-Identifier: MIT */
#include "axsup/order.h"

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

static void set_policy(struct shm_policy *policy, const struct sup_actor_config *actor)
{
    *policy = (struct shm_policy){
        .window_ns = actor->restart.window_ns,
        .backoff_min_ns = actor->restart.backoff_ns[0],
        .backoff_max_ns = actor->restart.backoff_ns[1],
        .max = actor->restart.max,
        .high = actor->overload.high,
        .low = actor->overload.low,
        .control_capacity = actor->control_capacity,
        .drain_ns = actor->drain_ns,
        .restart = (uint8_t)actor->restart.policy,
        .drop_mail = actor->restart.mailbox == SUP_MAILBOX_DROP,
        .block = actor->overload.policy == SUP_OVERLOAD_BLOCK,
    };
    if (actor->suspect.policy == SUP_SUSPECT_RETRY)
        policy->retries = (uint8_t)actor->suspect.retry;
}

/* One configured actor; its record follows from its place in the list. */
static int set_actor(struct sup_slot *slot, struct boot_actor *out, uint32_t number,
                     const struct sup_actor_config *actor)
{
    uint64_t ref = SHM_REF(slot->number, 1 + number, FIRST_GEN(slot->epoch));

    snprintf(out->name, sizeof out->name, "%s", actor->name);
    snprintf(out->contract, sizeof out->contract, "%s", actor->contract);
    out->args = (char *)(uintptr_t)actor->args; /* packed by copy */
    out->capacity = actor->capacity;
    set_policy(&out->policy, actor);
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
        .slow_ns = config->slow_after_ns,
        .fault = slot->child.fault,
        .nends = slot->incarnation < BOOT_ENDS ? slot->incarnation : BOOT_ENDS,
        .geo = slot->memory.geo,
    };

    snprintf(boot.name, sizeof boot.name, "%s", slot->name);
    memcpy(boot.ends, slot->ends, sizeof boot.ends);
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

    child->n_fds = boot_fds_count(slot->sup->n_slots);
    child->order_fds = malloc(child->n_fds * sizeof *child->order_fds);
    slot->configured = calloc(slot->config->n_actors + 1, sizeof *slot->configured);
    if (child->order_fds == NULL || slot->configured == NULL)
        return -ENOMEM;
    sup_memory_fds(slot->sup, slot->number, &fds);
    boot_fds_flatten(&fds, slot->number, slot->sup->n_slots, child->order_fds);
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
