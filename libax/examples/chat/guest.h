/* SPDX-License-Identifier: MIT */
/* guest.h - a connection: what its peer writes is said in the hall, what is said there it is sent.
 */
#ifndef GUEST_H
#define GUEST_H

#define GUEST_NAME 24 /* bytes of a name, with its NUL */
#define GUEST_LINE 512

#define AX_CONTRACT guest
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(serve, (u64, io))                                                                         \
    TELL(hear, (str, text))
#include <ax/contract.h>

#endif
