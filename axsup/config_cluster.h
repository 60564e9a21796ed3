/* SPDX-License-Identifier: MIT */
/* config_cluster.h - the cluster part of a config: who this node is, whom it knows, by what they
 * trust each other, and who keeps the leases. A part of config.h. */
#ifndef SUP_CONFIG_CLUSTER_H
#define SUP_CONFIG_CLUSTER_H

#include "axsup/config_restart.h"
#include "libax/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUP_PIN_BYTES 32       /* of a public key */
#define SUP_TOKEN_MIN 32       /* bytes of a token */
#define SUP_TOKEN_FILE_MAX 512 /* and of its file */

struct sup_json;

struct sup_listen_config {
    const char *name, *text;
    struct boot_address address;
};

struct sup_pin_config {
    const char *node;
    uint8_t key[SUP_PIN_BYTES];
};

struct sup_keepalive_config { /* of TCP */
    uint64_t idle_ns, interval_ns;
    unsigned probes;
};

enum sup_store_kind { SUP_STORE_MEMORY, SUP_STORE_REDIS, SUP_STORE_ETCD };

struct sup_memory_store_config {
    const char *node; /* who keeps it; NULL where it is wrong */
};

struct sup_server_config { /* of Redis or etcd; a text is NULL where the key is absent */
    const char *const *endpoints;
    size_t n_endpoints;
    const char *prefix, *user;
    const char *password_file, *ca_file, *cert_file, *key_file; /* absolute */
    bool tls;
    uint64_t timeout_ns, pause_ns;
};

struct sup_store_config {
    enum sup_store_kind kind; /* which of these holds */
    struct sup_memory_store_config memory;
    struct sup_server_config redis, etcd;
};

struct sup_spread_config { /* a registry that all nodes have together */
    const struct sup_json *json;
    const char *name;
    const char *contract; /* as the worker's registry of that name says; NULL: there is none */
    unsigned shards;
    const char *const *singletons; /* keys */
    size_t n_singletons;
};

struct sup_cluster_config {
    const struct sup_json *json; /* NULL: the config has no cluster */
    const char *node;            /* the logical name */
    struct sup_listen_config listen;
    struct sup_listen_config *peers; /* named by node */
    size_t n_peers;
    const char *token_file; /* absolute, as all of these; NULL: none */
    const char *const *accepted;
    size_t n_accepted;
    const char *key_file;
    struct sup_pin_config *pins;
    size_t n_pins;
    bool allow_insecure_auth;
    struct sup_store_config store;
    uint64_t store_wait_ns; /* 0: for as long as it takes */
    struct sup_spread_config *registries;
    size_t n_registries;
    uint64_t lease_ttl_ns, lease_margin_ns, round_ns;
    uint64_t heartbeat_ns, suspect_ns, dead_ns;
    uint64_t connect_ns, redial_ns[2];
    struct sup_keepalive_config keepalive;
    unsigned requests, ensures, keys, monitors;
    uint64_t owner_cache_ns, key_cache_ns, resolve_ns, give_up_ns, retry_ns;
    unsigned inbox;
    struct sup_restart_config restart; /* of the gateway, as all that follows */
    const char *user;
    uint64_t arena, arena_max; /* UINT64_MAX: it does not grow */
};

/* How long an answer of the store may take; what comes later is lost. */
static inline uint64_t sup_cluster_answer(const struct sup_cluster_config *cluster)
{
    const struct sup_store_config *store = &cluster->store;

    return store->kind == SUP_STORE_REDIS  ? store->redis.timeout_ns
           : store->kind == SUP_STORE_ETCD ? store->etcd.timeout_ns
                                           : cluster->lease_ttl_ns / 4;
}

#endif
