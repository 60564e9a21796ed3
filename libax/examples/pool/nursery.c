/* SPDX-License-Identifier: MIT */
/* nursery.c - spawns who does jobs where the pool cannot. */
#define AX_IMPLEMENT
#include <ax/nursery.h>

AX_NURSERY;
