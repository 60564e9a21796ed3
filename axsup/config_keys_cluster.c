/* SPDX-License-Identifier: MIT */
/* config_keys_cluster.c - the rows of the table of config keys for the cluster. */
#include "axsup/config_rows.h"
#include "overlay/core/cluster.h"
#include "overlay/core/pool.h"

#define ENDPOINTS_MAX 16
#define SHARDS_MAX 32768
#define SINGLETONS_MAX 64
#define BOUND (8760 * HOUR)

_Static_assert(SHARDS_MAX <= OV_SHARDS_MOST, "the core takes as many");

static const struct sup_key memory_store_keys[] = {
    KEY(sup_memory_store_config, "node", NAME, node, RANGE(1, OV_NODE_MAX),
        ABSENT("this node, where it has no peers; required otherwise"),
        ABOUT("The node that keeps the leases, for itself and, over the network, for the others. "
              "When the node ends they are forgotten, and nobody has a shard for a while.")),
};
static const struct sup_key_object memory_store =
    OBJECT(sup_memory_store_config, "memory_store", "Memory store",
           "Leases in the memory of one node's gateway: for a node alone, and for development.",
           memory_store_keys);

#define SERVER_KEYS(forms, about_user)                                                             \
    KEY(sup_server_config, "endpoints", TEXTS, endpoints, REQUIRED, RANGE(1, ENDPOINTS_MAX),       \
        .count_offset = offsetof(struct sup_server_config, n_endpoints),                           \
        ABOUT("Where the server is: " forms                                                        \
              ". The next one is tried where one does not answer.")),                              \
        KEY(sup_server_config, "prefix", NAME, prefix, RANGE(1, 128), LETTERS("!-~", "!-~"),       \
            DEFAULT("ax/"), ABOUT("What the names of all its entries begin with.")),               \
        KEY(sup_server_config, "user", NAME, user, RANGE(1, 63), ABSENT(about_user),               \
            ABOUT("Name to log in by.")),                                                          \
        KEY(sup_server_config, "password_file", PATH, password_file, ABSENT("no password"),        \
            ABOUT("A file whose first line is the password; its owner alone may read it.")),       \
        KEY(sup_server_config, "tls", BOOL, tls, DEFAULT(false),                                   \
            ABOUT("Whether the connection is encrypted, and the server shows a certificate.")),    \
        KEY(sup_server_config, "ca_file", PATH, ca_file, ABSENT("whom the machine trusts"),        \
            ABOUT("With tls: who may have signed the server's certificate, in PEM.")),             \
        KEY(sup_server_config, "cert_file", PATH, cert_file, ABSENT("none"),                       \
            ABOUT("With tls: the certificate that this node shows, in PEM.")),                     \
        KEY(sup_server_config, "key_file", PATH, key_file, ABSENT("none"),                         \
            ABOUT("The key of that certificate, in PEM; its owner alone may read it.")),           \
        KEY(sup_server_config, "timeout", DURATION, timeout_ns, RANGE(MS, HOUR), DEFAULT("500ms"), \
            ABOUT("How long an answer may take. A request that took longer may have been done or " \
                  "not, and is asked about.")),                                                    \
        KEY(sup_server_config, "pause", DURATION, pause_ns, RANGE(MS, HOUR), DEFAULT("50ms"),      \
            ABOUT("Wait between two attempts to connect, at first; shorter than timeout."))

static const struct sup_key redis_keys[] = {
    SERVER_KEYS("\"HOST:PORT\", \"[IPV6]:PORT\" or \"unix:PATH\"", "the server's default user")};
static const struct sup_key_object redis = OBJECT(sup_server_config, "redis_store", "Redis store",
                                                  "Leases in a Redis server.", redis_keys);

static const struct sup_key etcd_keys[] = {
    SERVER_KEYS("\"HOST:PORT\" or \"[IPV6]:PORT\"", "nobody: the server asks for no name")};
static const struct sup_key_object etcd =
    OBJECT(sup_server_config, "etcd_store", "etcd store", "Leases in etcd, version 3.", etcd_keys);

