/* SPDX-License-Identifier: MIT */
/* witness.h - who lives beside a wrecker, and must not mind. */
#ifndef WITNESS_H
#define WITNESS_H

#define AX_CONTRACT witness
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(talk, ())                                                                                 \
    TELL(noise, (str, words))                                                                      \
    ASK(get, (), (i64, sum))
#include <ax/contract.h>

#endif
