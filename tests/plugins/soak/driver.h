/* SPDX-License-Identifier: MIT */
/* driver.h - has sparks come and go: some of them are there at a time, each is monitored, and the
 * down of one is the time for the next.
 *
 * go      as many more
 * left    how many are to come, and how many are there */
#ifndef DRIVER_H
#define DRIVER_H

#define AX_CONTRACT driver
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(go, (u64, count))                                                                         \
    ASK(left, (), (u64, left, u32, open))
#include <ax/contract.h>

#endif
