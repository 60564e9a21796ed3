/* SPDX-License-Identifier: MIT */
/* traveler.h - an actor that speaks with counters of other nodes, as it is told. */
#ifndef TEST_TRAVELER_H
#define TEST_TRAVELER_H

#include "libax/examples/counter/counter.h"

#define AX_CONTRACT traveler
#define AX_MESSAGES(TELL, ASK)                                                                     \
    /* Adds to the counter of a key by a tell, and asks for its value. */                          \
    ASK(add, (str, key, i64, by, u64, timeout_ns), (i32, error, i64, value))                       \
    /* The same of the actor that a node knows by that name. */                                    \
    ASK(add_at, (str, node, str, name, i64, by, u64, timeout_ns), (i32, error, i64, value))        \
    /* Keeps a ref to whoever has the key; the same as add by that, now and later. */              \
    ASK(keep, (str, key), (i32, error))                                                            \
    ASK(keep_at, (str, node, str, name), (i32, error))                                             \
    ASK(add_kept, (i64, by, u64, timeout_ns), (i32, error, i64, value))                            \
    /* Adds 1, 10, 100, 1000 and 10000, by a tell each; or that often 0. */                        \
    ASK(tell_kept, (), (i32, error))                                                               \
    ASK(tell_nothing, (u32, times), (i32, error))                                                  \
    ASK(watch_kept, (), (i32, error))                                                              \
    /* Adds to a count of its own, and tells it. */                                                \
    ASK(count, (i64, by), (i64, value))                                                            \
    /* Has another traveler do that: the one of a key, or whom a node knows by that name. */       \
    ASK(count_by, (str, key, i64, by, u64, timeout_ns), (i32, error, i64, value))                  \
    ASK(count_at, (str, node, str, name, i64, by, u64, timeout_ns), (i32, error, i64, value))      \
    ASK(watch, (str, key), (i32, error))                                                           \
    ASK(watch_at, (str, node, str, name), (i32, error))                                            \
    /* Takes the last of these back. */                                                            \
    ASK(unwatch, (), (i32, error))                                                                 \
    ASK(seen, (), (u32, downs, str, reason, bool, restarts))                                       \
    ASK(later, (str, key, u64, timeout_ns), (i32, error))                                          \
    ASK(replied, (), (u32, replies, i32, error, i64, value))                                       \
    /* Has the gateway of its node know nobody any more. */                                        \
    ASK(teach, (), (i32, error))
#include <ax/contract.h>

#endif
