/* SPDX-License-Identifier: MIT */
/* edges.h - an actor that goes to the limits of the interface, and tells what it was told there. */
#ifndef EDGES_H
#define EDGES_H

#include "sink.h"

#define AX_CONTRACT edges
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(child, ())                                                                                \
    TELL(quit, ())                                                                                 \
    TELL(spin, ())                                                                                 \
    TELL(tick, ())                                                                                 \
    ASK(part_of_4g, (), (i32, error))                                                              \
    ASK(timers, (), (i32, error, u32, set, i32, cancel))                                           \
    ASK(asks, (ref_to(sink), to), (i32, error, u32, sent))                                         \
    ASK(answers, (), (u32, replies, u32, timeouts, u32, ticks))                                    \
    ASK(fill, (ref_to(sink), to), (i32, error, u32, sent))                                         \
    ASK(wait_for, (ref_to(sink), to, u64, ms), (i32, error))                                       \
    ASK(wait_own, (), (i32, error))                                                                \
    ASK(ask_large, (ref_to(sink), to, u32, size), (i32, error, u32, got))                          \
    ASK(bear, (text(64), name), (i32, error))                                                      \
    ASK(spawn_wrong, (), (u32, taken))                                                             \
    ASK(ping, (), (u32, pings))
#include <ax/contract.h>

#endif
