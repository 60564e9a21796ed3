/* SPDX-License-Identifier: MIT */
/* distance_end.h - the actor there: takes what it is told, and answers what it is asked. */
#ifndef TEST_DISTANCE_END_H
#define TEST_DISTANCE_END_H

/* clang-format off */
#define AX_CONTRACT distance_end
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, (array(u64, 8), words))                                                             \
    TELL(blob, (bytes, data))                                                                      \
    ASK (echo, (array(u64, 8), words), (array(u64, 8), words))                                     \
    /* Behind all that this sender has told before; `at` is the time. */                           \
    ASK (seen, (), (u64, messages, u64, at))                                                       \
    ASK (whose, (), (u32, pid))                                                                    \
    /* Of `count` more actors the addresses, u64 each; `self` says in which node they are. */      \
    ASK (crowd, (u32, count), (ref_to(distance_end), self, bytes, addresses))                      \
    /* Is deaf for so long. */                                                                     \
    TELL(rest, (u64, ns))                                                                          \
    /* Monitors "near" of a node: what it was told before the down, and after. */                  \
    ASK (mind, (str, node), (i32, error))                                                          \
    ASK (minded, (), (u32, downs, u64, before, u64, after))
#include <ax/contract.h>
/* clang-format on */

#endif
