/* SPDX-License-Identifier: MIT */
/* job.c - whoever does jobs is a member of the group "jobs" as long as it lives, so who replaces it
 * needs nobody to be told. */
#define AX_IMPLEMENT
#include "job.h"

struct job {
    bool unused;
};

static void start(struct ax_ctx *ctx, struct job *self)
{
    (void)self;
    AX_CHECK(ctx, ax_join(ctx, "jobs") == 0);
}

void job_on_square(struct ax_ctx *ctx, struct job *self, const struct job_square *msg,
                   struct job_square_reply *reply)
{
    (void)self;
    AX_CHECK(ctx, msg->number > -3037000500 && msg->number < 3037000500);
    reply->result = msg->number * msg->number;
    AX_CHECK(ctx, ax_text_set(reply->by, sizeof reply->by, ax_name(ctx, ax_self(ctx))));
}

void job_on_spoil(struct ax_ctx *ctx, struct job *self, const struct job_spoil *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "spoiled");
}

AX_ACTOR(job, .on_start = start);
