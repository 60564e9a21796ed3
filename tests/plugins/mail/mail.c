/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "echo.h"

#include "mail.h"

struct echo {
    char none;
};

void echo_on_back(struct ax_ctx *ctx, struct echo *self, const struct echo_back *msg,
                  struct echo_back_reply *reply)
{
    (void)ctx, (void)self, (void)msg, (void)reply;
}

extern const union desk_actor_type desk_actor;
extern const union clerk_actor_type clerk_actor;
AX_ACTOR(echo);
AX_PLUGIN("mail", &echo_actor, &clerk_actor, &desk_actor);
