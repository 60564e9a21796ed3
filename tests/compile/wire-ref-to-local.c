/* SPDX-License-Identifier: MIT */
#define AX_LOCAL
#define AX_CONTRACT cellar
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>

#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(meet, (ref_to(cellar), who))                                                              \
    ASK(where, (), (array(ref_to(cellar), 2), all))
#include <ax/contract.h>
