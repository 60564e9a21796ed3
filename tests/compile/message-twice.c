/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(add, (i64, by)) TELL(sub, ()) TELL(add, (u8, n))
#include <ax/contract.h>
