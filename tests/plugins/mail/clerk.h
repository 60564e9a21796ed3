/* SPDX-License-Identifier: MIT */
/* clerk.h - an actor to whom things happen: it is held, it fails, it is stopped, it is restored.
 * What it does is written to the trace of its worker, a letter each. */
#ifndef CLERK_H
#define CLERK_H

#define AX_CONTRACT clerk
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(bare, ())                                                                                 \
    TELL(note, (u32, n))                                                                           \
    TELL(hold, ())                                                                                 \
    TELL(pass, ())                                                                                 \
    TELL(watch, (ref_to(clerk), who))                                                              \
    TELL(fail, ())                                                                                 \
    TELL(keep, (text(16), what))                                                                   \
    TELL(call, (ref_to(clerk), to, u32, what, u32, slot, u64, ms))                                 \
    TELL(fill, (ref_to(clerk), to, u32, n))                                                        \
    ASK(die, (), ())                                                                               \
    ASK(get, (), (u32, n))                                                                         \
    ASK(sum, (u32, reply, u32, timeout), (u32, sum))                                               \
    ASK(chain, (ref_to(clerk), next, ref_to(clerk), last, ref_to(clerk), none, u64, ms),           \
        (i32, error))
#include <ax/contract.h>

enum {
    CALL_DIE,
    CALL_GET,
    CALL_GET_WAIT,
    CALL_NOTE_WAIT,
    CALL_SNAPSHOT,
    CALL_PING,
    CALL_STOP_WAIT
};

#endif
