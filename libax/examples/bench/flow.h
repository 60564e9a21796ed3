/* SPDX-License-Identifier: MIT */
/* flow.h - the contract of an actor that asks a bench_echo again and again, one of many. */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

/* clang-format off */
#define AX_CONTRACT bench_flow
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(flow, (ref_to(bench_echo), to, u32, rounds))                                              \
    /* answered when the flow before it has ended */                                               \
    ASK (done, (), (u64, failures))
#include <ax/contract.h>
/* clang-format on */

#endif
