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
    TELL(leave, ())                                                                                \
    TELL(listen, ())                                                                               \
    TELL(watch, (ref_to(probe), who))                                                              \
    TELL(unwatch, ())                                                                              \
    TELL(later, (i64, by, u64, delay_ns))                                                          \
    TELL(rash, (i64, by))                                                                          \
    TELL(keep, (i64, by))                                                                          \
    TELL(inherit, (i64, by))                                                                       \
    TELL(fail, (i64, by, ref_to(probe), there))                                                    \
    TELL(mope, (i64, by, ref_to(probe), there))
#include <ax/contract.h>

extern const struct ax_plugin ax_plugin;

#endif
