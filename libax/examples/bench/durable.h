/* SPDX-License-Identifier: MIT */
/* durable.h - the same as bench_trek, but what it awaits outlives the process. */
#ifndef BENCH_DURABLE_H
#define BENCH_DURABLE_H

#include "echo.h"

#define AX_CONTRACT bench_durable
#define AX_MESSAGES(TELL, ASK) ASK(trek, (ref_to(bench_echo), to, u32, rounds), (u64, failures))
#include <ax/contract.h>

#endif
