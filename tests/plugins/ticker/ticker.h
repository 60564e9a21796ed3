/* SPDX-License-Identifier: MIT */
/* ticker.h - an actor with a periodic timer, which keeps account of its moments.
 *
 * begin     sets it, with that period
 * tick      its message
 * look      moments: messages and those that were missed; early: messages before their time;
 *           on_time: the last message came before the moment behind its own; lives: processes
 * end       cancels it; again: what a second cancel says */
#ifndef TICKER_H
#define TICKER_H

#include <stdbool.h>
#include <stdint.h>

#define AX_CONTRACT ticker
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(begin, (u64, period_ns), (i32, error))                                                     \
    TELL(tick, (u64, number))                                                                      \
    ASK(look, (), (u64, early, bool, on_time, bool, missed, u64, moments))                         \
    ASK(end, (), (i32, error, i32, again))
#include <ax/contract.h>

#endif
