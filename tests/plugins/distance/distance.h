/* SPDX-License-Identifier: MIT */
/* distance.h - the actor here, which measures what lies between it and one of another node. Times
 * of day are of CLOCK_MONOTONIC. */
#ifndef TEST_DISTANCE_H
#define TEST_DISTANCE_H

#include <stdint.h>
#include <time.h>

/* clang-format off */
#define AX_CONTRACT distance
#define AX_MESSAGES(TELL, ASK)                                                                     \
    /* What an ask takes, `count` times one after another. */                                      \
    ASK (asks, (str, node, u32, count), (u64, median_ns, u64, best_ns))                            \
    /* `count` tells of 64 bytes, or of `size`, until all have been handled there. */              \
    ASK (tells, (str, node, u64, count), (u64, ns, u64, lost))                                     \
    ASK (blobs, (str, node, u64, count, u32, size), (u64, ns, u64, lost))                          \
    /* The first ask of each of `count` keys from `salt` on, of those that process `pid` has. */   \
    ASK (firsts, (u32, pid, u64, salt, u32, count), (u64, median_ns, u32, n))                      \
    ASK (whose, (str, node), (u32, pid))                                                           \
    ASK (key_of, (u32, pid, u64, salt), (u64, key))                                                \
    /* Asks for a key again and again, and begins with an answer of `pid`, which it logs as        \
       DISTANCE_FOLLOWS, until another process has answered for a second: the longest time without \
       an answer, when the last one of `pid` came and the first one of another. */                 \
    ASK (follow, (u32, pid, u64, key), (u64, longest_ns, u64, last_at, u64, first_at))             \
    /* Monitors `count` actors there. */                                                           \
    ASK (watch, (str, node, u32, count), (u32, watched, i32, error, u64, ns))                      \
    ASK (downs, (), (u32, downs, u64, first_at, u64, last_at))                                     \
    /* Tells the one there, or where there is no node the one of a key, to rest, and then `count`  \
       things at once: how many were taken, and what was said to the next. */                      \
    ASK (flood, (str, node, u64, key, u64, rest_ns, u32, count, u32, size),                        \
         (u32, taken, i32, error))                                                                 \
    ASK (seen, (str, node, u64, key), (u64, messages, i32, error))                                 \
    /* Tells the one there `count` notes, and ends. */                                             \
    ASK (farewell, (str, node, u32, count), (i32, error))
#include <ax/contract.h>
/* clang-format on */

#define DISTANCE_FOLLOWS "an answer has come from where it is followed"

static inline uint64_t distance_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
