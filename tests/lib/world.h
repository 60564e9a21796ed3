/* SPDX-License-Identifier: MIT */
/* tests/lib/world.h - a small system in one process: axsup's hub and eyes in slot 0, a worker in
 * slot 1, and slot 2, which the test writes to as it likes. No process, no loop: everything is done
 * when it is told. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "axsup/sup.h"
#include "tests/lib/subject.h"
#include "tests/lib/vandal.h"
#include "tests/lib/victim.h"

#define WORKER NODE_WORKER
#define OTHER NODE_PEER

struct world {
    struct node node;
    struct sup sup;
    struct sup_slot slots[NODE_SLOTS];
    struct sup_template template;
    struct victim victim;    /* in slot 1 */
    struct victim successor; /* in slot 2, after it has been emptied */
};

/* What axsup has said about a slot since world_become: that it does not add up. */
extern uint32_t world_blamed[NODE_SLOTS];

void world_open(struct world *world);
void world_close(struct world *world);
/* The memory of `from`; axsup's volatile knowledge is what it would be then. */
void world_become(struct world *world, const struct node *from);

/* Everything that a slot may write. */
void world_reach(struct world *world, uint32_t slot, struct vandal *vandal);
/* Looks at a slot's memory in every way that axsup does for its commands. */
void world_look(struct world *world, uint32_t slot);
/* axsup's hub reads, and sends what it has to. */
void world_hub(struct world *world);
/* Empties the slot as axsup does after memory that does not add up. */
int world_empty(struct world *world, uint32_t slot);

static inline uint64_t world_ref(uint32_t slot, uint32_t index)
{
    return SHM_REF(slot, index, 1);
}

#define WORLD_MOMENTS 2u
/* Makes a node and brings it to a moment: 0 between turns, 1 in the middle of one, with a full
 * lane. The worker has actors, kept state, monitors, timers, asks under way and unhandled mail, and
 * has not read all that slot 2 has sent. */
void world_moment(struct node *node, uint32_t number);
/* Takes every message out and gives all memory out, where recovery said that it adds up. */
void world_use_all(struct worker *worker);

#endif
