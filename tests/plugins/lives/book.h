/* SPDX-License-Identifier: MIT */
/* book.h - the actor that writes down what the others do, in a process that nobody kills.
 *
 * note      one line of the book, as in lives/note.h
 * play      tells each actor of the script what to do; the answer is how many were told
 * members   of the group, as refs
 * holder    the actor that has the key, spawning none; 0: there is none */
#ifndef BOOK_H
#define BOOK_H

#define AX_CONTRACT book
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(note, (u32, kind, u32, life, i32, error, u64, order, u64, self, u64, number, u64, who,    \
                u64, value, u64, more))                                                            \
    ASK(play, (), (u32, told))                                                                     \
    ASK(members, (text(32), group), (u32, count, array(u64, 256), who))                            \
    ASK(holder, (text(32), key), (i32, error, u64, who))
#include <ax/contract.h>

#endif
