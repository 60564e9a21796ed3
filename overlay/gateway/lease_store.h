/* SPDX-License-Identifier: MIT */
/* overlay/gateway/lease_store.h - the contract of the lease store that one node keeps for all; see
 * leases.c. */
#ifndef GW_LEASE_STORE_H
#define GW_LEASE_STORE_H

#define AX_LOCAL
#define AX_CONTRACT lease_store
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(change, (u8, op, u32, shard, u64, epoch, u64, ttl_ns, str, registry, str, asker),          \
        (u8, outcome, u64, epoch, u64, left_ns, str, owner))
#include <ax/contract.h>

#endif
