/* SPDX-License-Identifier: MIT */
/* auditor.h - the contract of the auditor. */
#ifndef AUDITOR_H
#define AUDITOR_H

/* look     told by its own timer until it has found everyone it watches
 * report   watching      actors that it monitors
 *          downs         ends of an incarnation of any of them, over all of its own incarnations
 *          suspects      of these, where the actor had a message in hand; `last` is who
 *          gone          of these, where the actor will not come back
 *          served        how often an actor answered again afterwards; the time from the notice
 *                        of its end to that answer: the last, the median of the last 63, the
 *                        longest */
#define AX_CONTRACT auditor
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(look, ())                                                                                 \
    ASK(report, (),                                                                                \
        (u32, watching, u64, downs, u64, suspects, u64, gone, text(64), last, u64, served, u64,    \
         last_ns, u64, median_ns, u64, longest_ns))
#include <ax/contract.h>

#endif
