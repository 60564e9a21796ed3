/* SPDX-License-Identifier: MIT */
/* order.h - who sees orders through. */
#ifndef ORDER_H
#define ORDER_H

/* place   done: shipped and paid for; else nothing is reserved or paid any more, and `why` says
 *         which step did not work
 * total   orders by how they ended */
#define AX_CONTRACT order
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(place, (u64, number, u32, count, i64, price), (bool, done, text(16), why))                 \
    ASK(total, (), (u64, shipped, u64, sold_out, u64, unpaid, u64, unshipped))
#include <ax/contract.h>

#endif