static const struct sup_key store_keys[] = {
    KEY(sup_store_config, "memory", OBJECT, memory, OF(memory_store),
        ABOUT("One node keeps them, in memory.")),
    KEY(sup_store_config, "redis", OBJECT, redis, OF(redis), ABOUT("A Redis server does.")),
    KEY(sup_store_config, "etcd", OBJECT, etcd, OF(etcd), ABOUT("etcd does.")),
};
static const struct sup_key_object store =
    OBJECT(sup_store_config, "lease_store", "Lease store",
           "Who keeps the leases, which say whose a shard is: one of these, the same on all nodes.",
           store_keys);

static const struct sup_key spread_keys[] = {
    KEY(sup_spread_config, "name", NAME, name, REQUIRED, RANGE(1, OV_REGISTRY_MAX),
        ABOUT("A registry of one of the workers.")),
    KEY(sup_spread_config, "shards", INTEGER, shards, RANGE(1, SHARDS_MAX), DEFAULT(64),
        ABOUT("Into how many parts its keys are divided, each of which one node has at a time; the "
              "same on all nodes, and not to be changed while any of them runs; nodes that "
              "differ say so by the event config_differs. Each has a lease of its own, and a node "
              "alone asks for all of them at once and renews them so: of "
              "many more than can be set the store's answers would come too late. Redis and etcd "
              "are asked about no more than 32,736, of all registries. Who keeps the "
              "leases in memory needs 288 bytes for each in the gateway's arena, and 256 more for "
              "the first 4096.")),
    KEY(sup_spread_config, "singletons", TEXTS, singletons, RANGE(0, SINGLETONS_MAX),
        .count_offset = offsetof(struct sup_spread_config, n_singletons), ABSENT("none"),
        ABOUT("Keys whose actors nobody has to ask for: each lives on the node that has its shard, "
              "from when that gets it until it loses it, and is spawned again where it has failed "
              "to be. The same on all nodes, which none of them looks at. When the shard is given "
              "away it is told by an exit of reason shutdown, so that a supervisor ends its "
              "children first.")),
};
static const struct sup_key_object spread =
    OBJECT(sup_spread_config, "cluster_registry", "Cluster registry",
           "An entry of the cluster's registries.", spread_keys);

static const struct sup_key keepalive_keys[] = {
    KEY(sup_keepalive_config, "idle", DURATION, idle_ns, RANGE(SEC, 9 * HOUR), DEFAULT("30s"),
        ABOUT("After so long without traffic a connection is probed; in whole seconds.")),
    KEY(sup_keepalive_config, "interval", DURATION, interval_ns, RANGE(SEC, 9 * HOUR),
        DEFAULT("10s"), ABOUT("Between probes; in whole seconds.")),
    KEY(sup_keepalive_config, "probes", INTEGER, probes, RANGE(1, 127), DEFAULT(5),
        ABOUT("Probes without an answer until the connection is lost.")),
};
static const struct sup_key_object keepalive =
    OBJECT(sup_keepalive_config, "keepalive", "Keepalive",
           "How the kernel looks after connections to other nodes.", keepalive_keys);

