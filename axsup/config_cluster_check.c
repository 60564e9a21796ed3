/* SPDX-License-Identifier: MIT */
/* config_cluster_check.c - what one key of the cluster alone does not show: names, addresses,
 * times and numbers that go together; and the worker entry that the cluster is made of. */
#include "axsup/config_cluster_check.h"

#include "axsup/config_keys.h"
#include "libax/gateway.h"
#include "overlay/core/ident.h"

#include <ax/actor.h>
#include <ax/registry.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define MARGIN_NS UINT64_C(1000000000) /* of give_up, above lease_ttl and dead */
#define WRITE_MOST (UINT64_C(1) << 30) /* of write_buffer */
#define WRONG(c, key, ...) sup_config_error((c)->errors, (c)->cluster->json, (key), __VA_ARGS__)

/* -- names and addresses ----------------------------------------------------------------------- */

const char *sup_cluster_name_fault(const char *name)
{
    const struct ax_span text = {name, (uint32_t)strlen(name)};

    if (ov_marker(text) != 0)
        return " has the form of a node's session, NAME@boot-HEX-session-N: no node is called so";
    return ov_node_valid(text) && strchr(name, '/') == NULL
               ? ""
               : " is no name of a node: expected text without \"/\" and control characters";
}

static bool same_address(const struct sup_listen_config *a, const struct sup_listen_config *b)
{
    char one[BOOT_ADDRESS_TEXT], other[BOOT_ADDRESS_TEXT];

    return strcmp(boot_address_text(&a->address, one), boot_address_text(&b->address, other)) == 0;
}

static bool any_port(const struct sup_listen_config *at)
{
    char text[BOOT_ADDRESS_TEXT];
    const char *colon = strrchr(boot_address_text(&at->address, text), ':');

    return *text != '/' && colon && strcmp(colon, ":0") == 0;
}

static void check_peer(struct cluster_checker *c, const struct sup_listen_config *peer)
{
    const struct sup_cluster_config *cluster = c->cluster;
    const struct sup_json *node = sup_json_get(cluster->json, "peers");
    const char *fault = sup_cluster_name_fault(peer->name);

    if (*fault)
        sup_config_error(c->errors, node, peer->name, "\"%s\"%s", peer->name, fault);
    else if (cluster->node && strcmp(peer->name, cluster->node) == 0)
        sup_config_error(c->errors, node, peer->name,
                         "\"%s\" is this node itself: peers are the others", peer->name);
    else if (any_port(peer))
        sup_config_error(c->errors, node, peer->name,
                         "port 0 cannot be dialled: expected the one that \"%s\" listens at",
                         peer->name);
    else if (cluster->listen.text && same_address(peer, &cluster->listen))
        sup_config_error(c->errors, node, peer->name,
                         "%s is where this node itself listens: expected the address of \"%s\"",
                         peer->text, peer->name);
}

static void check_nodes(struct cluster_checker *c)
{
    const struct sup_cluster_config *cluster = c->cluster;
    const char *fault = cluster->node ? sup_cluster_name_fault(cluster->node) : "";

    if (*fault)
        WRONG(c, "node", "\"%s\"%s", cluster->node, fault);
    for (size_t i = 0; i < cluster->n_peers; i++)
        check_peer(c, &cluster->peers[i]);
    for (size_t i = 0; cluster->listen.text && i < c->config->n_listen; i++)
        if (!any_port(&cluster->listen) && same_address(&c->config->listen[i], &cluster->listen))
            WRONG(c, "listen", "\"%.63s\" of the system's listen has that address already",
                  c->config->listen[i].name);
}

