/* SPDX-License-Identifier: MIT */
/* meters.h - actors that take their time in several ways, and look at each other. NAME stands for
 * an actor of this contract.
 *
 * spin      computes for that long; loop: for ever
 * block     reads a FIFO to its end; halt: stops its process in the middle of the turn
 * breed     spawns NAME, which on_start lets fail where its name begins with "frail"
 * gaze      monitors NAME so many times, and counts them
 * wait_for  asks NAME to get, and waits
 * listen    has the lifecycle stream, or no more; lives: what it was told so far, each a line
 *           "NAME started|restarted|stopped INCARNATION[ REASON/STOP][ missed N]"
 * measure   what ax_meters says of NAME, or of who had that name first where it is gone */
#ifndef METERS_H
#define METERS_H

#define AX_CONTRACT meters
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(spin, (u64, ns))                                                                          \
    TELL(loop, ())                                                                                 \
    TELL(block, (text(128), path))                                                                 \
    TELL(halt, ())                                                                                 \
    TELL(fail, ())                                                                                 \
    TELL(leave, ())                                                                                \
    TELL(later, (i64, by))                                                                         \
    TELL(crowd, (u32, count))                                                                      \
    TELL(burst, (text(32), name, u32, count))                                                      \
    TELL(gaze, (text(32), name, u32, count))                                                       \
    ASK(breed, (text(32), name, u32, restarts), (i32, error))                                      \
    ASK(wait_for, (text(32), name), (i32, error))                                                  \
    ASK(watch, (text(32), name), (i32, error))                                                     \
    ASK(end, (text(32), name), (i32, error))                                                       \
    ASK(listen, (bool, on), (i32, error))                                                          \
    ASK(lives, (), (str, lines))                                                                   \
    ASK(measure, (text(32), name),                                                                 \
        (i32, error, bool, closed, bool, terminated, u32, incarnation, u32, mail, u32, slow, bool, \
         busy, u64, handled, u32, failures, u64, silence_ns, u64, idle_ns, str, waits_on))         \
    ASK(get, (), (i64, n))
#include <ax/contract.h>

#endif
