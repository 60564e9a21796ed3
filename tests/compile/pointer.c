/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(say, (char *, text))
#include <ax/contract.h>
