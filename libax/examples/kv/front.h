/* SPDX-License-Identifier: MIT */
/* front.h - the contract of a front: it lets connections in and knows who subscribes to what. */
#ifndef KV_FRONT_H
#define KV_FRONT_H

/* run          as of a shard: PUBLISH, from any connection
 * subscribe    told by a connection of its worker
 * unsubscribe
 * look         told by its own timer: whether all are there, before it lets anyone in */
#define AX_CONTRACT front
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(run, (u32, target, u32, number, u32, protocol, bytes, requests))                          \
    TELL(subscribe, (bytes, channel))                                                              \
    TELL(unsubscribe, (bytes, channel))                                                            \
    TELL(look, ())
#include <ax/contract.h>

#endif
