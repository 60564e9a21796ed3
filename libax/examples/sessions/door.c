/* SPDX-License-Identifier: MIT */
/* door.c - finds the session of a user, wherever it lives, and passes on what is asked. */
#include "session.h"

#define AX_IMPLEMENT
#define AX_CONTRACT door
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(put, (str, user, text(32), item), (str, error))                                            \
    ASK(list, (str, user), (str, error, u32, items, u32, lives, str, basket))
#include <ax/contract.h>

struct door {
    int nothing;
};

static int find(struct ax_ctx *ctx, const struct ax_str *user, session_ref *session)
{
    struct ax_span key = {ax_str(user), user->len};

    return session_get_or_spawn(ctx, "sessions", key, AX_SECONDS(5), session);
}

void door_on_put(struct ax_ctx *ctx, struct door *self, const struct door_put *msg,
                 struct door_put_reply *reply)
{
    session_ref session;
    int error = find(ctx, &msg->user, &session);

    (void)self;
    if (error == 0)
        error = session_put(ctx, session, msg->item);
    if (error != 0)
        AX_CHECK(ctx, ax_reply_str(ctx, &reply->error, ax_strerror(error)) == 0);
}

void door_on_list(struct ax_ctx *ctx, struct door *self, const struct door_list *msg,
                  struct door_list_reply *reply)
{
    struct session_list_reply list;
    session_ref session;
    int error = find(ctx, &msg->user, &session);

    (void)self;
    if (error == 0)
        error = session_list(ctx, session, &list, AX_SECONDS(5));
    if (error != 0) {
        AX_CHECK(ctx, ax_reply_str(ctx, &reply->error, ax_strerror(error)) == 0);
        return;
    }
    reply->items = list.items;
    reply->lives = list.lives;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->basket, ax_str(&list.basket)) == 0);
}

AX_ACTOR(door);
AX_PLUGIN("sessions", &session_actor, &door_actor);
