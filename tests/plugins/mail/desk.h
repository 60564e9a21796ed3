/* SPDX-License-Identifier: MIT */
/* desk.h - the tests that run inside a worker; one desk in each. */
#ifndef DESK_H
#define DESK_H

#include "clerk.h"

#define AX_CONTRACT desk
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(open,                                                                                      \
        (text(16), name, u32, capacity, u32, control, u32, high, u32, low, bool, block, u32, kind, \
         u64, drain_ms, u64, backoff_ms, u32, restarts, text(16), snapshot),                       \
        (i32, error, ref_to(clerk), who))                                                          \
    ASK(gate, (bool, open), ())                                                                    \
    ASK(let, (u32, count), ())                                                                     \
    ASK(trace, (), (text(128), trace))                                                             \
    ASK(run, (text(16), test, ref_to(desk), at), (text(256), verdict))
#include <ax/contract.h>

enum { KIND_PLAIN, KIND_STATEFUL, KIND_STATEFUL_KEEP, KIND_NEVER, KIND_ECHO };

#endif
