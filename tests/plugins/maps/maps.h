/* SPDX-License-Identifier: MIT */
/* maps.h - an actor with kept maps.
 *
 * put, drop    one key of `data`; the answer is the AX_E_*
 * fill         puts keys "k<number>" of `from` up to `to` in turns of a hundred; how far it came
 * count        of `data`, and a sum over what a walk finds
 * clear        `data`
 * hang         puts, and does not return
 */
#ifndef MAPS_H
#define MAPS_H

#define AX_CONTRACT maps
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(put, (bytes, key, bytes, value), (i32, error))                                             \
    ASK(drop, (bytes, key), (i32, error))                                                          \
    TELL(more, (u64, from, u64, to, u32, size))                                                    \
    ASK(fill, (u64, from, u64, to, u32, size), (u64, to, i32, error))                              \
    ASK(count, (), (u64, entries, u64, bytes, u64, filled))                                        \
    TELL(clear, ())                                                                                \
    TELL(hang, (bytes, key))
#include <ax/contract.h>

#endif
