/* SPDX-License-Identifier: MIT */
/* session.h - the contract of a connection. */
#ifndef KV_SESSION_H
#define KV_SESSION_H

/* done       told by a shard or a front: answers (parcel.h) to message `number` of this connection
 * delivered  told by the front of its worker: what was published on a channel it subscribes to */
#define AX_CONTRACT session
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(done, (u32, target, u32, number, bytes, answers))                                         \
    TELL(delivered, (bytes, channel, bytes, text))
#include <ax/contract.h>

#endif
