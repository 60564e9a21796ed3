/* SPDX-License-Identifier: MIT */
#ifndef WEAVER_H
#define WEAVER_H

/* weave   asks from `depth` calls within each other, near and far in turn, and looks at all that
 *         it had on the stack
 * letter  answers with `size` bytes, half of them made before it asks
 * crowd   tells far `n` things, waiting for room
 * late    asks far with a timeout
 * call    pings far, waits for far to take a snapshot, or looks for a key whose home is elsewhere:
 *         waits that no successor goes on from
 * named   wants to spawn by name
 * fill    fills the mailbox of near and asks it, waiting for room
 * crash   asks, and then fails or dies of it
 * began   what its first hook, which asks as well, found
 * hoard   puts `n` values of `size` bytes into a kept map, asks after each, and looks for all */
#define AX_CONTRACT weaver
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(weave, (u32, depth), (u64, sum, u32, awaits))                                              \
    ASK(letter, (u32, size), (str, first, str, second))                                            \
    ASK(crowd, (u64, n), (i32, error))                                                             \
    ASK(late, (u64, timeout_ns), (i32, error))                                                     \
    ASK(call, (text(16), what), (i32, error))                                                      \
    ASK(named, (), (i32, error))                                                                   \
    ASK(fill, (u64, n), (i32, error, u64, n))                                                      \
    ASK(crash, (bool, die), ())                                                                    \
    ASK(began, (), (u64, n))                                                                       \
    ASK(hoard, (u64, n, u32, size), (u64, count, u64, wrong))
#include <ax/contract.h>

#endif
