/* SPDX-License-Identifier: MIT */
/* kid.h - a child that ends in several ways. */
#ifndef KID_H
#define KID_H

#define AX_CONTRACT kid
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(add, (), (u64, count))                                                                     \
    TELL(fail, ())                                                                                 \
    TELL(quit, (u32, reason))                                                                      \
    TELL(crash, ())                                                                                \
    ASK(hang, (), ())
#include <ax/contract.h>

#endif
