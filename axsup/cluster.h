/* SPDX-License-Identifier: MIT */
/* cluster.h - this life of the system as a node of a cluster: what workers and the gateway are told
 * of it. */
#ifndef SUP_CLUSTER_H
#define SUP_CLUSTER_H

#include "axsup/config.h"
#include "axsup/hub.h"
#include "axsup/loop.h"

struct sup;
struct sup_event;
struct sup_slot;

struct sup_cluster { /* zeroed: the config has none */
    uint64_t boot;   /* what other nodes know this life by; by chance, above 1 */
    char *args;      /* of the gateway's actor */
    bool answered;   /* the lease store has */
    struct sup_timer store_wait;
};

/* 0 or -errno. */
int sup_cluster_open(struct sup *sup);
void sup_cluster_close(struct sup *sup);
/* The workers are about to be started: the lease store is to answer in time. */
void sup_cluster_start(struct sup *sup);
/* The gateway tells something. */
void sup_cluster_told(struct sup *sup, const struct sup_event *event);

/* The gateway's slot; 0: there is none. */
uint32_t sup_cluster_slot(const struct sup *sup);
/* How many of the listening sockets, from the first on, the processes of a slot get: the last one
 * is the gateway's alone. */
uint32_t sup_cluster_listeners(const struct sup_slot *slot);
/* The args of a configured actor of the slot. */
const char *sup_cluster_args_of(const struct sup_slot *slot, const struct sup_actor_config *actor);

/* Asks the gateway a message of its contract, whose fields are in the object `args`: as sup_ask. */
int sup_cluster_ask(struct sup *sup, const char *name, const char *args, uint64_t timeout_ns,
                    sup_reply_fn *fn, void *ctx);

/* Reads the config's file again, and has the gateway go on with the peers, tokens and pins that are
 * in it by now: as sup_ask; the reply is that of learn. The processes after it begin with them,
 * whatever the reply is. AX_E_INVALID and others with what is the matter in `why`, also where
 * nothing was asked. Blocks on the file system and the user database, as loading a config does. */
int sup_cluster_reload(struct sup *sup, char *why, size_t room, sup_reply_fn *fn, void *ctx);

/* What the gateway is told (cluster_args.c has the form), malloc'd; NULL without memory. */
char *sup_cluster_args(const struct sup_config *config, uint64_t boot);

/* Leases of shards, all told; those that this node keeps in its memory, which are all or none; and
 * those of a registry, from *first on, counted from 1. *shards 0: it is not of the cluster. */
uint32_t sup_cluster_leases(const struct sup_config *config);
uint32_t sup_cluster_leases_kept(const struct sup_config *config);
void sup_cluster_shards(const struct sup_config *config, const char *registry, uint32_t *shards,
                        uint32_t *first);

#endif
