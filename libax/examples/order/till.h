/* SPDX-License-Identifier: MIT */
/* till.h - takes money and gives it back. */
#ifndef TILL_H
#define TILL_H

#define AX_CONTRACT till
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(pay, (i64, sum), (bool, done))                                                             \
    ASK(refund, (i64, sum), (bool, done))                                                          \
    ASK(total, (), (i64, sum, u64, paid, u64, refunded))
#include <ax/contract.h>

#endif
