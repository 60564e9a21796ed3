/* SPDX-License-Identifier: MIT */
/* driver.h - looks keys up from wherever it lives. Errors are AX_E_*.
 *
 * add    gets PREFIX0 to PREFIX<keys - 1>, spawning, and tells each to add 1
 * sum    what those that are there have counted, and how many of them have another key
 * get    one key: its count and incarnation; what it is told to do before
 * again  in one turn: ends the key's actor and gets the key; then what it has counted
 * home   the key's actor lives in this worker
 * churn  so many times: gets the key and ends its actor, whoever else does; how many it got
 * end    tells it to end and then to add 3, and asks it what it has; in one turn
 * late   tells it to end and then to toil; in one turn
 * seek   looks for the key's actor
 * mind   has it monitor itself
 * order  has it take a snapshot
 * list   goes through the registry, which changes with each step where that is to be `moved`: how
 *          many of PREFIX0 to PREFIX63 it found, how many of them twice or with the ref of another,
 *          how many others; and then what is said at the end
 * toil   has it toil with mail behind; was all of that handled in one incarnation?
 */
#ifndef DRIVER_H
#define DRIVER_H

#define AX_CONTRACT driver
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(add, (text(32), registry, text(32), prefix, u32, keys), (u32, accepted, i32, error))       \
    ASK(sum, (text(32), registry, text(32), prefix, u32, keys),                                    \
        (i64, value, u32, found, u32, incarnations, u32, wrong))                                   \
    ASK(get, (text(32), registry, str, key, bool, spawn), (i32, error, i64, value, u32, life))     \
    ASK(home, (text(32), registry, str, key), (bool, here))                                        \
    ASK(churn, (text(32), registry, str, key, u32, times), (i32, error, u32, got))                 \
    ASK(end, (text(32), registry, str, key), (i32, error, i64, value))                             \
    ASK(late, (text(32), registry, str, key, u64, ms), (i32, error))                               \
    ASK(seek, (text(32), registry, str, key), (i32, error))                                        \
    ASK(order, (text(32), registry, str, key), (i32, error))                                       \
    ASK(toil, (text(32), registry, str, key, u64, ms), (i32, error, bool, one))                    \
    ASK(mind, (text(32), registry, str, key), (i32, error))                                        \
    ASK(list, (text(32), registry, text(32), prefix, bool, moved),                                 \
        (u32, found, u32, twice, u32, wrong, u32, others, i32, error))                             \
    ASK(fail, (text(32), registry, str, key), (i32, error))                                        \
    ASK(again, (text(32), registry, str, key), (i32, error, i64, value, bool, moved))
#include <ax/contract.h>

#endif
