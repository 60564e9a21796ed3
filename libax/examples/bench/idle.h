/* SPDX-License-Identifier: MIT */
/* idle.h - the contract of an actor that has no state and does nothing: what an actor costs. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include <stdint.h>

/* clang-format off */
#define AX_CONTRACT bench_idle
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(data, (array(u64, 8), words))
#include <ax/contract.h>
/* clang-format on */

/* Messages that the actors of this process have handled. */
extern uint64_t bench_idle_handled;

#endif
