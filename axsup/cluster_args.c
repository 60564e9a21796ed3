/* SPDX-License-Identifier: MIT */
/* cluster_args.c - what the gateway is told: the args of its actor, one JSON object.
 *
 *   "system": "demo"                   name of the system
 *   "node": "a"                        logical name of this node
 *   "boot": "1f3a..."                  this life of it, 64 bits in hexadecimal, as boot->node
 *   "listen": "cluster"                name of its listening socket among those of the worker
 *   "address": "127.0.0.1:7000"        where that is, as the config says it
 *   "peers": {"b": "127.0.0.1:7001"}   other nodes: addresses as boot_address_read takes them
 *   "token": "/etc/ax/token"           path, or null: without cryptography
 *   "accepted": ["/etc/ax/old"]        paths of further tokens
 *   "key": "/etc/ax/a.key"             path, or null: without keys of nodes
 *   "pins": {"b": "64 hex digits"}     public keys by node
 *   "insecure": false                  whether it may do without a token
 *   "store": {"kind": "memory", "node": "a"}      which node keeps it
 *            {"kind": "redis" or "etcd", "endpoints": ["127.0.0.1:6379"], "prefix": "ax/",
 *             "user": null, "password_file": null, "tls": false, "ca_file": null,
 *             "cert_file": null, "key_file": null, "timeout_ns": n, "pause_ns": n}
 *   "registries": [{"name": "users", "contract": "user", "shards": 64, "singletons": ["root"]}]
 *   "lease_ttl_ns", "lease_margin_ns", "answer_ns", "round_ns"
 *   "heartbeat_ns", "suspect_ns", "dead_ns", "connect_ns", "redial_ns": [least, most]
 *   "keepalive": {"idle_ns": n, "interval_ns": n, "probes": n}
 *   "requests", "ensures", "keys", "monitors"
 *   "owner_cache_ns", "key_cache_ns", "resolve_ns", "give_up_ns", "retry_ns"
 *   "max_message": n                   bytes of the largest body
 *
 * Paths are absolute. No secret is in here: args can be looked at, and outlive the process.
 *
 * A token is the bytes of its file without one new line at the end, 32 or more. The file of a key
 * has 64 hexadecimal digits and perhaps a new line: the private key. */
#include "axsup/cluster.h"

#include "axsup/out.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

static void put_text(struct sup_out *out, const char *key, const char *text)
{
    sup_out_key(out, key);
    sup_out_string(out, text);
}

static void put_number(struct sup_out *out, const char *key, uint64_t number)
{
    sup_out_key(out, key);
    sup_out_number(out, number);
}

static void put_bool(struct sup_out *out, const char *key, bool truth)
{
    sup_out_key(out, key);
    sup_out_bool(out, truth);
}

static void put_list(struct sup_out *out, const char *key, const char *const *texts, size_t n)
{
    sup_out_key(out, key);
    sup_out_open(out, '[');
    for (size_t i = 0; i < n; i++)
        sup_out_string(out, texts[i]);
    sup_out_close(out, ']');
}

static void put_nodes(struct sup_out *out, const struct sup_cluster_config *cluster)
{
    put_text(out, "node", cluster->node);
    put_text(out, "listen", SUP_LISTEN_CLUSTER);
    put_text(out, "address", cluster->listen.text);
    sup_out_key(out, "peers");
    sup_out_open(out, '{');
    for (size_t i = 0; i < cluster->n_peers; i++)
        put_text(out, cluster->peers[i].name, cluster->peers[i].text);
    sup_out_close(out, '}');
}

static void put_trust(struct sup_out *out, const struct sup_cluster_config *cluster)
{
    char hex[2 * SUP_PIN_BYTES + 1];

    put_text(out, "token", cluster->token_file);
    put_list(out, "accepted", cluster->accepted, cluster->n_accepted);
    put_text(out, "key", cluster->key_file);
    sup_out_key(out, "pins");
    sup_out_open(out, '{');
    for (size_t i = 0; i < cluster->n_pins; i++)
        put_text(out, cluster->pins[i].node,
                 sodium_bin2hex(hex, sizeof hex, cluster->pins[i].key, SUP_PIN_BYTES));
    sup_out_close(out, '}');
    put_bool(out, "insecure", cluster->allow_insecure_auth);
}

