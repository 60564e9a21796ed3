/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(get, ()) TELL(on_get, ())
#include <ax/contract.h>
