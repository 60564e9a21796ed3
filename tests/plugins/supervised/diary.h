/* SPDX-License-Identifier: MIT */
/* diary.h - what children begin and end, in order. */
#ifndef DIARY_H
#define DIARY_H

#define AX_CONTRACT diary
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, (text(32), line))                                                                   \
    ASK(told, (text(32), part), (str, lines))
#include <ax/contract.h>

#endif
