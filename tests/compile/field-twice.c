/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(add, (i64, by, i64, by))
#include <ax/contract.h>
