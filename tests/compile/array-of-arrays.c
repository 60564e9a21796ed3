/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(say, (array(array(u8, 2), 3), grid))
#include <ax/contract.h>
