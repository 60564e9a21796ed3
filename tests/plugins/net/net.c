/* SPDX-License-Identifier: MIT */
#include "door.h"
#include "line.h"

extern const union door_actor_type door_actor;
extern const union line_actor_type line_actor;
AX_PLUGIN("net", &door_actor, &line_actor);
