/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(mxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, ())
#include <ax/contract.h>
