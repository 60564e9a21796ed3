/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include <ax/nursery.h>
AX_NURSERY;
