/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(say, (array(str, 3), words))
#include <ax/contract.h>
