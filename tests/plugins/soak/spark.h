/* SPDX-License-Identifier: MIT */
/* spark.h - an actor that comes, leaves something behind of everything that an actor may have, and
 * goes.
 *
 * burn    one thing of those in spark.c, by the number, and the end; `seer` is somebody elsewhere
 * use     how often it was used since it was spawned; then it rests or, with `end`, ends
 * load    nothing; it is there to lie in mailboxes and timers */
#ifndef SPARK_H
#define SPARK_H

#define AX_CONTRACT spark
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(burn, (u64, number, ref, seer))                                                           \
    ASK(use, (bool, end), (u64, count))                                                            \
    TELL(load, (str, text))
#include <ax/contract.h>

#endif
