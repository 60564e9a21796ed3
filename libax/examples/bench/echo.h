/* SPDX-License-Identifier: MIT */
/* echo.h - the contract of the other side: takes what it is told, answers what it is asked. */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

/* clang-format off */
#define AX_CONTRACT bench_echo
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(data, (array(u64, 8), words))                                                             \
    TELL(blob, (bytes, data))                                                                      \
    ASK (echo, (u64, value), (u64, value))                                                         \
    /* handled behind all that this sender has told before; `at` is the time */                    \
    ASK (seen, (), (u64, messages, u64, sum, u64, at))                                             \
    /* maps a file that another process holds, every page of it */                                 \
    ASK (map, (u32, pid, u32, fd, u64, bytes), (bool, done))                                       \
    ASK (hello, (), (u32, pid))                                                                    \
    TELL(probe, (ref_to(bench_drive), from))
#include <ax/contract.h>
/* clang-format on */

#endif
