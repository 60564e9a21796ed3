/* SPDX-License-Identifier: MIT */
/* An actor with hooks, which ends others and takes back what it has begun. */
#ifndef ENVOY_H
#define ENVOY_H

#include "probe.h"

/* inherit   `heir` gets 100 when this one stops
 * bid       sends an exit
 * dismiss   tells somebody to end
 * see_off   and waits until he is gone
 * remind    a timer of an hour
 * call_off  takes it back
 * regret    begins all of this and more, and fails
 * wonder    asks, and is told on_reply */
#define AX_CONTRACT envoy
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(inherit, (ref_to(probe), heir))                                                           \
    TELL(bid, (ref_to(probe), who, u32, reason))                                                   \
    TELL(dismiss, (ref_to(probe), who))                                                            \
    TELL(see_off, (ref_to(probe), who))                                                            \
    TELL(remind, (ref_to(probe), who))                                                             \
    TELL(call_off, ())                                                                             \
    TELL(wonder, (ref_to(probe), who, u64, timeout_ns))                                            \
    TELL(regret, (ref_to(probe), who, ref_to(probe), other, ref_to(probe), far))                   \
    TELL(leave, ())
#include <ax/contract.h>

#endif
