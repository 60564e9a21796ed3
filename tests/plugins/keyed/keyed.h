/* SPDX-License-Identifier: MIT */
/* keyed.h - an actor of a registry: counts, fails, ends, tells its key. */
#ifndef KEYED_H
#define KEYED_H

#define AX_CONTRACT keyed
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(fail, ())                                                                                 \
    TELL(end, ())                                                                                  \
    ASK(get, (), (i64, value, u32, incarnation, str, key))
#include <ax/contract.h>

#endif
