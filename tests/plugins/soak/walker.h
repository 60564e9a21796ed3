/* SPDX-License-Identifier: MIT */
/* walker.h - uses the actors of its keys, one after the other, round and round: three times each
 * rests after it, the fourth time it ends, so the next round spawns it again.
 *
 * walk    until it has done so many uses; what it tells itself is void in its next life, which has
 *         another `chain`
 * at      how many it has done, and how many of them were not what they should be */
#ifndef WALKER_H
#define WALKER_H

#define WALKER_KEYS 250u
#define WALKER_ROUND (4u * WALKER_KEYS)

#define AX_CONTRACT walker
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(walk, (u64, until, u32, chain))                                                           \
    ASK(at, (), (u64, at, u64, wrong))
#include <ax/contract.h>

#endif
