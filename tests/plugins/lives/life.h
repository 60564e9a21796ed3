/* SPDX-License-Identifier: MIT */
/* life.h - an actor that does what it is told, and notes in the book what it has done.
 *
 * act     do `op` (lives/note.h says which there are and what their arguments are)
 * hit     number `number` from the sender, in its life `life`
 * get     a question that is answered at once
 * fail    fails
 * ring    told by its own timer
 * greet   told by its own timer until there is a book */
#ifndef LIFE_H
#define LIFE_H

#define AX_CONTRACT life
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(act, (u32, op, u64, number, ref, who, u64, value))                                        \
    TELL(hit, (u64, number, u32, life))                                                            \
    ASK(get, (u64, number), (u64, number))                                                         \
    TELL(fail, (u64, number))                                                                      \
    TELL(ring, (u64, number))                                                                      \
    TELL(greet, ())
#include <ax/contract.h>

#endif
