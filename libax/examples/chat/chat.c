/* SPDX-License-Identifier: MIT */
#include "guest.h"
#include "hall.h"
#include "porter.h"

extern const union hall_actor_type hall_actor;
extern const union guest_actor_type guest_actor;
extern const union porter_actor_type porter_actor;

AX_PLUGIN("chat", &hall_actor, &guest_actor, &porter_actor);