/* The gateway's own names. */
static void check_taken(struct cluster_checker *c)
{
    const struct sup_config *config = c->config;

    for (size_t i = 0; i < config->n_listen; i++)
        if (strcmp(config->listen[i].name, SUP_LISTEN_CLUSTER) == 0)
            sup_config_error(c->errors, sup_json_get(config->node, "listen"), SUP_LISTEN_CLUSTER,
                             "\"" SUP_LISTEN_CLUSTER "\" is the name of the socket at which the "
                             "other nodes are heard: choose another one");
    for (size_t i = 0; i < config->n_workers; i++) {
        const struct sup_worker_config *worker = &config->workers[i];

        if (worker->name && strcmp(worker->name, GATEWAY_NAME) == 0)
            sup_config_error(c->errors, worker->node, "name",
                             "\"" GATEWAY_NAME
                             "\" is the name of the worker that speaks with other "
                             "nodes: choose another one");
        for (size_t k = 0; k < worker->n_actors; k++)
            if (worker->actors[k].name && strcmp(worker->actors[k].name, GATEWAY_NAME) == 0)
                sup_config_error(c->errors, worker->actors[k].node, "name",
                                 "\"" GATEWAY_NAME "\" is the name of the actor that speaks with "
                                 "other nodes: choose another one");
    }
}

/* -- registries -------------------------------------------------------------------------------- */

static const struct sup_registry_config *registry_of(const struct sup_config *config,
                                                     const char *name)
{
    for (size_t i = 0; i < config->n_workers; i++)
        for (size_t k = 0; k < config->workers[i].n_registries; k++) {
            const struct sup_registry_config *one = &config->workers[i].registries[k];

            if (one->name && strcmp(one->name, name) == 0)
                return one;
        }
    return NULL;
}

static bool is_earlier(const struct sup_json *list, const struct sup_json *item)
{
    for (const struct sup_json *e = list->first; e != item; e = e->next)
        if (e->kind == SUP_JSON_STRING && strcmp(e->text, item->text) == 0)
            return true;
    return false;
}

/* Keys of actors that are always there, in a registry that lets none of them rest. */
static void check_singletons(struct cluster_checker *c, const struct sup_spread_config *one,
                             const struct sup_registry_config *registry)
{
    const struct sup_json *list = sup_json_get(one->json, "singletons");

    for (struct sup_json *e = one->n_singletons > 0 ? list->first : NULL; e; e = e->next)
        if (e->kind == SUP_JSON_STRING && strlen(e->text) > AX_KEY_MAX)
            sup_config_error(c->errors, e, NULL, "%zu bytes are too many for a key: at most %u",
                             strlen(e->text), AX_KEY_MAX);
        else if (e->kind == SUP_JSON_STRING && is_earlier(list, e))
            sup_config_error(c->errors, e, NULL, "\"%s\" is here twice", e->text);
    if (one->n_singletons > 0 && registry && registry->idle_ns > 0)
        sup_config_error(c->errors, one->json, "singletons",
                         "\"%s\" passivates who is idle, and these are always there: leave out "
                         "its idle, or have them in a registry of their own",
                         one->name);
}

static void check_registries(struct cluster_checker *c)
{
    struct sup_cluster_config *cluster = c->cluster;

    for (size_t i = 0; i < cluster->n_registries; i++) {
        struct sup_spread_config *one = &cluster->registries[i];
        const struct sup_registry_config *registry =
            one->name ? registry_of(c->config, one->name) : NULL;

        one->contract = registry ? registry->contract : NULL;
        check_singletons(c, one, registry);
        if (one->name && !registry)
            sup_config_error(c->errors, one->json, "name",
                             "no worker has a registry \"%s\": expected one of theirs", one->name);
        for (size_t k = 0; one->name && k < i; k++)
            if (cluster->registries[k].name && strcmp(cluster->registries[k].name, one->name) == 0)
                sup_config_error(c->errors, one->json, "name", "\"%s\" is here twice", one->name);
    }
}

/* -- times and numbers ------------------------------------------------------------------------- */

/* Whether both keys are as they were written, or by default. */
static bool both(const struct cluster_checker *c, const char *one, const char *other)
{
    return sup_config_usable(c->cluster->json, one) && sup_config_usable(c->cluster->json, other);
}

static void check_above(struct cluster_checker *c, const char *key, uint64_t is, const char *other,
                        uint64_t than)
{
    char text[SUP_UNIT_ROOM], least[SUP_UNIT_ROOM];

    if (both(c, key, other) && is <= than)
        WRONG(c, key, "%s is not longer than %s (%s)", sup_format_duration(is, text), other,
              sup_format_duration(than, least));
}

