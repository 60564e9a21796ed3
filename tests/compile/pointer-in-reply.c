/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) ASK(get, (), (bool, ok, void *, where))
#include <ax/contract.h>
