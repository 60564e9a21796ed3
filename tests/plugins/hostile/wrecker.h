/* SPDX-License-Identifier: MIT */
/* wrecker.h - a worker that turns on everybody. */
#ifndef WRECKER_H
#define WRECKER_H

#define AX_CONTRACT wrecker
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(noise, (str, words))                                                                      \
    TELL(wreck, (u64, seed))                                                                       \
    TELL(gag, ())                                                                                  \
    ASK(ping, (), (i64, answer))
#include <ax/contract.h>

#endif