/* As the kernel counts. */
static void check_seconds(struct cluster_checker *c, const char *key, uint64_t is)
{
    char text[SUP_UNIT_ROOM], right[SUP_UNIT_ROOM];

    if (is % AX_SECONDS(1) != 0)
        sup_config_error(c->errors, sup_json_get(c->cluster->json, "keepalive"), key,
                         "%s is not in whole seconds: \"%s\" would be right",
                         sup_format_duration(is, text),
                         sup_format_duration(AX_SECONDS(is / AX_SECONDS(1) + 1), right));
}

/* At half of a lease its owner asks for more time; an answer that comes before the margin is in
 * time. */
static void check_lease(struct cluster_checker *c)
{
    const struct sup_cluster_config *cluster = c->cluster;
    uint64_t answer = sup_cluster_answer(cluster);
    uint64_t least = 2 * (answer + cluster->lease_margin_ns);
    char is[SUP_UNIT_ROOM], right[SUP_UNIT_ROOM], other[SUP_UNIT_ROOM], more[SUP_UNIT_ROOM];

    if (!both(c, "lease_ttl", "lease_margin"))
        return;
    if (cluster->lease_ttl_ns < 2 * cluster->heartbeat_ns && both(c, "heartbeat", "lease_ttl"))
        WRONG(c, "lease_ttl",
              "%s is too short for a heartbeat of %s: at least \"%s\", so that who is lost is "
              "noticed before its leases are",
              sup_format_duration(cluster->lease_ttl_ns, is),
              sup_format_duration(cluster->heartbeat_ns, other),
              sup_format_duration(2 * cluster->heartbeat_ns, right));
    else if (cluster->lease_ttl_ns < least)
        WRONG(c, "lease_ttl",
              "%s is too short to be renewed: at least \"%s\", twice what the store's answer may "
              "take (%s) and lease_margin (%s)",
              sup_format_duration(cluster->lease_ttl_ns, is), sup_format_duration(least, right),
              sup_format_duration(answer, other),
              sup_format_duration(cluster->lease_margin_ns, more));
}

/* Who dies without a word is found out after `dead`, and others get its shards a lease later; the
 * rest is for the store and the looking. */
static void set_give_up(struct cluster_checker *c)
{
    struct sup_cluster_config *cluster = c->cluster;

    if (!sup_config_given(cluster->json, "give_up") && both(c, "lease_ttl", "dead"))
        cluster->give_up_ns = cluster->lease_ttl_ns + cluster->dead_ns + MARGIN_NS;
}

static void check_numbers(struct cluster_checker *c)
{
    const struct sup_cluster_config *cluster = c->cluster;

    check_above(c, "suspect", cluster->suspect_ns, "heartbeat", cluster->heartbeat_ns);
    check_above(c, "dead", cluster->dead_ns, "suspect", cluster->suspect_ns);
    check_above(c, "give_up", cluster->give_up_ns, "resolve", cluster->resolve_ns);
    check_lease(c);
    check_seconds(c, "idle", cluster->keepalive.idle_ns);
    check_seconds(c, "interval", cluster->keepalive.interval_ns);
    if (cluster->store_wait_ns != 0 && cluster->store.kind == SUP_STORE_MEMORY &&
        cluster->n_peers > 0)
        check_above(c, "store_wait", cluster->store_wait_ns, "lease_ttl", cluster->lease_ttl_ns);
    if (both(c, "requests", "ensures") && sup_config_usable(cluster->json, "keys") &&
        cluster->keys <= cluster->requests + cluster->ensures)
        WRONG(c, "keys", "%u are not more than requests and ensures (%u and %u)", cluster->keys,
              cluster->requests, cluster->ensures);
}

/* -- the gateway ------------------------------------------------------------------------------- */

