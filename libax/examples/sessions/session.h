/* SPDX-License-Identifier: MIT */
/* session.h - what one user has in the basket. */
#ifndef SESSION_H
#define SESSION_H

#define AX_CONTRACT session
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(put, (text(32), item))                                                                    \
    ASK(list, (), (u32, items, u32, lives, str, basket))
#include <ax/contract.h>

#endif
