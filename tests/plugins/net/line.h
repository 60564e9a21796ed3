/* SPDX-License-Identifier: MIT */
/* line.h - a connection that is told by its peer, in lines, what to try. */
#ifndef LINE_H
#define LINE_H

#define AX_CONTRACT line
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(serve, (u64, io))                                                                         \
    TELL(resume, ())
#include <ax/contract.h>

#endif
