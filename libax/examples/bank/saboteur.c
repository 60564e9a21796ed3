/* SPDX-License-Identifier: MIT */
/* saboteur.c - a mistake that is found in many programs: nobody has set the pointer. */
#define AX_IMPLEMENT
#include "saboteur.h"

/* No AX_STATE: fresh, and all zero at each start. */
struct saboteur {
    int *nowhere;
};

void saboteur_on_crash(struct ax_ctx *ctx, struct saboteur *self, const struct saboteur_crash *msg)
{
    (void)ctx, (void)msg;
    *self->nowhere = 1;
}

AX_ACTOR(saboteur);
