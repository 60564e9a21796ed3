/* SPDX-License-Identifier: MIT */
/* config_trust.c - by what the nodes of a cluster know each other, and who keeps its leases:
 * whether the keys of these two go together. */
#include "axsup/config_cluster_check.h"

#include "overlay/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRONG(c, key, ...) sup_config_error((c)->errors, (c)->cluster->json, (key), __VA_ARGS__)

static bool given(const struct cluster_checker *c, const char *key)
{
    return sup_json_get(c->cluster->json, key) != NULL; /* right or wrong */
}

/* -- trust ------------------------------------------------------------------------------------- */

static void check_pin(struct cluster_checker *c, const struct sup_pin_config *pin)
{
    static const uint8_t zeros[SUP_PIN_BYTES];
    const struct sup_json *pins = sup_json_get(c->cluster->json, "pins");
    const char *fault = sup_cluster_name_fault(pin->node);

    if (*fault)
        sup_config_error(c->errors, pins, pin->node, "\"%s\"%s", pin->node, fault);
    else if (memcmp(pin->key, zeros, sizeof(zeros)) == 0)
        sup_config_error(c->errors, pins, pin->node,
                         "zeros are nobody's key: expected the one that \"axsup keygen --key\" "
                         "printed for \"%s\"",
                         pin->node);
}

static void check_pins(struct cluster_checker *c)
{
    const struct sup_cluster_config *cluster = c->cluster;
    const struct sup_json *pins = sup_json_get(cluster->json, "pins");

    if (given(c, "key_file") && !pins)
        WRONG(c, "key_file",
              "without pins every node is refused: expected the public key of each "
              "in \"pins\"");
    if (pins && !given(c, "key_file"))
        WRONG(c, "pins",
              "without a key_file no key is asked for: \"axsup keygen --key FILE\" "
              "makes one");
    for (size_t i = 0; i < cluster->n_pins; i++)
        check_pin(c, &cluster->pins[i]);
    for (size_t i = 0; pins && pins->kind != SUP_JSON_BAD && i < cluster->n_peers; i++)
        if (!sup_json_get(pins, cluster->peers[i].name))
            WRONG(c, "pins", "no key for the peer \"%s\": it would be refused",
                  cluster->peers[i].name);
}

static void check_tokens(struct cluster_checker *c)
{
    struct sup_cluster_config *cluster = c->cluster;
    const struct cluster_place token = {cluster->json, "token_file"};
    const struct sup_json *list = sup_json_get(cluster->json, "accepted");
    const char **accepted =
        sup_pool_alloc(&c->config->pool, (cluster->n_accepted + 1) * sizeof(*accepted));
    size_t n = 0;

    c->errors->no_memory |= !accepted;
    cluster->token_file = sup_cluster_check_file(c, &token, cluster->token_file, CLUSTER_TOKEN);
    for (struct sup_json *e = accepted && cluster->n_accepted > 0 ? list->first : NULL; e;
         e = e->next)
        if (e->kind == SUP_JSON_STRING)
            accepted[n++] =
                sup_cluster_check_file(c, &(struct cluster_place){e, NULL}, e->text, CLUSTER_TOKEN);
    cluster->accepted = accepted;
    cluster->n_accepted = n;
}

void sup_cluster_check_trust(struct cluster_checker *c)
{
    struct sup_cluster_config *cluster = c->cluster;
    const struct cluster_place key = {cluster->json, "key_file"};

    check_tokens(c);
    cluster->key_file = sup_cluster_check_file(c, &key, cluster->key_file, CLUSTER_KEY);
    if (!given(c, "token_file") && !cluster->allow_insecure_auth &&
        sup_config_usable(cluster->json, "allow_insecure_auth"))
        WRONG(
            c, "token_file",
            "missing: expected a file with the token that all nodes share (\"axsup keygen --token "
            "FILE\" makes one), or \"allow_insecure_auth\": true, where everybody who reaches the "
            "port may be a node");
    else if (!given(c, "token_file") && given(c, "key_file"))
        WRONG(c, "key_file", "a key is shown besides a token: expected a token_file, too");
    if (!given(c, "token_file") && given(c, "accepted"))
        WRONG(c, "accepted", "there are tokens besides that of token_file, and it is missing");
    check_pins(c);
}

