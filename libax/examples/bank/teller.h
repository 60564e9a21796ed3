/* SPDX-License-Identifier: MIT */
/* teller.h - the contract of a teller. */
#ifndef TELLER_H
#define TELLER_H

/* work     told by the teller's own timer; one of an earlier round is ignored
 * pause    no new transfers; what has been begun is seen through
 * totals   asked         transfers it asked for, each counted once
 *          accepted ...  what the accounts answered; asked = accepted + refused + open
 *          canceled, unknown   how often an answer did not come, because the ask was canceled, or
 *                        because it timed out or the teller's own process died. Then it asks
 *                        again with the same id, so these count among neither
 *          marks         sum modulo 2^64 over the ids of those accepted
 *          resting       paused, and nothing is open */
#define AX_CONTRACT teller
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(work, (u64, round))                                                                       \
    ASK(pause, (), (bool, resting))                                                                \
    ASK(resume, (), (bool, resting))                                                               \
    ASK(totals, (),                                                                                \
        (u64, asked, u64, accepted, u64, refused, u64, canceled, u64, unknown, i64, marks, i64,    \
         amount, bool, resting))
#include <ax/contract.h>

#endif
