/* SPDX-License-Identifier: MIT */
/* door.h - listens, and spawns a line for each connection. */
#ifndef DOOR_H
#define DOOR_H

#define AX_CONTRACT door
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(shut, ())                                                                                 \
    ASK(echo, (str, text), (str, text))                                                            \
    ASK(count, (), (u64, accepted))
#include <ax/contract.h>

#endif
