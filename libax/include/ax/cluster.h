/* SPDX-License-Identifier: MIT */
/* ax/cluster.h - actors of other nodes.
 *
 * A system whose config has a "cluster" is a node among others. A ref to an actor of another one is
 * used as any for tells, asks and monitors; links do not reach other nodes, ax_link answers
 * AX_E_UNSUPPORTED. Where a registry is of the cluster, its keys are spread over the nodes, and
 * <ax/contract.h> makes for a contract `user`:
 *
 *   int user_ref_key(ctx, registry, key, &ref)     whoever has the key, wherever it is
 *   int user_ref_at(ctx, node, name, &ref)         the actor that a node knows by that name
 *
 * Such a ref stays valid, within this node, while its actor moves from node to node or is not there
 * yet: it is found, and for a key spawned, when something is sent. To pass it on to another node
 * would make no sense; pass the key or the name.
 *
 * What is sent to another node may also return AX_E_NODE_DOWN (there is no connection to it, or it
 * has ended; it may be alive), AX_E_STALE (the key has moved and was not found again in time),
 * AX_E_BUSY (a node has too many requests in hand), AX_E_NOT_ALLOWED (it holds a ref that means
 * nothing there), AX_E_UNSUPPORTED (this system has no cluster). Of an ask that ends with
 * AX_E_NODE_DOWN, or with AX_E_TIMEOUT or AX_E_CANCELED, nobody knows whether it was done; after
 * the others of these it was not. A tell that finds nobody is a dead letter. */
#ifndef AX_CLUSTER_H
#define AX_CLUSTER_H

#include <ax/actor.h>

/* What X_ref_key and X_ref_at call. They return 0 and the ref, or AX_E_INVALID (no such registry of
 * the cluster, no key, no name that a node can have), AX_E_LIMIT (the gateway knows too many),
 * AX_E_UNSUPPORTED, AX_E_TIMEOUT (after 5 s: the gateway does not run). May suspend. */
AX_MUST_USE int ax_ref_key_(struct ax_ctx *ctx, const struct ax_contract *contract,
                            const char *registry, struct ax_span key, struct ax_ref *out);
AX_MUST_USE int ax_ref_at_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *node,
                           const char *name, struct ax_ref *out);

/* The fencing token of an actor in a registry of the cluster: the epoch of the lease under which it
 * was spawned; 0 for all others. It rises with each owner of the shard, so whatever is outside of
 * the cluster can refuse what comes with a lower one than it has seen. Never suspends. */
uint64_t ax_lease_epoch(struct ax_ctx *ctx);

#endif
