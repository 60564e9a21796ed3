/* SPDX-License-Identifier: MIT */
/* trouble.h - an actor that ends its process in each way there is, and can ask another one. */
#ifndef TROUBLE_H
#define TROUBLE_H

#define AX_CONTRACT trouble
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(die, (i32, signal))                                                                       \
    TELL(leave, (i32, code))                                                                       \
    TELL(thread, ())                                                                               \
    TELL(part, (i32, code))                                                                        \
    TELL(hang, ())                                                                                 \
    TELL(deaf, ())                                                                                 \
    TELL(scribble, (text(32), memory))                                                             \
    TELL(forge, (text(32), memory))                                                                \
    TELL(say, (str, text))                                                                         \
    ASK(get, (), (i64, value))                                                                     \
    ASK(ask_of, (text(64), name), (i32, error))
#include <ax/contract.h>

#endif
