/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "sink.h"

#include <signal.h>
#include <stdlib.h>

struct sink {
    uint64_t notes;
};

void sink_on_note(struct ax_ctx *ctx, struct sink *self, const struct sink_note *msg)
{
    (void)ctx, (void)msg;
    self->notes++;
}

/* Takes nothing until it is told to by a signal. */
void sink_on_hold(struct ax_ctx *ctx, struct sink *self, const struct sink_hold *msg)
{
    (void)ctx, (void)self, (void)msg;
    raise(SIGSTOP);
}

void sink_on_echo(struct ax_ctx *ctx, struct sink *self, const struct sink_echo *msg,
                  struct sink_echo_reply *reply)
{
    (void)ctx, (void)self;
    reply->v = msg->v;
}

void sink_on_large(struct ax_ctx *ctx, struct sink *self, const struct sink_large *msg,
                   struct sink_large_reply *reply)
{
    char *data = calloc(1, msg->size + 1u);

    (void)self;
    AX_CHECK(ctx, data != NULL);
    int error = ax_reply_bytes(ctx, &reply->data, data, msg->size);
    free(data);
    AX_CHECK(ctx, error == 0 || error == AX_E_TOO_BIG);
}

void sink_on_count(struct ax_ctx *ctx, struct sink *self, const struct sink_count *msg,
                   struct sink_count_reply *reply)
{
    (void)ctx, (void)msg;
    reply->notes = self->notes;
}

AX_ACTOR(sink);
