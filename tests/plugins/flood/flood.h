/* SPDX-License-Identifier: MIT */
/* What passes between the actors of the flood.
 *
 * hit      number `seq` of those from actor `from` to this one
 * hop      goes on to another actor `left` times
 * get      a question that is answered at once
 * chain    one whose handler asks `get` of actor `then` first
 * work     told by a driver's own timer: some doings at random
 * tick     told by an actor's own timer
 * adopt    monitor that chick, then tell it to leave
 * hatch    a chick is there
 * trip     fail
 * settle   told by the actor's own timer until it monitors all
 * pause    nothing new from now on */
#ifndef FLOOD_H
#define FLOOD_H

#include "chick.h"

#define AX_CONTRACT flood
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(hit, (u32, from, u64, seq))                                                               \
    TELL(hop, (u32, left))                                                                         \
    ASK(get, (u64, id), (u64, id))                                                                 \
    ASK(chain, (u64, id, u32, then), (u64, id))                                                    \
    TELL(work, (u64, round))                                                                       \
    TELL(tick, ())                                                                                 \
    TELL(adopt, (ref_to(chick), who))                                                              \
    TELL(hatch, ())                                                                                \
    TELL(trip, ())                                                                                 \
    TELL(settle, ())                                                                               \
    ASK(pause, (), (bool, resting))
#include <ax/contract.h>

#endif