static const struct sup_key cluster_keys[] = {
    KEY(sup_cluster_config, "node", NAME, node, REQUIRED, RANGE(1, OV_NODE_MAX),
        ABOUT("Name of this node, unique in the cluster, and not in the form of a session as "
              "a@boot-1f-session-2.")),
    KEY(sup_cluster_config, "listen", ADDRESS, listen, REQUIRED,
        ABOUT("Where this node listens for the others, written as those of the system are. The "
              "system keeps the socket while the gateway is down.")),
    KEY(sup_cluster_config, "peers", LISTEN, peers, RANGE(0, OV_NODES_MAX),
        .count_offset = offsetof(struct sup_cluster_config, n_peers), ABSENT("none"),
        ABOUT("The other nodes, by name, and where they listen.")),
    KEY(sup_cluster_config, "token_file", PATH, token_file,
        ABSENT("none, which needs allow_insecure_auth"),
        ABOUT("A file with the token, 32 bytes or more, that all nodes share: whoever has it is a "
              "node of the cluster. Its owner alone may read it. A new line at its end does not "
              "count. \"axsup keygen --token\" makes one.")),
    KEY(sup_cluster_config, "accepted", TEXTS, accepted, RANGE(0, OV_TOKENS_MAX - 1),
        .count_offset = offsetof(struct sup_cluster_config, n_accepted), ABSENT("none"),
        ABOUT("Files with further tokens, which peers may have while tokens are changed.")),
    KEY(sup_cluster_config, "allow_insecure_auth", BOOL, allow_insecure_auth, DEFAULT(false),
        ABOUT("Whether the cluster may do without a token: then nothing is encrypted, and whoever "
              "reaches the port is believed.")),
    KEY(sup_cluster_config, "key_file", PATH, key_file, ABSENT("none: the token is enough"),
        ABOUT("A file with this node's own key, as \"axsup keygen --key\" makes it; its owner "
              "alone may read it. With it each node shows besides the token that it is the one "
              "whose name it says, and pins says by which key.")),
    KEY(sup_cluster_config, "pins", PINS, pins, RANGE(0, OV_NODES_MAX),
        .count_offset = offsetof(struct sup_cluster_config, n_pins), ABSENT("none"),
        ABOUT("With key_file: the public key of each other node by its name, as \"axsup keygen "
              "--key\" prints it. Who is not in it is refused; this node may be in it, so that all "
              "nodes can have the same.")),
    KEY(sup_cluster_config, "store", OBJECT, store, OF(store),
        ABOUT("Who keeps the leases. A node without peers may leave it out.")),
    KEY(sup_cluster_config, "store_wait", DURATION, store_wait_ns, RANGE(10 * MS, HOUR),
        .or_zero = true, DEFAULT("0s"),
        ABOUT("How long the lease store may take to answer for the first time, from when the "
              "system starts; then the system stops, and axsup ends with 1. \"0s\": it is waited "
              "for, and the node has no shard until then. Once it has answered it is waited for "
              "in any case. Longer than lease_ttl where leases are in the memory of a node with "
              "peers, which gives none for so long when it starts. Without registries of the "
              "cluster no store is asked, and none waited for.")),
    KEY(sup_cluster_config, "registries", LIST, registries, RANGE(0, OV_REGISTRIES_MAX), OF(spread),
        .count_offset = offsetof(struct sup_cluster_config, n_registries), ABSENT("none"),
        ABOUT("Registries whose keys are spread over the nodes. A node has up to 65,536 of their "
              "actors at a time; who asks for one more is refused with AX_E_LIMIT.")),
    KEY(sup_cluster_config, "lease_ttl", DURATION, lease_ttl_ns, RANGE(10 * MS, HOUR),
        DEFAULT("2s"),
        ABOUT("How long a node may have a shard without renewing its lease, and how long it takes "
              "until others get what a dead node had. It is renewed at half of it. Nodes may "
              "differ.")),
    KEY(sup_cluster_config, "lease_margin", DURATION, lease_margin_ns, RANGE(0, HOUR),
        DEFAULT("200ms"),
        ABOUT("So long before the end of a lease its owner does no more work under it, in case its "
              "clock is slow.")),
    KEY(sup_cluster_config, "round", DURATION, round_ns, RANGE(MS, HOUR), DEFAULT("1s"),
        ABOUT("In so much time no more than a tenth of a registry's shards is moved to other "
              "nodes.")),
    KEY(sup_cluster_config, "heartbeat", DURATION, heartbeat_ns, RANGE(MS, HOUR), DEFAULT("300ms"),
        ABOUT("Between two signs of life to a peer.")),
    KEY(sup_cluster_config, "suspect", DURATION, suspect_ns, RANGE(MS, HOUR), DEFAULT("1s"),
        ABOUT("After so long without an answer a peer is suspect; longer than heartbeat.")),
    KEY(sup_cluster_config, "dead", DURATION, dead_ns, RANGE(MS, HOUR), DEFAULT("2s"),
        ABOUT("After so long without an answer a peer is taken for down; longer than suspect. A "
              "connection that breaks tells at once.")),
    KEY(sup_cluster_config, "connect", DURATION, connect_ns, RANGE(MS, HOUR), DEFAULT("2s"),
        ABOUT("How long it may take to make a connection, until both sides know each other. Who "
              "has connected is given no more than 5 s of it, as it may be anybody.")),
    KEY(sup_cluster_config, "redial", BACKOFF, redial_ns, RANGE(MS, HOUR),
        .def = "[\"100ms\", \"2s\"]",
        ABOUT("Wait before a peer that was not reached is dialled again, and the most that it may "
              "grow to.")),
    KEY(sup_cluster_config, "keepalive", OBJECT, keepalive, OF(keepalive),
        ABOUT("TCP's own signs of life.")),
    KEY(sup_cluster_config, "requests", INTEGER, requests, RANGE(1, OV_POOL_MOST / 4),
        DEFAULT(2048),
        ABOUT("Messages to actors of other nodes that can be under way at a time, and as many of "
              "others that this node serves.")),
    KEY(sup_cluster_config, "ensures", INTEGER, ensures, RANGE(1, OV_POOL_MOST / 4), DEFAULT(128),
        ABOUT("The same for finding the actor of a key, so that these have room of their own; asks "
              "of "
              "nodes for leases use it where there is no other.")),
    KEY(sup_cluster_config, "keys", INTEGER, keys, RANGE(1, OV_POOL_MOST), DEFAULT(4096),
        ABOUT("Keys whose actors are remembered; more than requests and ensures.")),
    KEY(sup_cluster_config, "monitors", INTEGER, monitors, RANGE(1, OV_POOL_MOST), DEFAULT(4096),
        ABOUT("Actors of other nodes that are monitored at a time, and as many monitors of "
              "others.")),
    KEY(sup_cluster_config, "owner_cache", DURATION, owner_cache_ns, RANGE(MS, BOUND),
        DEFAULT("500ms"), ABOUT("How long is relied on whose a shard was.")),
    KEY(sup_cluster_config, "key_cache", DURATION, key_cache_ns, RANGE(MS, BOUND), DEFAULT("5s"),
        ABOUT("How long is relied on who the actor of a key was.")),
    KEY(sup_cluster_config, "resolve", DURATION, resolve_ns, RANGE(MS, HOUR), DEFAULT("100ms"),
        ABOUT("Between two questions to the store about the owner of a shard, at most; the first "
              "after it has been given away come sooner.")),
    KEY(sup_cluster_config, "give_up", DURATION, give_up_ns, RANGE(MS, HOUR),
        ABSENT("lease_ttl, dead and one second together"),
        ABOUT("After so long without an owner the messages that wait for one have failed; longer "
              "than resolve, and, so that they find the next owner where a node has died, than "
              "lease_ttl.")),
    KEY(sup_cluster_config, "retry", DURATION, retry_ns, RANGE(MS, HOUR), DEFAULT("300ms"),
        ABOUT("After so long what a peer has not acknowledged is sent again.")),
    KEY(sup_cluster_config, "inbox", INTEGER, inbox, RANGE(1, 1000000), DEFAULT(1024),
        ABOUT("Messages that the mailbox of the gateway holds.")),
    KEY(sup_cluster_config, "restart", OBJECT, restart, OF(sup_key_worker_restart),
        ABOUT("When and how often the gateway is started again, as for a worker.")),
    KEY(sup_cluster_config, "user", NAME, user, RANGE(1, 63), ABSENT("the user of axsup"),
        ABOUT("User that the gateway runs as, as for a worker.")),
    KEY(sup_cluster_config, "arena", SIZE, arena, RANGE(MIB, 64 * GIB), DEFAULT("16M"),
        ABOUT("Memory of the gateway that outlives its process, as for a worker. One that cannot "
              "grow to have room for the leases that the node keeps in memory is refused.")),
    KEY(sup_cluster_config, "arena_max", SIZE, arena_max, RANGE(MIB, 64 * GIB),
        ABSENT("as arena: it does not grow"),
        ABOUT("Up to which size it grows, as for a worker; not below arena.")),
};
const struct sup_key_object sup_key_cluster =
    OBJECT(sup_cluster_config, "cluster", "Cluster",
           "Makes the system a node of a cluster. It has one process more, the gateway, which "
           "speaks with the other nodes: a worker by the name gateway, restarted as others are.",
           cluster_keys);

const struct sup_key_object *const sup_key_cluster_objects[] = {
    &sup_key_cluster, &store, &memory_store, &redis, &etcd, &spread, &keepalive, NULL,
};
