/* SPDX-License-Identifier: MIT */
/* overlay/gateway/clerk.h - the contract of those who look for keys; see clerk.c. */
#ifndef GW_CLERK_H
#define GW_CLERK_H

#define AX_LOCAL
#define AX_CONTRACT clerk
#define AX_MESSAGES(TELL, ASK)                                                                     \
    /* Until then, as ax_now has it. */                                                            \
    TELL(find_key, (u64, handle, u64, until, u64, contract, str, registry, bytes, key))
#include <ax/contract.h>

#endif