/* -- the store --------------------------------------------------------------------------------- */

static bool is_endpoint(const char *text, bool local)
{
    const char *colon = strrchr(text, ':');
    char *end;

    if (local && strncmp(text, "unix:", 5) == 0)
        return text[5] == '/';
    if (!colon || colon == text || colon[1] < '1' || colon[1] > '9' || strpbrk(text, "/@ \t"))
        return false;
    bool bracketed = *text == '[' && colon[-1] == ']';
    if (!bracketed && (*text == '[' || memchr(text, ':', (size_t)(colon - text))))
        return false;
    return strtoul(colon + 1, &end, 10) <= UINT16_MAX && *end == '\0';
}

static void check_endpoints(struct cluster_checker *c, const struct sup_json *node, bool local)
{
    const struct sup_json *list = sup_json_get(node, "endpoints");

    for (const struct sup_json *e = list ? list->first : NULL; e; e = e->next)
        if (e->kind == SUP_JSON_STRING && !is_endpoint(e->text, local))
            sup_config_error(c->errors, e, NULL,
                             "expected \"HOST:PORT\"%s \"[IPV6]:PORT\"%s, found \"%.120s\"",
                             local ? "," : " or", local ? " or \"unix:/PATH\"" : "", e->text);
}

static void check_tls(struct cluster_checker *c, const struct sup_json *node,
                      const struct sup_server_config *server)
{
    static const char *const keys[] = {"ca_file", "cert_file", "key_file"};

    for (size_t i = 0; i < 3 && sup_config_usable(node, "tls") && !server->tls; i++)
        if (sup_json_get(node, keys[i]))
            sup_config_error(c->errors, node, keys[i],
                             "nothing is shown without encryption: expected \"tls\": true, too");
    for (size_t i = 1; i < 3; i++)
        if (sup_json_get(node, keys[i]) && !sup_json_get(node, keys[3 - i]))
            sup_config_error(c->errors, node, keys[i], "expected a %s, too", keys[3 - i]);
}

/* Of all of them at once. */
static void check_shards(struct cluster_checker *c, const struct sup_json *node)
{
    uint64_t shards = 0;

    for (size_t i = 0; i < c->cluster->n_registries; i++)
        shards += c->cluster->registries[i].shards;
    if (OV_STORE_ROOM(shards) > OV_STORE_ROOM_MAX)
        sup_config_error(c->errors, node, NULL,
                         "a server is asked about all shards at once: expected registries with up "
                         "to %u in all, found %llu",
                         (OV_STORE_ROOM_MAX - OV_STORE_ROOM(0)) / 2, (unsigned long long)shards);
}

