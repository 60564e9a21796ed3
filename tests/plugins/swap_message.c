/* SPDX-License-Identifier: MIT */
/* swap_message.c - one of its messages has another field. */
#define SWAP_VERSION 3
#define SWAP_ADD (i64, by, bool, twice)
#include "tests/plugins/swap.h"
