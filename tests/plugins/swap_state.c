/* SPDX-License-Identifier: MIT */
/* swap_state.c - its kept state has a field more. */
#define SWAP_VERSION 4
#define SWAP_STATE (i64, n), (i64, more)
#include "tests/plugins/swap.h"
