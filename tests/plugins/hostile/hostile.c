/* SPDX-License-Identifier: MIT */
#include "witness.h"
#include "wrecker.h"

AX_PLUGIN("hostile", &witness_actor, &wrecker_actor);
