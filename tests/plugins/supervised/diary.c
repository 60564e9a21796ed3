/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "diary.h"

#include <stdio.h>

#define LINES 200

AX_STATE(diary, (u32, used), (array(text(32), LINES), lines));

void diary_on_note(struct ax_ctx *ctx, struct diary *self, const struct diary_note *msg)
{
    AX_CHECK(ctx, self->used < LINES);
    memcpy(self->lines[self->used++], msg->line, sizeof msg->line);
}

/* Lines that contain `part`, and forgets them. */
void diary_on_told(struct ax_ctx *ctx, struct diary *self, const struct diary_told *msg,
                   struct diary_told_reply *reply)
{
    char text[LINES * 33] = "";
    size_t used = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->used; i++) {
        if (strstr(self->lines[i], msg->part) != NULL)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s;", self->lines[i]);
        else
            memmove(self->lines[kept++], self->lines[i], sizeof self->lines[i]);
    }
    self->used = kept;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->lines, text) == 0);
}

AX_ACTOR(diary);
