/* SPDX-License-Identifier: MIT */
/* swap_one.c - the plugin that is replaced while the system runs: its first version. */
#define SWAP_VERSION 1
#include "tests/plugins/swap.h"
