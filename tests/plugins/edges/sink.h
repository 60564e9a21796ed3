/* SPDX-License-Identifier: MIT */
/* sink.h - an actor that takes what it is sent. */
#ifndef SINK_H
#define SINK_H

#define AX_CONTRACT sink
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, (bytes, data))                                                                      \
    TELL(hold, ())                                                                                 \
    ASK(echo, (u64, v), (u64, v))                                                                  \
    ASK(large, (u32, size), (bytes, data))                                                         \
    ASK(count, (), (u64, notes))
#include <ax/contract.h>

#endif
