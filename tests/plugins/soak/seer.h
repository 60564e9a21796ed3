/* SPDX-License-Identifier: MIT */
/* seer.h - somebody in another worker, who tells also how much room his own has left.
 *
 * see      monitors or, with `tie`, links to one that is ending
 * hello    is answered
 * room     bytes of the arena that can still be had; nothing of it is taken
 * crowd    spawns as many as there can be, and fails, which takes them back
 * counted  how many that were
 * lie      nothing; it is there to lie in timers */
#ifndef SEER_H
#define SEER_H

#define AX_CONTRACT seer
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(see, (ref, who, bool, tie))                                                               \
    ASK(hello, (), (bool, seen))                                                                   \
    ASK(room, (), (u64, bytes))                                                                    \
    TELL(crowd, ())                                                                                \
    ASK(counted, (), (u32, actors))                                                                \
    TELL(lie, (bytes, data))
#include <ax/contract.h>

#endif
