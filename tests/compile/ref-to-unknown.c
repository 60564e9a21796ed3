/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(meet, (ref_to(nobody), who))
#include <ax/contract.h>
