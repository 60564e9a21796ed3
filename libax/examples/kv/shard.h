/* SPDX-License-Identifier: MIT */
/* shard.h - the contract of a shard, which has those keys whose hash is its own. */
#ifndef KV_SHARD_H
#define KV_SHARD_H

/* run    told by a connection: requests (parcel.h), answered with session.done. `target` and
 *        `number` come back with the answers; `protocol` is the version that they are written in.
 * sweep  told by its own timer: keys that have expired, members of what was deleted */
#define AX_CONTRACT shard
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(run, (u32, target, u32, number, u32, protocol, bytes, requests))                          \
    TELL(sweep, ())
#include <ax/contract.h>

#endif
