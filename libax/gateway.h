/* SPDX-License-Identifier: MIT */
/* libax/gateway.h - the contract between workers and the gateway, the process that speaks with
 * other nodes.
 *
 * The gateway is a worker like others: its plugin (overlay/gateway) has one actor of this contract,
 * named GATEWAY_NAME. What actors send to one of another node is wrapped into its messages; so
 * lane, mailbox, room and deaths are what they are between any two workers. */
#ifndef LIBAX_GATEWAY_H
#define LIBAX_GATEWAY_H

#define GATEWAY_NAME "gateway"

#define AX_LOCAL
#define AX_CONTRACT gateway
#define AX_MESSAGES(TELL, ASK)                                                                     \
    /* To an actor elsewhere: (node, addr) as in its ref; contract is a hash. */                   \
    TELL(post, (u64, node, u64, addr, u64, contract, u16, message, bytes, body))                   \
    ASK(call, (u64, node, u64, addr, u64, contract, u64, timeout_ns, u16, message, bytes, body),   \
        (u64, contract, u16, message, bytes, body))                                                \
    /* Who stands for the actor of a key in a registry of the cluster, wherever it is. */          \
    ASK(key, (str, registry, bytes, key, u64, contract), (ref, who))                               \
    /* Who stands for the actor that a node knows by a name. */                                    \
    ASK(endpoint, (str, node, str, name, u64, contract), (ref, who))                               \
    /* Who stands here for the one actor that is meant now, so that its end can be told. */        \
    ASK(watch, (u64, node, u64, addr), (ref, who))                                                 \
    /* What axsup shows: "nodes", "sessions", "shards", "leases", "counts", from the `from`th on;  \
       items of a JSON array, as many as fit, and where to go on; next 0: that is all. */          \
    ASK(inspect, (str, what, u64, from), (u64, next, str, items))                                  \
    /* Shards are given away; answered when none is left. AX_E_NOT_ALLOWED: to an actor. */        \
    ASK(drain, (), ())                                                                             \
    /* Args of the actor as they are by now: it goes on with their peers, tokens and pins. error:  \
       with those that it has, and why. AX_E_NOT_ALLOWED: to an actor. */                          \
    ASK(learn, (str, args), (i32, error, str, why))                                                \
    /* Of the gateway to itself. */                                                                \
    TELL(tick, ())                                                                                 \
    TELL(found, (u64, handle, i32, error, ref, who))
#include <ax/contract.h>

#endif
