/* SPDX-License-Identifier: MIT */
/* The actor that is stepped through: one message for each thing a turn can do. */
#ifndef PROBE_H
#define PROBE_H

#define AX_CONTRACT probe
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(relay, (i64, by, ref_to(probe), here, ref_to(probe), there))                              \
    ASK(get, (i64, by), (i64, value))                                                              \
    ASK(forward, (i64, by, ref_to(probe), to), (i64, value))                                       \
    ASK(muse, (i64, by, ref_to(probe), to), (i64, value))                                          \
    TELL(ask_later, (ref_to(probe), to))                                                           \
    TELL(breed, (i64, by))                                                                         \
    TELL(raise, (i64, by))                                                                         \
    TELL(claim, (text(16), name))                                                                  \
    TELL(key, (i64, by, text(16), key))                                                            \
    TELL(retire, ())                                                                               \
    TELL(leave, ())                                                                                \
    TELL(listen, ())                                                                               \
    TELL(watch, (ref_to(probe), who))                                                              \
    TELL(unwatch, ())                                                                              \
    TELL(later, (i64, by, u64, delay_ns))                                                          \
    TELL(rash, (i64, by))                                                                          \
    TELL(repeat, (i64, by))                                                                        \
    TELL(again, (i64, by))                                                                         \
    TELL(juggle, (u32, step))                                                                      \
    TELL(keep, (i64, by))                                                                          \
    TELL(inherit, (i64, by))                                                                       \
    TELL(fail, (i64, by, ref_to(probe), there))                                                    \
    TELL(mope, (i64, by, ref_to(probe), there))                                                    \
    TELL(dial, (ref_to(probe), here, ref_to(probe), there))                                        \
    TELL(link, (ref_to(probe), who, bool, trap))                                                   \
    TELL(unlink, (ref_to(probe), who))                                                             \
    TELL(quit, (u32, reason))                                                                      \
    TELL(join, (bool, stay))                                                                       \
    TELL(write, (u64, from, u64, to, u32, size))                                                   \
    TELL(erase, (u64, from, u64, to))                                                              \
    TELL(wipe, ())                                                                                 \
    ASK(words, (i64, by), (str, text))
#include <ax/contract.h>

extern const struct ax_plugin ax_plugin;

#endif
