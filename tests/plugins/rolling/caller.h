/* SPDX-License-Identifier: MIT */
/* caller.h - an actor that asks noters all the time, one call after another. A call is an id that
 * is asked to be noted until that is acknowledged, or the call's deadline has come. What became of
 * it is in the file "calls", by lines done ID KEY EPOCH TRIES MS     and     failed ID KEY ERROR
 * TRIES MS */
#ifndef TEST_CALLER_H
#define TEST_CALLER_H

/* work     told by its own timer
 * rest     no new calls; idle: there is none in hand */
#define AX_CONTRACT caller
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(work, ())                                                                                 \
    ASK(rest, (), (bool, idle))
#include <ax/contract.h>

#endif
