/* SPDX-License-Identifier: MIT */
/* carrier.h - takes parcels that are not too heavy. */
#ifndef CARRIER_H
#define CARRIER_H

#define AX_CONTRACT carrier
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(ship, (text(32), label, u32, count), (bool, done))                                         \
    ASK(total, (), (u64, parcels, u64, goods))
#include <ax/contract.h>

#endif
