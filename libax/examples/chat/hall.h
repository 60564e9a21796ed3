/* SPDX-License-Identifier: MIT */
/* hall.h - where all guests hear what one of them says. It keeps who is there over any crash. */
#ifndef HALL_H
#define HALL_H

#include "guest.h"

#define AX_CONTRACT hall
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(enter, (ref_to(guest), who, text(GUEST_NAME), name))                                      \
    TELL(say, (str, text))                                                                         \
    ASK(guests, (), (u32, count))
#include <ax/contract.h>

#endif
