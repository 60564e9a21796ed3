/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT ax_counter
#define AX_MESSAGES(TELL, ASK) TELL(add, ())
#include <ax/contract.h>
