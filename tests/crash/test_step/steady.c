/* SPDX-License-Identifier: MIT */
#include "probe.h"

#define AX_IMPLEMENT
#include "steady.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As that of the probe. */
AX_STATE(steady, (i64, sum), (i64, turns), (i64, downs), (i64, replies), (i64, errors));

/* What is on the stack before an await must be there after it, and what points to it. */
static int64_t step(struct ax_ctx *ctx, struct steady *self, const probe_ref to[2], int64_t *left,
                    const char *path)
{
    struct probe_get_reply answer;
    char here[32];
    snprintf(here, sizeof here, "%s/%d", path, (int)*left);
    double weight = (double)*left * 1.5;
    int64_t depth = (*left)--;
    self->sum += depth;
    int error = probe_get(ctx, to[depth - 1], 10 * depth, &answer, AX_FOREVER);
    if (error == AX_E_NO_MEMORY)
        abort(); /* what was saved before has not been given back */
    self->replies += error == 0;
    self->errors += error != 0;
    int64_t rest = *left > 0 ? step(ctx, self, to, left, here) : 0;
    if (weight != (double)depth * 1.5 || strncmp(here, path, strlen(path)) != 0)
        self->errors += 100;
    return (error == 0 ? answer.value : -error) + rest;
}

void steady_on_walk(struct ax_ctx *ctx, struct steady *self, const struct steady_walk *msg,
                    struct steady_walk_reply *reply)
{
    const probe_ref to[2] = {msg->to, msg->next};
    int64_t left = 2;
    self->turns++;
    reply->value = msg->by;
    reply->value = 1000 * reply->value + step(ctx, self, to, &left, "walk");
}

void steady_on_stroll(struct ax_ctx *ctx, struct steady *self, const struct steady_stroll *msg)
{
    const probe_ref to[2] = {msg->next, msg->to};
    int64_t left = 2;
    self->turns++;
    (void)step(ctx, self, to, &left, "stroll");
}

void steady_on_read(struct ax_ctx *ctx, struct steady *self, const struct steady_read *msg,
                    struct steady_read_reply *reply)
{
    struct probe_words_reply words;
    self->turns++;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->title, "begun before") == 0);
    int error = probe_words(ctx, msg->to, msg->by, &words, AX_FOREVER);
    self->replies += error == 0;
    self->errors += error != 0;
    if (error == 0)
        AX_CHECK(ctx, ax_reply_str(ctx, &reply->text, ax_str(&words.text)) == 0);
    reply->value = (int64_t)strlen(ax_str(&reply->title)) + reply->text.len;
}

AX_ACTOR(steady, AX_DURABLE);