static void put_server(struct sup_out *out, const struct sup_server_config *server)
{
    put_list(out, "endpoints", server->endpoints, server->n_endpoints);
    put_text(out, "prefix", server->prefix);
    put_text(out, "user", server->user);
    put_text(out, "password_file", server->password_file);
    put_bool(out, "tls", server->tls);
    put_text(out, "ca_file", server->ca_file);
    put_text(out, "cert_file", server->cert_file);
    put_text(out, "key_file", server->key_file);
    put_number(out, "timeout_ns", server->timeout_ns);
    put_number(out, "pause_ns", server->pause_ns);
}

static void put_store(struct sup_out *out, const struct sup_store_config *store)
{
    static const char *const kinds[] = {
        [SUP_STORE_MEMORY] = "memory", [SUP_STORE_REDIS] = "redis", [SUP_STORE_ETCD] = "etcd"};

    sup_out_key(out, "store");
    sup_out_open(out, '{');
    put_text(out, "kind", kinds[store->kind]);
    if (store->kind == SUP_STORE_MEMORY)
        put_text(out, "node", store->memory.node);
    else
        put_server(out, store->kind == SUP_STORE_REDIS ? &store->redis : &store->etcd);
    sup_out_close(out, '}');
}

static void put_registries(struct sup_out *out, const struct sup_cluster_config *cluster)
{
    sup_out_key(out, "registries");
    sup_out_open(out, '[');
    for (size_t i = 0; i < cluster->n_registries; i++) {
        sup_out_open(out, '{');
        put_text(out, "name", cluster->registries[i].name);
        put_text(out, "contract", cluster->registries[i].contract);
        put_number(out, "shards", cluster->registries[i].shards);
        put_list(out, "singletons", cluster->registries[i].singletons,
                 cluster->registries[i].n_singletons);
        sup_out_close(out, '}');
    }
    sup_out_close(out, ']');
}

static void put_times(struct sup_out *out, const struct sup_cluster_config *cluster)
{
    put_number(out, "lease_ttl_ns", cluster->lease_ttl_ns);
    put_number(out, "lease_margin_ns", cluster->lease_margin_ns);
    put_number(out, "answer_ns", sup_cluster_answer(cluster));
    put_number(out, "round_ns", cluster->round_ns);
    put_number(out, "heartbeat_ns", cluster->heartbeat_ns);
    put_number(out, "suspect_ns", cluster->suspect_ns);
    put_number(out, "dead_ns", cluster->dead_ns);
    put_number(out, "connect_ns", cluster->connect_ns);
    sup_out_key(out, "redial_ns");
    sup_out_open(out, '[');
    sup_out_number(out, cluster->redial_ns[0]);
    sup_out_number(out, cluster->redial_ns[1]);
    sup_out_close(out, ']');
    sup_out_key(out, "keepalive");
    sup_out_open(out, '{');
    put_number(out, "idle_ns", cluster->keepalive.idle_ns);
    put_number(out, "interval_ns", cluster->keepalive.interval_ns);
    put_number(out, "probes", cluster->keepalive.probes);
    sup_out_close(out, '}');
}

static void put_limits(struct sup_out *out, const struct sup_cluster_config *cluster)
{
    put_number(out, "requests", cluster->requests);
    put_number(out, "ensures", cluster->ensures);
    put_number(out, "keys", cluster->keys);
    put_number(out, "monitors", cluster->monitors);
    put_number(out, "owner_cache_ns", cluster->owner_cache_ns);
    put_number(out, "key_cache_ns", cluster->key_cache_ns);
    put_number(out, "resolve_ns", cluster->resolve_ns);
    put_number(out, "give_up_ns", cluster->give_up_ns);
    put_number(out, "retry_ns", cluster->retry_ns);
}

char *sup_cluster_args(const struct sup_config *config, uint64_t boot)
{
    const struct sup_cluster_config *cluster = &config->cluster;
    struct sup_out out = {0};
    char hex[17];

    snprintf(hex, sizeof hex, "%" PRIx64, boot);
    sup_out_open(&out, '{');
    put_text(&out, "system", config->system);
    put_text(&out, "boot", hex);
    put_nodes(&out, cluster);
    put_trust(&out, cluster);
    put_store(&out, &cluster->store);
    put_registries(&out, cluster);
    put_times(&out, cluster);
    put_limits(&out, cluster);
    put_number(&out, "max_message", config->max_message);
    sup_out_close(&out, '}');
    sup_out_bytes(&out, "", 1);
    if (out.error == 0)
        return out.text;
    sup_out_deinit(&out);
    return NULL;
}
