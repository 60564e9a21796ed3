/* SPDX-License-Identifier: MIT */
/* boss.h - a supervisor of three kids, NAME-a to NAME-c, whose name says of which kind it is: see
 * boss.c. */
#ifndef BOSS_H
#define BOSS_H

#include <ax/supervisor.h>

#define AX_CONTRACT boss
#define AX_MESSAGES(TELL, ASK)                                                                     \
    AX_SUPERVISOR_MESSAGES(TELL, ASK)                                                              \
    TELL(fail, ())                                                                                 \
    TELL(leave, ())                                                                                \
    TELL(stop_of, (text(32), name))                                                                \
    TELL(send, (text(32), name, u32, reason))
#include <ax/contract.h>

#endif
