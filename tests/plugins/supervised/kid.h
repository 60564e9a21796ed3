/* SPDX-License-Identifier: MIT */
/* kid.h - a child that ends in several ways. nap: takes so long, awaiting something; mark: a line
 * in the diary. Its snapshot is what it begins to count from. */
#ifndef KID_H
#define KID_H

#define AX_CONTRACT kid
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(add, (), (u64, count))                                                                     \
    TELL(fail, ())                                                                                 \
    TELL(quit, (u32, reason))                                                                      \
    TELL(nap, (u64, ms))                                                                           \
    TELL(mark, ())                                                                                 \
    TELL(crash, ())                                                                                \
    ASK(hang, (), ())
#include <ax/contract.h>

#endif
