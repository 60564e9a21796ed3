/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(add, (i64, ax_to))
#include <ax/contract.h>
