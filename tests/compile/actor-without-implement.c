/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>
struct counter {
    int n;
};
AX_ACTOR(counter);
