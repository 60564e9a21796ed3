/* SPDX-License-Identifier: MIT */
/* swap_two.c - the same contract and state, other code. */
#define SWAP_VERSION 2
#include "tests/plugins/swap.h"
