/* SPDX-License-Identifier: MIT */
/* A durable actor: what it waits for, it waits for in the next process as well. */
#ifndef STEADY_H
#define STEADY_H

#include "probe.h"

/* walk    asks two others, from within calls of its own
 * stroll  the same, for nobody
 * read  asks for more text than a small answer holds, and answers with it, begun beforehand */
#define AX_CONTRACT steady
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(walk, (i64, by, ref_to(probe), to, ref_to(probe), next), (i64, value))                     \
    TELL(stroll, (i64, by, ref_to(probe), to, ref_to(probe), next))                                \
    ASK(read, (i64, by, ref_to(probe), to), (i64, value, str, title, str, text))
#include <ax/contract.h>

#endif
