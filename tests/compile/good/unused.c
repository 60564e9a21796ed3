/* SPDX-License-Identifier: MIT */
/* A contract that nobody uses costs no warning, and the macros alone may be included at any time. */
#include "counter.h"
#include <ax/contract.h>
#include <ax/contract.h>

extern int nothing_else;
int nothing_else;
