/* SPDX-License-Identifier: MIT */
#define AX_LOCAL
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>

counter_remote_ref remote(void);
