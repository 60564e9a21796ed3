/* SPDX-License-Identifier: MIT */
#include <ax/contract.h>
AX_STRUCT(point, (f64, x), (bytes, y));
