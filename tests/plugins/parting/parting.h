/* SPDX-License-Identifier: MIT */
/* parting.h - an actor that says when it stops, never runs out of work, and leaves mail behind that
 * nobody reads; or waits for what never comes. */
#ifndef PARTING_H
#define PARTING_H

#define AX_CONTRACT parting
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, (u32, n))                                                                           \
    TELL(toil, ())                                                                                 \
    TELL(leave, ())                                                                                \
    TELL(bury, (u32, count))                                                                       \
    TELL(rob, (u32, times))                                                                        \
    TELL(name_one, ())                                                                             \
    TELL(slay, (ref, whom, ref, back, u32, times))                                                 \
    TELL(hear, ())                                                                                 \
    TELL(doze, ())                                                                                 \
    TELL(fall, ())                                                                                 \
    TELL(wonder, ())                                                                               \
    ASK(get, (), (u32, n))
#include <ax/contract.h>

#endif
