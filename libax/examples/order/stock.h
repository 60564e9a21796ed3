/* SPDX-License-Identifier: MIT */
/* stock.h - goods on a shelf. */
#ifndef STOCK_H
#define STOCK_H

#define AX_CONTRACT stock
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(reserve, (u32, count), (bool, done))                                                       \
    ASK(release, (u32, count), (bool, done))                                                       \
    ASK(total, (), (i64, left, u64, reserved, u64, released))
#include <ax/contract.h>

#endif
