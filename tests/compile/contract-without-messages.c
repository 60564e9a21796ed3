/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#include <ax/contract.h>
