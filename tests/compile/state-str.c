/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>
AX_STATE(counter, (i64, n), (str, owner));
