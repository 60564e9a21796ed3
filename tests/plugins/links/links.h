/* SPDX-License-Identifier: MIT */
/* links.h - actors that are tied to each other and end in several ways. NAME is an actor of this
 * contract; an error is an AX_E_*.
 *
 * breed     spawns NAME, which does not restart; bear: one without a name
 * tie       links NAME, whose address is remembered; untie, watch (monitors)
 * tie_untie links and monitors NAME and takes it back
 * trap      exits, or no more
 * note      writes the text to its lines
 * send      an exit to NAME
 * quit      ends with that reason; fail: by ax_fail
 * send_words, quit_words   for a reason in those words
 * part      has NAME note "one", "two", then ends with that reason
 * hang      asks a child something that it will not answer for an hour
 * race      so many times: spawns an actor, or has NEST bear it, has it join "racers", links and
 *           watches it, and ends it, by turns after and before all that
 * join      a group; join_late: ends, and then joins it; part_of: leaves it
 * members   of the group; notify: has them, or one of them, note the words
 * ends      how many exits and downs it was told of in all
 * told      the lines: "exit|down INCARNATION REASON again|gone" or what was noted */
#ifndef LINKS_H
#define LINKS_H

#define AX_CONTRACT links
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(breed, (text(32), name), (i32, error))                                                     \
    ASK(tie, (text(32), name), (i32, error))                                                       \
    ASK(untie, (text(32), name), (i32, error))                                                     \
    ASK(watch, (text(32), name, u32, flags), (i32, error))                                         \
    ASK(trap, (bool, on), (i32, error))                                                            \
    TELL(note, (text(32), words))                                                                  \
    ASK(send, (text(32), name, u32, reason), (i32, error))                                         \
    ASK(send_words, (text(32), name, text(64), words), (i32, error))                               \
    TELL(quit, (u32, reason))                                                                      \
    ASK(quit_words, (text(64), words), (i32, error))                                               \
    TELL(fail, ())                                                                                 \
    TELL(part, (text(32), name, u32, reason))                                                      \
    TELL(tie_untie, (text(32), name))                                                              \
    TELL(hang, ())                                                                                 \
    ASK(mute, (), (i32, error))                                                                    \
    ASK(race, (text(32), nest, u32, times), (i32, error))                                          \
    ASK(bear, (), (i32, error, ref_to(links), child))                                              \
    ASK(join_late, (text(32), group), (i32, error))                                                \
    ASK(ends, (), (u64, exits, u64, downs))                                                        \
    ASK(told, (), (str, lines))                                                                    \
    ASK(join, (text(32), group), (i32, error))                                                     \
    ASK(part_of, (text(32), group), (i32, error))                                                  \
    ASK(members, (text(32), group), (u32, count, str, names))                                      \
    ASK(notify, (text(32), group, text(32), words, bool, one), (u32, count))
#include <ax/contract.h>

#endif