/* An array with one more than `all`, which is to be filled; NULL without memory. */
static void *one_more(struct cluster_checker *c, const void *all, size_t n, size_t size)
{
    void *more = sup_pool_alloc(&c->config->pool, (n + 1) * size);

    c->errors->no_memory |= !more;
    if (more && n > 0)
        memcpy(more, all, n * size);
    return more;
}

static void add_listener(struct cluster_checker *c)
{
    struct sup_config *config = c->config;
    struct sup_listen_config *all =
        one_more(c, config->listen, config->n_listen, sizeof(*config->listen));

    if (!all || !c->cluster->listen.text)
        return;
    c->cluster->listen.name = SUP_LISTEN_CLUSTER;
    config->listen = all;
    config->listen[config->n_listen++] = c->cluster->listen;
}

static struct sup_actor_config *make_actor(struct cluster_checker *c)
{
    struct sup_actor_config *actor = one_more(c, NULL, 0, sizeof(*actor));

    if (!actor)
        return NULL;
    sup_config_read_defaults(c->config, &sup_key_actor, actor, c->errors);
    actor->node = c->cluster->json;
    actor->name = actor->contract = GATEWAY_NAME;
    actor->capacity = c->cluster->inbox;
    actor->worker = 0;
    return actor;
}

/* What others ask the gateway for, and it asks its own node for, has a place each. What it writes
 * to a peer that does not read is all its mail and all answers, at most: it then takes no more. */
static void set_room(struct sup_worker_config *worker, const struct sup_cluster_config *cluster,
                     uint64_t max_message)
{
    uint64_t frames = (uint64_t)cluster->inbox + cluster->requests + cluster->ensures + 1024;
    uint64_t bytes = frames * (max_message + 4096);
    uint64_t most = 2 * ((uint64_t)cluster->requests + cluster->ensures) + 256;

    worker->max_actors = 2048 + cluster->keys + cluster->requests + cluster->monitors;
    worker->write_buffer = bytes < WRITE_MOST ? bytes : WRITE_MOST;
    worker->max_asks = most < UINT16_MAX ? (unsigned)most : UINT16_MAX;
}

void sup_config_add_gateway(struct sup_config *config, struct sup_config_errors *errors)
{
    struct cluster_checker c = {config, &config->cluster, errors, 0};
    struct sup_worker_config *all, *gateway;

    if (!config->cluster.json)
        return;
    add_listener(&c);
    all = one_more(&c, config->workers, config->n_workers, sizeof(*all));
    if (!all)
        return;
    gateway = &all[config->n_workers];
    sup_config_read_defaults(config, &sup_key_worker, gateway, errors);
    gateway->node = config->cluster.json;
    gateway->name = GATEWAY_NAME;
    gateway->plugin = sup_config_builtin(config, errors, GATEWAY_NAME ".so");
    gateway->restart = config->cluster.restart;
    gateway->user = config->cluster.user;
    gateway->arena = config->cluster.arena;
    gateway->arena_max = config->cluster.arena_max;
    gateway->actors = make_actor(&c);
    gateway->n_actors = gateway->actors != NULL;
    set_room(gateway, &config->cluster, config->max_message);
    config->workers = all;
    config->n_workers++;
}

/* Whom the gateway runs as; where the user is none, that is told elsewhere. */
static uid_t reader_of(const struct sup_cluster_config *cluster)
{
    const struct passwd *entry = cluster->user ? getpwnam(cluster->user) : NULL;

    return entry ? entry->pw_uid : geteuid();
}

/* -- all of it --------------------------------------------------------------------------------- */

void sup_config_check_cluster(struct sup_config *config, struct sup_config_errors *errors)
{
    struct cluster_checker c = {config, &config->cluster, errors, 0};

    if (!sup_config_given(config->node, "cluster"))
        return;
    config->cluster.json = sup_json_get(config->node, "cluster");
    c.reader = reader_of(&config->cluster);
    check_taken(&c);
    check_nodes(&c);
    sup_cluster_check_trust(&c);
    sup_cluster_check_store(&c);
    check_registries(&c);
    set_give_up(&c);
    check_numbers(&c);
}
