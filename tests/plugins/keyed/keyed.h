/* SPDX-License-Identifier: MIT */
/* keyed.h - an actor of a registry: counts, fails, ends, tells its key. toil: takes so long over a
 * message, awaiting something; get tells the incarnation that did so last. One whose key begins
 * with "frail" fails in its start. mind: monitors itself; each down with the reason normal counts
 * 1000, each other one 100. */
#ifndef KEYED_H
#define KEYED_H

#define AX_CONTRACT keyed
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(fail, ())                                                                                 \
    TELL(mind, ())                                                                                 \
    TELL(end, ())                                                                                  \
    TELL(toil, (u64, ms))                                                                          \
    ASK(get, (), (i64, value, u32, incarnation, u32, toiled, str, key))
#include <ax/contract.h>

#endif
