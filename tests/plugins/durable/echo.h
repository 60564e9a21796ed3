/* SPDX-License-Identifier: MIT */
#ifndef ECHO_H
#define ECHO_H

#define AX_CONTRACT echo
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(say, (str, text), (str, text))                                                             \
    ASK(twice, (u64, n), (u64, n))                                                                 \
    TELL(note, (u64, n))                                                                           \
    ASK(noted, (), (u64, n))
#include <ax/contract.h>

#endif
