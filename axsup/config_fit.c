/* SPDX-License-Identifier: MIT */
/* config_fit.c - whether what the config asks for fits into what a process can have. Each of these
 * would show when the system starts, but in words that name no key. */
#include "axsup/cluster.h"
#include "axsup/config_read.h"
#include "axsup/memory_plan.h"
#include "libax/boot.h"
#include "shm/private.h"

#include <stdlib.h>
#include <string.h>

#define FILES_OWN 4u /* standard input, output and error, and the template's socket */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* `slot`: of the entry's first process. */
static void check_limits(const struct sup_config *config, struct sup_config_errors *errors,
                         const struct sup_worker_config *worker, uint32_t slot)
{
    const struct sup_json *node = sup_json_get(worker->node, "limits");
    const struct sup_limits_config *limits = &worker->limits;
    unsigned slots = sup_plan_slots(config);
    unsigned files =
        boot_fds_count(slots) + FILES_OWN + (unsigned)sup_plan_listeners(config, worker);
    uint64_t memory = 0;
    char is[SUP_UNIT_ROOM], arena[SUP_UNIT_ROOM], right[SUP_UNIT_ROOM];

    if (!node || slots > SUP_WORKERS_MAX + 1)
        return;
    if (sup_config_given(node, "files") && limits->files < files)
        sup_config_error(errors, node, "files",
                         "%u are too few in a system of %u worker processes: at least %u, and what "
                         "the plugin opens",
                         (unsigned)limits->files, slots - 1, files);
    for (uint32_t k = 0; k < worker->count; k++)
        memory = larger(memory, sup_plan_space(config, slot + k));
    memory = (memory + (1u << 20) - 1) >> 20 << 20;
    if (sup_config_given(node, "memory") && sup_config_usable(worker->node, "arena") &&
        limits->memory < memory)
        sup_config_error(errors, node, "memory",
                         "%s is too little for an arena of %s, the lanes and the program: at least "
                         "\"%s\", and what the plugin allocates",
                         sup_format_size(limits->memory, is),
                         sup_format_size(sup_arena_most(worker), arena),
                         sup_format_size(memory, right));
}

/* Whoever has less takes no message, and a gateway does not get as far as that. */
static void check_arena_least(const struct sup_config *config, struct sup_config_errors *errors,
                              const struct sup_worker_config *worker, uint32_t slot)
{
    bool gateway = sup_config_is_gateway(config, worker);
    uint32_t kept = gateway ? sup_cluster_leases_kept(config) : 0;
    const char *key = worker->arena_max != UINT64_MAX ? "arena_max" : "arena";
    uint64_t least = sup_plan_arena_least(config, slot);
    char is[SUP_UNIT_ROOM], message[SUP_UNIT_ROOM], leases[64] = "", right[SUP_UNIT_ROOM];

    if (sup_plan_slots(config) > SUP_WORKERS_MAX + 1 || sup_arena_most(worker) >= least)
        return;
    least = (least + (1u << 20) - 1) >> 20 << 20;
    if (kept > 0)
        snprintf(leases, sizeof leases, "%u leases and ", kept);
    sup_config_error(errors, worker->node, key,
                     "%s is too little for %smessages of %s: at least \"%s\", and what %s",
                     sup_format_size(sup_arena_most(worker), is), leases,
                     sup_format_size(config->max_message, message), sup_format_size(least, right),
                     gateway ? "is under way" : "actors have");
}

static void check_arena(const struct sup_config *config, struct sup_config_errors *errors,
                        const struct sup_worker_config *worker, uint32_t slot)
{
    char is[SUP_UNIT_ROOM], arena[SUP_UNIT_ROOM];

    if (!sup_config_usable(worker->node, "arena") || !sup_config_usable(worker->node, "arena_max"))
        return;
    if (sup_config_given(worker->node, "arena_max") && worker->arena_max < worker->arena)
        sup_config_error(errors, worker->node, "arena_max", "%s is less than the arena of %s",
                         sup_format_size(worker->arena_max, is),
                         sup_format_size(worker->arena, arena));
    else
        check_arena_least(config, errors, worker, slot);
}

