/* SPDX-License-Identifier: MIT */
/* teller.h - the contract of a teller. */
#ifndef LEDGER_TELLER_H
#define LEDGER_TELLER_H

/* work     told by the teller's own timer
 * rest     no new transfers; what has been begun is seen through
 * totals   told: transfers that it was told are done; refused: for want of money; again: how often
 *          an answer did not come, and it asked again; idle: it rests, and nothing is open */
#define AX_CONTRACT teller
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(work, ())                                                                                 \
    ASK(rest, (), (bool, idle))                                                                    \
    ASK(totals, (), (u64, told, u64, refused, u64, again, bool, idle))
#include <ax/contract.h>

#endif
