/* SPDX-License-Identifier: MIT */
/* config_check.c - what one key alone does not show.
 *
 * Each check looks first whether the keys it compares were read without a mistake: a default that
 * stands in for a wrong value must not make a second one. */
#include "axsup/config_read.h"
#include "libax/boot.h"
#include "shm/names.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct checker {
    struct sup_config *config;
    struct sup_config_errors *errors;
};

bool sup_config_usable(const struct sup_json *object, const char *key)
{
    const struct sup_json *member = sup_json_get(object, key);

    return !member || member->kind != SUP_JSON_BAD;
}

bool sup_config_given(const struct sup_json *object, const char *key)
{
    return sup_json_get(object, key) && sup_config_usable(object, key);
}

/* -- names ------------------------------------------------------------------------------------- */

struct named {
    const char *name;
    const struct sup_json *node;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    if (order != 0)
        return order;
    order = (x->node->at.line > y->node->at.line) - (x->node->at.line < y->node->at.line);
    return order != 0 ? order
                      : (x->node->at.column > y->node->at.column) -
                            (x->node->at.column < y->node->at.column);
}

/* Reports all but the first that have the same name. */
static void find_taken(struct checker *c, struct named *all, size_t n, const char *what)
{
    const struct named *first = all;

    qsort(all, n, sizeof(*all), by_name);
    for (size_t i = 1; i < n; i++) {
        const struct sup_json *there;

        if (strcmp(first->name, all[i].name) != 0) {
            first = &all[i];
            continue;
        }
        there = sup_json_get(first->node, "name");
        sup_config_error(c->errors, all[i].node, "name",
                         "\"%s\" is already the name of %s at line %u column %u: each needs one of "
                         "its own",
                         first->name, what, there->at.line, there->at.column);
    }
}

static void check_no_ref(struct checker *c, const struct sup_actor_config *actor)
{
    if (shm_name_is_ref(actor->name))
        sup_config_error(c->errors, actor->node, "name",
                         "\"%s\" looks like the ref of an actor, slot.index.generation, and would "
                         "hide it",
                         actor->name);
}

static void check_names(struct checker *c)
{
    struct sup_config *config = c->config;
    struct sup_pool pool = {0};
    size_t n_actors = 0, n_registries = 0, n = 0, m = 0, k = 0;
    struct named *workers, *actors, *registries;

    for (size_t i = 0; i < config->n_workers; i++) {
        n_actors += config->workers[i].n_actors;
        n_registries += config->workers[i].n_registries;
    }
    workers = sup_pool_alloc(&pool, (config->n_workers + 1) * sizeof(*workers));
    actors = sup_pool_alloc(&pool, (n_actors + 1) * sizeof(*actors));
    registries = sup_pool_alloc(&pool, (n_registries + 1) * sizeof(*registries));
    if (!workers || !actors || !registries) {
        c->errors->no_memory = true;
        sup_pool_empty(&pool);
        return;
    }
    for (size_t i = 0; i < config->n_workers; i++) {
        const struct sup_worker_config *w = &config->workers[i];

        if (w->name)
            workers[n++] = (struct named){w->name, w->node};
        for (size_t j = 0; j < w->n_actors; j++)
            if (w->actors[j].name) {
                actors[m++] = (struct named){w->actors[j].name, w->actors[j].node};
                check_no_ref(c, &w->actors[j]);
            }
        for (size_t j = 0; j < w->n_registries; j++)
            if (w->registries[j].name)
                registries[k++] = (struct named){w->registries[j].name, w->registries[j].node};
    }
    find_taken(c, workers, n, "the worker");
    find_taken(c, actors, m, "the actor");
    find_taken(c, registries, k, "the registry");
    sup_pool_empty(&pool);
}

/* -- workers and actors ------------------------------------------------------------------------ */

static void check_user(struct checker *c, struct sup_worker_config *worker)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(worker->user);
    if (!entry && (errno == 0 || errno == ENOENT || errno == ESRCH)) {
        sup_config_error(c->errors, worker->node, "user",
                         "there is no user \"%s\": expected a name from the user database",
                         worker->user);
    } else if (!entry) {
        sup_config_error(c->errors, worker->node, "user", "\"%s\" cannot be looked up: %s",
                         worker->user, strerror(errno));
    } else {
        worker->uid = entry->pw_uid;
        worker->gid = entry->pw_gid;
    }
    if (geteuid() != 0)
        sup_config_error(c->errors, worker->node, "user",
                         "only root can run a worker as another user: run axsup as root or take "
                         "this key out");
}

/* Of an actor or a registry. */
static void check_overload(struct checker *c, const struct sup_json *owner,
                           const struct sup_overload_config *o, unsigned capacity)
{
    const struct sup_json *node = sup_json_get(owner, "overload");

    if (!node)
        return;
    if (sup_config_given(node, "low") && sup_config_given(node, "high") && o->low >= o->high)
        sup_config_error(c->errors, node, "low",
                         "%u is not below high (%u): overload ends below "
                         "where it begins",
                         o->low, o->high);
    if (sup_config_given(node, "high") && sup_config_usable(owner, "capacity") &&
        o->high > capacity)
        sup_config_error(c->errors, node, "high", "%u is above capacity (%u): at most the capacity",
                         o->high, capacity);
}

