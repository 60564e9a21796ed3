/* SPDX-License-Identifier: MIT */
/* session.c - a connection: bytes of a client become requests, and answers become bytes for it.
 *
 * Whoever is slow makes the others wait, and no buffer grows: with much owed to the client no more
 * requests are looked at, and none are read. A client that does not take what is published is let
 * go.
 *
 * When a shard's process dies, the next one handles the mail it finds, so most requests are
 * answered as if nothing had happened. Two sorts are not: one that the process died of, which is
 * dropped, and one whose answer was under way. The connection cannot tell, so it sends an empty
 * message after them: what is not answered before that is answered, never is (owed.h). */
#define AX_IMPLEMENT
#include "session.h"

#include "connection.h"

#include <ax/io.h>

#define OWED_MOST 1024u            /* answers that may be missing before no more is read */
#define OUT_MOST (1u << 20)        /* bytes that may wait for the client */
#define IN_MOST (64u << 20)        /* of one request */
#define PUBLISHED_MOST (32u << 20) /* bytes for a subscriber that does not read */
#define KEPT 4096u                 /* of memory, between turns */

static struct kv_buf said;

struct reply session_say(struct session *s)
{
    said.len = 0;
    return (struct reply){.to = &said, .protocol = s->protocol};
}

void session_said(struct session *s)
{
    struct reply to = session_reply(s);
    owed_here(&s->owed, &to, (struct ax_span){said.data, said.len});
    kv_buf_reset(&said, 64 << 10);
}

void session_error(struct session *s, const char *text)
{
    struct reply to = session_say(s);
    reply_error(&to, text);
    session_said(s);
}

/* ---- requests ---- */

static bool has_room(const struct session *s)
{
    return owed_count(&s->owed) < OWED_MOST && s->out.len < OUT_MOST && !s->stalled;
}

/* Looks at requests while there is room for their answers; returns how many bytes it is done with.
 */
static uint32_t take_requests(const struct talk *talk, const uint8_t *data, uint32_t size)
{
    struct session *s = talk->s;
    uint32_t at = 0, used;
    while (!s->closing && at < size && has_room(s)) {
        enum resp_result result = resp_parse(&s->resp, data + at, size - at, &used);
        if (result == RESP_MORE)
            break;
        if (result == RESP_REQUEST) {
            dispatch(talk, s->resp.argc, s->resp.argv);
        } else if (result == RESP_BROKEN) {
            char text[80] = "ERR ";
            strncat(text, s->resp.error, sizeof text - 5);
            session_error(s, text);
            s->closing = true;
        }
        at += used;
    }
    return s->closing ? size : at;
}

static void take_waiting(const struct talk *talk)
{
    struct session *s = talk->s;
    kv_buf_drop(&s->in, take_requests(talk, s->in.data, s->in.len));
    if (s->in.len == 0)
        kv_buf_reset(&s->in, KEPT);
}

static void take_data(const struct talk *talk, const uint8_t *data, uint32_t size)
{
    struct session *s = talk->s;
    uint32_t used = s->in.len == 0 ? take_requests(talk, data, size) : 0;
    if (used == size)
        return;
    bool waited = s->in.len != 0;
    kv_buf_add(&s->in, data + used, size - used);
    if (waited)
        take_waiting(talk);
    if (s->in.len > IN_MOST)
        s->over = true;
}

/* ---- the end of a turn ---- */

static void write_out(const struct talk *talk)
{
    struct session *s = talk->s;
    if (s->out.len == 0 || s->stalled)
        return;
    int error = ax_io_write(talk->ctx, s->io, s->out.data, s->out.len);
    s->stalled = error == AX_E_FULL;
    s->over |= error != 0 && error != AX_E_FULL;
    if (!s->stalled)
        kv_buf_reset(&s->out, KEPT);
}

static void read_on_or_pause(const struct talk *talk)
{
    struct session *s = talk->s;
    bool pause = !has_room(s);
    if (pause == s->paused)
        return;
    s->paused = pause;
    (void)ax_io_read(talk->ctx, s->io, !pause);
}

static void finish(const struct talk *talk)
{
    struct session *s = talk->s;
    outgoing_flush(talk);
    write_out(talk);
    if (s->paused && has_room(s) && owed_count(&s->owed) < OWED_MOST / 2) {
        take_waiting(talk);
        outgoing_flush(talk);
        write_out(talk);
    }
    read_on_or_pause(talk);
    if (s->closing && owed_count(&s->owed) == 0 && s->out.len == 0)
        s->over = true;
    if (s->over) {
        (void)ax_io_close(talk->ctx, s->io);
        ax_stop(talk->ctx);
    }
}

/* ---- what comes ---- */

static void on_io(struct ax_ctx *ctx, struct session *s, const struct ax_io_event *event)
{
    const struct talk talk = {ctx, s};
    s->io = event->io;
    if (event->what == AX_IO_CLOSED) {
        ax_stop(ctx);
        return;
    }
    if (event->what == AX_IO_DRAINED)
        s->stalled = false;
    else if (event->what == AX_IO_DATA && !s->over)
        take_data(&talk, event->data, event->size);
    finish(&talk);
}

void session_on_done(struct ax_ctx *ctx, struct session *s, const struct session_done *msg)
{
    const struct talk talk = {ctx, s};
    struct reply to = session_reply(s);
    const struct ax_span answers = {ax_bytes(&msg->answers), msg->answers.len};
    if (msg->target >= OWED_TARGETS ||
        !owed_take(&s->owed, &to, (uint8_t)msg->target, msg->number, answers))
        s->over = true;
    finish(&talk);
}

void session_on_delivered(struct ax_ctx *ctx, struct session *s,
                          const struct session_delivered *msg)
{
    const struct talk talk = {ctx, s};
    const struct ax_span channel = {ax_bytes(&msg->channel), msg->channel.len};
    struct reply to = session_reply(s);
    if (!channels_has(s, channel))
        return;
    reply_push(&to, 3);
    reply_text(&to, "message");
    reply_bulk(&to, channel);
    reply_bulk(&to, (struct ax_span){ax_bytes(&msg->text), msg->text.len});
    s->over |= s->out.len > PUBLISHED_MOST;
    finish(&talk);
}

static void on_down(struct ax_ctx *ctx, struct session *s, const struct ax_down *down)
{
    const struct talk talk = {ctx, s};
    uint32_t target = 0, targets = kv_system.shards + kv_system.fronts;
    while (target < targets && kv_system.target[target].addr != down->who.addr)
        target++;
    if (target == targets)
        return;
    struct reply to = session_reply(s);
    if (down->will_restart)
        outgoing_fence(&talk, target);
    else
        owed_lost(&s->owed, &to, (uint8_t)target, s->sent[target] + 1);
    finish(&talk);
}

static void on_start(struct ax_ctx *ctx, struct session *s)
{
    (void)ctx;
    s->protocol = 2;
    s->queued_shard = NO_SHARD;
}

/* The process that had the socket has died. */
static void leave(struct ax_ctx *ctx, struct session *s)
{
    (void)s;
    ax_stop(ctx);
}

static void on_stop(struct ax_ctx *ctx, struct session *s)
{
    (void)ctx;
    resp_free(&s->resp);
    kv_buf_free(&s->in);
    kv_buf_free(&s->out);
    kv_buf_free(&s->queued);
    owed_free(&s->owed);
    channels_free(s);
}

AX_ACTOR(session, .on_start = on_start, .on_restart = leave, .on_stop = on_stop, .on_io = on_io,
         .on_down = on_down);
