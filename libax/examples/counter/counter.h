/* SPDX-License-Identifier: MIT */
/* counter.h - the contract, shared by everyone who talks to a counter. */
#ifndef COUNTER_H
#define COUNTER_H

#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(inc, ())                                                                                  \
    TELL(add, (i64, by))                                                                           \
    ASK(get, (), (i64, value))
#include <ax/contract.h>

#endif