static void check_server(struct cluster_checker *c, const struct sup_json *node, bool local,
                         struct sup_server_config *server)
{
#define FILE_OF(key, what)                                                                         \
    server->key =                                                                                  \
        sup_cluster_check_file(c, &(struct cluster_place){node, #key}, server->key, (what))
    char is[SUP_UNIT_ROOM], least[SUP_UNIT_ROOM];

    FILE_OF(password_file, CLUSTER_WORD);
    FILE_OF(ca_file, CLUSTER_CERTIFICATE);
    FILE_OF(cert_file, CLUSTER_CERTIFICATE);
    FILE_OF(key_file, CLUSTER_CERTIFIED);
#undef FILE_OF
    check_endpoints(c, node, local);
    check_shards(c, node);
    check_tls(c, node, server);
    if (server->user && !server->password_file)
        sup_config_error(c->errors, node, "user",
                         "who logs in has a password: expected a "
                         "password_file, too");
    if (sup_config_usable(node, "timeout") && sup_config_usable(node, "pause") &&
        server->pause_ns >= server->timeout_ns)
        sup_config_error(c->errors, node, "pause", "%s is not shorter than timeout (%s)",
                         sup_format_duration(server->pause_ns, is),
                         sup_format_duration(server->timeout_ns, least));
}

static bool is_node(const struct sup_cluster_config *cluster, const char *name)
{
    if (cluster->node && strcmp(cluster->node, name) == 0)
        return true;
    for (size_t i = 0; i < cluster->n_peers; i++)
        if (strcmp(cluster->peers[i].name, name) == 0)
            return true;
    return false;
}

/* Or what should be some. */
static bool has_peers(const struct cluster_checker *c)
{
    const struct sup_json *peers = sup_json_get(c->cluster->json, "peers");

    return peers && (peers->kind == SUP_JSON_BAD || peers->count > 0);
}

/* `node`: of the memory store, NULL where it is not in the config. */
static void check_memory(struct cluster_checker *c, const struct sup_json *node)
{
    struct sup_cluster_config *cluster = c->cluster;
    struct sup_memory_store_config *memory = &cluster->store.memory;

    if (!memory->node && !has_peers(c))
        memory->node = cluster->node;
    else if (!memory->node && node && sup_config_usable(node, "node"))
        sup_config_error(c->errors, node, "node",
                         "missing: expected the node that keeps the leases, the same on all nodes");
    else if (memory->node && sup_config_usable(cluster->json, "peers") &&
             sup_config_usable(cluster->json, "node") && !is_node(cluster, memory->node))
        sup_config_error(c->errors, node, "node",
                         "\"%s\" is neither this node nor one of its peers", memory->node);
}

/* A build can lack the library of a kind, which only the gateway would find out. */
static void check_kind(struct cluster_checker *c, const struct sup_json *node, const char *kind)
{
    const char *const *all = ov_store_kinds();
    char text[64] = "";

    for (size_t i = 0; all[i]; i++) {
        size_t used = strlen(text);

        if (strcmp(all[i], kind) == 0)
            return;
        snprintf(text + used, sizeof(text) - used, "%s\"%s\"", i ? " or " : "", all[i]);
    }
    sup_config_error(c->errors, node, kind, "left out of this build: expected %s", text);
}

void sup_cluster_check_store(struct cluster_checker *c)
{
    static const char *const kinds[] = {
        [SUP_STORE_MEMORY] = "memory", [SUP_STORE_REDIS] = "redis", [SUP_STORE_ETCD] = "etcd"};
    struct sup_store_config *store = &c->cluster->store;
    const struct sup_json *node = sup_json_get(c->cluster->json, "store"), *found = NULL;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct sup_json *one = node ? sup_json_get(node, kinds[i]) : NULL;

        if (one && found)
            sup_config_error(c->errors, node, kinds[i],
                             "one store keeps all leases: expected \"%s\" or \"%s\", found both",
                             found->key, kinds[i]);
        else if (one)
            store->kind = (enum sup_store_kind)i;
        if (one)
            check_kind(c, node, kinds[i]);
        found = found ? found : one;
    }
    if (node && node->kind == SUP_JSON_OBJECT && node->count == 0)
        WRONG(c, "store", "expected one of \"memory\", \"redis\" and \"etcd\", found none");
    else if (!node && has_peers(c))
        WRONG(c, "store",
              "missing: with peers, expected who keeps the leases, as {\"redis\": "
              "{...}}, {\"etcd\": {...}} or, for development, {\"memory\": {\"node\": "
              "NAME}}");
    if (!found || found->kind != SUP_JSON_OBJECT)
        found = NULL;
    if (store->kind == SUP_STORE_MEMORY)
        check_memory(c, found);
    else if (found)
        check_server(c, found, store->kind == SUP_STORE_REDIS,
                     store->kind == SUP_STORE_REDIS ? &store->redis : &store->etcd);
}
