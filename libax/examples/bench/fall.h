/* SPDX-License-Identifier: MIT */
/* fall.h - the contract of an actor that fails when it is told to, and says when it is back. */
#ifndef BENCH_FALL_H
#define BENCH_FALL_H

#include <stdint.h>

/* clang-format off */
#define AX_CONTRACT bench_fall
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(fall, ())                                                                                 \
    /* how long after the last fall this is handled */                                             \
    ASK (rise, (), (u64, ns))
#include <ax/contract.h>
/* clang-format on */

#endif
