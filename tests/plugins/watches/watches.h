/* SPDX-License-Identifier: MIT */
/* watches.h - actors that watch each other and end in several ways. NAME stands for an actor of
 * this contract.
 *
 * breed     spawns NAME; a backoff of -1 is AX_FOREVER; the answer is an AX_E_*
 * crowd     spawns actors without a name that leave, each with a policy of its own, up to an AX_E_*
 * watch     monitors NAME that often
 * add       counts
 * die       ends the process by that signal
 * fail      at once; fail_as: with the words that NAME has remarked
 * pile      tells NAME to add twice and to fail, then to add once more; the answer is the last
 * AX_E_* mope      tells itself to fail, monitors nobody, then tells and asks itself to count end
 * tells NAME to end told      the downs so far, each a line "NAME INCARNATION REASON SIGNAL
 * suspect|bystander again|gone"
 */
#ifndef WATCHES_H
#define WATCHES_H

#define AX_CONTRACT watches
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(breed, (text(32), name, i64, backoff_min, i64, backoff_max, u32, high, bool, drop_mail),   \
        (i32, error))                                                                              \
    ASK(crowd, (), (i32, error))                                                                   \
    ASK(watch, (text(32), name, u32, times), (i32, error))                                         \
    TELL(add, (i64, by))                                                                           \
    TELL(die, (i32, signal))                                                                       \
    TELL(leave, ())                                                                                \
    TELL(fail, ())                                                                                 \
    TELL(fail_as, (text(32), name))                                                                \
    ASK(pile, (text(32), name), (i32, error))                                                      \
    TELL(mope, ())                                                                                 \
    ASK(end, (text(32), name), (i32, error))                                                       \
    ASK(remark, (), (str, words))                                                                  \
    ASK(told, (), (str, lines))                                                                    \
    ASK(get, (), (i64, n, i64, downs, i64, canceled))
#include <ax/contract.h>

#endif