/* Gives each actor its process and counts what each process gets. */
static void check_actors(struct checker *c, struct sup_worker_config *worker)
{
    size_t share[SUP_WORKERS_MAX] = {0};
    bool countable =
        sup_config_usable(worker->node, "count") && sup_config_usable(worker->node, "max_actors");

    for (size_t i = 0; i < worker->n_actors; i++) {
        struct sup_actor_config *actor = &worker->actors[i];

        check_overload(c, actor->node, &actor->overload, actor->capacity);
        sup_config_check_snapshot(c->config, c->errors, actor);
        if (!sup_config_given(actor->node, "worker"))
            actor->worker = (unsigned)(i % worker->count);
        if (actor->worker >= worker->count) {
            if (sup_config_usable(worker->node, "count"))
                sup_config_error(c->errors, actor->node, "worker",
                                 "there is no process %u: count is %u, so 0 to %u", actor->worker,
                                 worker->count, worker->count - 1);
            actor->worker = 0;
        }
        if (++share[actor->worker] == (size_t)worker->max_actors + 1 && countable)
            sup_config_error(c->errors, actor->node, NULL,
                             "one actor more than max_actors (%u) in process %u of \"%s\"",
                             worker->max_actors, actor->worker, worker->name ? worker->name : "");
    }
}

static void check_registry(struct checker *c, const struct sup_registry_config *registry)
{
    char forget[SUP_UNIT_ROOM], idle[SUP_UNIT_ROOM];

    check_overload(c, registry->node, &registry->overload, registry->capacity);
    if (registry->forget_ns == 0 || !sup_config_given(registry->node, "forget") ||
        !sup_config_usable(registry->node, "idle") ||
        (registry->idle_ns != 0 && registry->forget_ns > registry->idle_ns))
        return;
    sup_config_error(c->errors, registry->node, "forget",
                     "%s is not longer than idle (%s): only who is passive is forgotten",
                     sup_format_duration(registry->forget_ns, forget),
                     registry->idle_ns == 0 ? "which is not set"
                                            : sup_format_duration(registry->idle_ns, idle));
}

static void check_worker(struct checker *c, struct sup_worker_config *worker)
{
    if (worker->plugin)
        sup_config_check_plugin(c->config, c->errors, worker);
    if (worker->user)
        check_user(c, worker);
    check_actors(c, worker);
    for (size_t i = 0; i < worker->n_registries; i++)
        check_registry(c, &worker->registries[i]);
}

static void check_gateway(struct checker *c)
{
    struct sup_config *config = c->config;

    sup_config_add_gateway(config, c->errors);
    if (config->cluster.json && config->cluster.user)
        check_user(c, &config->workers[config->n_workers - 1]);
}

/* -- the system -------------------------------------------------------------------------------- */

static void check_sum(struct checker *c)
{
    const struct sup_config *config = c->config;
    bool gateway = sup_config_given(config->node, "cluster");
    unsigned sum = 0, most = gateway ? SUP_WORKERS_MAX - 1 : SUP_WORKERS_MAX;

    for (size_t i = 0; i < config->n_workers; i++) {
        sum += config->workers[i].count;
        if (sum <= most)
            continue;
        sup_config_error(c->errors, config->workers[i].node, "count",
                         "makes %u worker processes in all: at most %u%s", sum, most,
                         gateway ? " in a cluster, whose gateway is one more" : "");
        return;
    }
}

static void check_registries(struct checker *c)
{
    const struct sup_config *config = c->config;
    size_t sum = 0;

    for (size_t i = 0; i < config->n_workers; i++) {
        sum += config->workers[i].n_registries;
        if (sum <= BOOT_REGISTRIES)
            continue;
        sup_config_error(c->errors, config->workers[i].node, "registries",
                         "makes %zu registries in all: at most %u", sum, BOOT_REGISTRIES);
        return;
    }
}

static void check_lane(struct checker *c)
{
    const struct sup_config *config = c->config;
    uint64_t least = 2 * config->max_message + 4096, right = 16384;
    char is[SUP_UNIT_ROOM], would_be[SUP_UNIT_ROOM], message[SUP_UNIT_ROOM];

    if (config->lane == 0 || !sup_config_usable(config->node, "lane") ||
        !sup_config_usable(config->node, "max_message"))
        return;
    while (right < least || right < config->lane)
        right *= 2;
    if (config->lane & (config->lane - 1))
        sup_config_error(c->errors, config->node, "lane",
                         "%s is not a power of two: the next that will do is \"%s\"",
                         sup_format_size(config->lane, is), sup_format_size(right, would_be));
    else if (config->lane < least)
        sup_config_error(c->errors, config->node, "lane",
                         "%s is too small for a max_message of %s: at least \"%s\"",
                         sup_format_size(config->lane, is),
                         sup_format_size(config->max_message, message),
                         sup_format_size(right, would_be));
}

void sup_config_check_place(struct sup_config *config, struct sup_config_errors *errors)
{
    sup_config_check_run_dir(config, errors);
}

void sup_config_check(struct sup_config *config, struct sup_config_errors *errors)
{
    struct checker c = {config, errors};

    check_lane(&c);
    sup_config_check_run_dir(config, errors);
    check_names(&c);
    check_sum(&c);
    check_registries(&c);
    for (size_t i = 0; i < config->n_workers; i++)
        check_worker(&c, &config->workers[i]);
    sup_config_check_cluster(config, errors);
    check_gateway(&c);
    sup_config_check_fit(config, errors);
}
