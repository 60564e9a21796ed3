/* SPDX-License-Identifier: MIT */
/* tests/lib/linear.h - whether a history of one register could have come of an order in which each
 * operation happens at one moment between its begin and its end (Herlihy and Wing, TOPLAS 1990).
 *
 * The search is Wing and Gong's (JPDC 1993) with Lowe's memory of what was tried before (CCPE
 * 2017): exact, and exponential at worst, so its effort has a bound. */
#ifndef TESTS_LIB_LINEAR_H
#define TESTS_LIB_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#define LINEAR_OPS 256u /* of a history */
#define LINEAR_NEVER                                                                               \
    UINT64_MAX /* the end of what may happen at any time after its begin, or never */

enum linear_kind {
    LINEAR_READ,
    LINEAR_ADD,   /* its argument to the register */
    LINEAR_WRITE, /* its argument into the register */
    LINEAR_SWAP,  /* its argument into the register, where that holds what is expected */
};

struct linear_op {
    uint64_t begin, end;
    enum linear_kind kind;
    uint64_t argument, expected;
    uint64_t result; /* what the register is said to have held then, itself included */
    bool told;       /* whether that is known */
};

enum linear_verdict { LINEAR_YES, LINEAR_NO, LINEAR_TOO_HARD };

/* Of a register that begins as 0. `effort` bounds the states that are looked at. */
enum linear_verdict linear_check(const struct linear_op *ops, unsigned n, uint64_t effort);

#endif
