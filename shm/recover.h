/* SPDX-License-Identifier: MIT */
/* shm/recover.h - a successor enters a slot whose process died at any instruction.
 *
 *   1. names the suspect: the actor whose message was in hand when a turn was open
 *   2. takes the open turn back, word by word
 *   3. takes the staged ends as the ends of its lanes, and publishes them
 *   4. walks all that actors reach and marks it; what does not add up ends the recovery
 *   5. makes the rest of the arena free
 *
 * Each step can be killed and done again. Nothing is believed: offsets, sizes, links and counts are
 * checked before they are used, for the dead process may have written anything. */
#ifndef SHM_RECOVER_H
#define SHM_RECOVER_H

#include "shm/port.h"

struct shm_recovery {
    uint64_t mail;     /* messages in mailboxes */
    uint64_t lanes;    /* slots to or from which a lane did not add up; what it held is lost */
    const char *wrong; /* what does not add up, NULL: nothing */
};

/* Extra marks for what libax keeps in the arena, for one actor; false when it does not add up. */
typedef bool shm_marker(const struct shm_port *port, uint32_t actor, uint64_t *used);

/* 0 done; -ENOMEM; -EBADMSG when the memory does not add up and nothing of it can be used. */
int shm_recover(struct shm_port *port, shm_marker *marker, struct shm_recovery *out);

#endif
