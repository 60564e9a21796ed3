/* SPDX-License-Identifier: MIT */
/* trek.h - the contract of an actor that asks a bench_echo again and again with 512 bytes on its
 * stack. */
#ifndef BENCH_TREK_H
#define BENCH_TREK_H

#include "echo.h"

/* the asks that failed */
#define AX_CONTRACT bench_trek
#define AX_MESSAGES(TELL, ASK) ASK(trek, (ref_to(bench_echo), to, u32, rounds), (u64, failures))
#include <ax/contract.h>

#endif