/* What distinguishes the policies of actors, without padding. */
struct policy {
    uint64_t word[13];
};

static struct policy policy_of(const struct sup_restart_config *r,
                               const struct sup_overload_config *o,
                               const struct sup_suspect_config *s, unsigned control_capacity,
                               uint64_t drain_ns)
{
    return (struct policy){{r->policy, r->mailbox, r->max, r->window_ns, r->backoff_ns[0],
                            r->backoff_ns[1], o->high, o->low, o->policy, s->policy, s->retry,
                            control_capacity, drain_ns}};
}

static int by_words(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct policy));
}

static size_t count_distinct(struct policy *all, size_t n)
{
    size_t distinct = n > 0;

    qsort(all, n, sizeof(*all), by_words);
    for (size_t i = 1; i < n; i++)
        distinct += by_words(&all[i - 1], &all[i]) != 0;
    return distinct;
}

/* One process of an entry: its policies have a table, the order to start it a largest size. */
static void check_share(struct sup_config_errors *errors, const struct sup_worker_config *worker,
                        unsigned process, struct policy *policies, struct boot_actor *actors)
{
    struct boot boot = {.actors = actors};
    size_t distinct, n = 0, size = 0;
    void *order = NULL;

    for (size_t i = 0; i < worker->n_registries; i++) {
        const struct sup_registry_config *registry = &worker->registries[i];

        policies[n++] = policy_of(&registry->restart, &registry->overload, &registry->suspect,
                                  registry->control_capacity, registry->drain_ns);
    }
    for (size_t i = 0; i < worker->n_actors; i++) {
        const struct sup_actor_config *actor = &worker->actors[i];

        if (actor->worker != process)
            continue;
        policies[n++] = policy_of(&actor->restart, &actor->overload, &actor->suspect,
                                  actor->control_capacity, actor->drain_ns);
        actors[boot.nactors++] = (struct boot_actor){
            .args = (char *)(uintptr_t)actor->args, /* packed by copy, both */
            .snapshot = (void *)(uintptr_t)actor->snapshot,
            .snapshot_size = actor->snapshot_size,
        };
    }
    distinct = count_distinct(policies, n);
    if (distinct > SHM_POLICIES)
        sup_config_error(errors, worker->node, "actors",
                         "%zu different settings of restart, overload and suspect in process %u: "
                         "at most %u",
                         distinct, process, SHM_POLICIES);
    if (boot_pack(&boot, &order, &size) != 0)
        errors->no_memory = true;
    if (size > BOOT_MAX)
        sup_config_error(errors, worker->node, "actors",
                         "%u actors in process %u, whose order to start takes %zu bytes, with "
                         "args and snapshots: at most %u; let actors spawn the others",
                         boot.nactors, process, size, BOOT_MAX);
    free(order);
}

static void check_shares(struct sup_config_errors *errors, const struct sup_worker_config *worker)
{
    struct sup_pool pool = {0};
    size_t n = worker->n_actors + worker->n_registries;
    struct policy *policies = sup_pool_alloc(&pool, (n + 1) * sizeof(*policies));
    struct boot_actor *actors = sup_pool_alloc(&pool, (worker->n_actors + 1) * sizeof(*actors));

    if (!policies || !actors)
        errors->no_memory = true;
    for (unsigned k = 0; policies && actors && k < worker->count; k++)
        check_share(errors, worker, k, policies, actors);
    sup_pool_empty(&pool);
}

void sup_config_check_fit(const struct sup_config *config, struct sup_config_errors *errors)
{
    uint32_t slot = 1;

    for (size_t i = 0; i < config->n_workers; slot += config->workers[i++].count) {
        check_arena(config, errors, &config->workers[i], slot);
        check_limits(config, errors, &config->workers[i], slot);
        check_shares(errors, &config->workers[i]);
    }
}
