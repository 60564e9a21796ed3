/* SPDX-License-Identifier: MIT */
/* leased.h - an actor of a registry of the cluster. Its key is the path of a file, to which it
 * adds, every 5 ms as long as it lives, the epoch of its lease and the time, CLOCK_BOOTTIME in ns.
 */
#ifndef TEST_LEASED_H
#define TEST_LEASED_H

#define AX_CONTRACT leased
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, ())                                                                                 \
    ASK(epoch, (), (u64, epoch))
#include <ax/contract.h>

#endif
