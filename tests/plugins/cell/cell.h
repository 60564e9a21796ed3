/* SPDX-License-Identifier: MIT */
/* cell.h - a register or counter of 64 bits: an actor of a registry of the cluster, which answers
 * from its memory, and writes what changes to a file first (log.h). For a while after it was
 * asked something it acts of itself as well, which leaves a record each time. */
#ifndef TEST_CELL_H
#define TEST_CELL_H

/* All of them leave what the cell holds then in `value`. done: what was asked for has been done;
 * else nothing has, as another owner has the cell.
 *
 * id          of a write: one of its own, not 0
 * swap        writes where the cell holds what is expected */
#define AX_CONTRACT cell
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(act, ())                                                                                  \
    ASK(get, (), (bool, done, u64, value))                                                         \
    ASK(add, (u64, id, u64, argument), (bool, done, u64, value))                                   \
    ASK(put, (u64, id, u64, argument), (bool, done, u64, value))                                   \
    ASK(swap, (u64, id, u64, argument, u64, expected), (bool, done, u64, value))
#include <ax/contract.h>

#endif
