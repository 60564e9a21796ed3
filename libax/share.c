/* SPDX-License-Identifier: MIT */
/* libax/share.c - how much of this worker's memory another slot may take up.
 *
 * Mail is bounded by capacities. The rest of what other slots make this worker keep is bounded
 * here, by one rule: each kind of it may be no more than what is left for all else. So whoever
 * floods a worker stops at half of the memory that was free, a second one at half of the rest, and
 * there is always some left; and where memory is plenty nobody meets a limit. (Choudhury and Hahne,
 * Dynamic Queue Length Thresholds for Shared-Memory Packet Switches, 1998, with alpha = 1.)
 *
 *   what is kept                            beyond its share
 *   a monitor or link that it set up        refused: a down or exit, AX_OTHER, says so
 *   answers that it does not read           its next question stays in its lane
 *   signals beyond a mailbox's capacity     refused: a dead letter
 *   downs and exits beyond it               stay in their lane: none is lost
 *
 * The last two are counted for the mailbox, whoever they are from. While something stays in a lane,
 * what its slot has sent behind it waits as well.
 *
 * Orders have a mailbox with a capacity of its own, and a kill takes no memory. What a dead process
 * has left in its lanes is taken whatever the share: it is a lane at most, and who is to be told of
 * the death must not wait. */
#include "libax/share.h"

#include "libax/memory.h"
#include "libax/record.h"

#include "shm/chain.h"

#define LEAST 256u      /* units that anybody may take up */
#define RECORD_UNITS 3u /* a record and the block kept with it */
#define FRAME_UNITS 2u  /* a frame of the runtime's own, at most */

/* Is so much no more than what is left? The arena grows to its limit before the answer is no. */
static bool fair(struct worker *w, uint64_t units)
{
    if (units <= LEAST)
        return true;
    while (units > shm_arena_left(&w->port))
        if (!memory_more(w))
            return false;
    return true;
}

bool share_of_records(struct worker *w, uint32_t slot)
{
    return fair(w, (uint64_t)w->port.priv->asked[slot] * RECORD_UNITS);
}

bool share_of_answers(struct worker *w, uint32_t slot)
{
    return fair(w, shm_chain_depth(&w->port.priv->over_control[slot]) * FRAME_UNITS);
}

/* What lies there within the capacity is mail that others may send. */
bool share_of_mail(struct worker *w, uint32_t actor)
{
    const struct shm_actor *target = &w->port.actors[actor];
    uint64_t depth = shm_chain_depth(&target->mail);
    return depth <= target->capacity || fair(w, (depth - target->capacity) * FRAME_UNITS);
}
