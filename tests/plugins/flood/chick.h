/* SPDX-License-Identifier: MIT */
/* A chick: spawned by a flood actor without a name, monitored, told to leave.
 *
 * peck     tell the parent that you are there
 * leave    end */
#ifndef CHICK_H
#define CHICK_H

#define AX_CONTRACT chick
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(peck, (ref, parent))                                                                      \
    TELL(leave, ())
#include <ax/contract.h>

#endif
