/* SPDX-License-Identifier: MIT */
/* session.c - one actor a user, spawned when the user is first heard of. What it keeps survives the
 * death of its process, and the rest that it is put to when nobody has asked for a while. */
#define AX_IMPLEMENT
#include "session.h"

#include <stdio.h>
#include <string.h>

#define ITEMS 16

AX_STATE(session, (u32, count), (u32, lives), (array(text(32), ITEMS), items));

static void on_life(struct ax_ctx *ctx, struct session *self)
{
    self->lives = ax_incarnation(ctx);
}

static void on_stop(struct ax_ctx *ctx, struct session *self)
{
    struct ax_span user = ax_key(ctx);

    ax_log(ctx, AX_INFO, "%.*s rests, with %u in the basket", (int)user.len, (const char *)user.ptr,
           self->count);
}

void session_on_put(struct ax_ctx *ctx, struct session *self, const struct session_put *msg)
{
    (void)ctx;
    memcpy(self->items[self->count++ % ITEMS], msg->item, sizeof msg->item);
}

void session_on_list(struct ax_ctx *ctx, struct session *self, const struct session_list *msg,
                     struct session_list_reply *reply)
{
    char basket[ITEMS * 33 + 1] = "";
    size_t used = 0;

    (void)msg;
    for (uint32_t i = 0; i < self->count && i < ITEMS; i++)
        used += (size_t)snprintf(basket + used, sizeof basket - used, "%s%s", i == 0 ? "" : " ",
                                 self->items[i]);
    reply->items = self->count;
    reply->lives = self->lives;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->basket, basket) == 0);
}

AX_ACTOR(session, .on_start = on_life, .on_restart = on_life, .on_stop = on_stop);
