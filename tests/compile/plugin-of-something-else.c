/* SPDX-License-Identifier: MIT */
#include <ax/contract.h>
static int thing;
AX_PLUGIN("thing", &thing);
