/* SPDX-License-Identifier: MIT */
/* job.h - one who does jobs: a number squared, or a crash. */
#ifndef JOB_H
#define JOB_H

#define AX_CONTRACT job
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(square, (i64, number), (i64, result, text(64), by))                                        \
    TELL(spoil, ())
#include <ax/contract.h>

#endif
