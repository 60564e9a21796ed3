/* SPDX-License-Identifier: MIT */
/* libax/io_deliver.c - what has happened to a handle becomes a turn of its owner, one event each.
 *
 * A turn without a message: where the process dies in it the actor is the suspect, as in a hook. An
 * event is taken out of the handle before its turn begins. The data of the event in hand is kept by
 * the actor, not by the handle, which the hook may close or give away. */
#include "libax/io.h"

#include "libax/event.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/meter.h"
#include "libax/turn.h"

#include <errno.h>
#include <stdio.h>

#define RETRY_NS 100000000u

static bool has_data(const struct io_handle *h)
{
    return h->first != 0 || h->in.end != h->in_at;
}

bool io_has_event(const struct io_handle *h)
{
    if (h->over || h->owner == 0)
        return false;
    if (h->connected || h->drained)
        return true;
    if (h->knocked || has_data(h))
        return h->reading;
    return (h->eof || h->error != 0) && (!h->child || h->exited);
}

void io_ready(struct worker *w, struct io_handle *h)
{
    struct io_actor *own = w->io->actors[h->owner];
    if (h->ready)
        return;
    h->ready = true;
    h->next_ready = NULL;
    if (own->ready_first == NULL)
        own->ready_first = h;
    else
        own->ready_last->next_ready = h;
    own->ready_last = h;
    runq_push(w, h->owner);
}

static struct io_handle *pop(struct io_actor *own)
{
    struct io_handle *h = own->ready_first;
    own->ready_first = h->next_ready;
    if (own->ready_first == NULL)
        own->ready_last = NULL;
    h->ready = false;
    return h;
}

/* ---- events ---- */

static void out_of_files(struct worker *w, int error)
{
    struct io *io = w->io;
    char text[96];
    io->retry_at = w->now + RETRY_NS;
    io->starved = true;
    if (io->no_files)
        return;
    io->no_files = true;
    snprintf(text, sizeof text, "no connection can be accepted for now: %s", ax_strerror(error));
    worker_log(w, AX_WARN, "ax", text);
}

/* -errno: nobody is there, or he has to wait. */
static int accept_one(struct worker *w, struct io_handle *h)
{
    int fd;
    do
        fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0) {
        w->io->no_files = false;
        return fd;
    }
    int error = -errno;
    if (error == -EAGAIN)
        h->knocked = false;
    else
        out_of_files(w, error);
    return error;
}

static bool accepted(struct worker *w, struct io_handle *h, struct ax_io_event *event)
{
    struct io_handle *connection;
    if (io_new(w, h->owner, IO_SOCKET, &connection) != 0) {
        w->io->starved = true; /* until a handle is free */
        return false;
    }
    connection->fd = accept_one(w, h);
    if (connection->fd < 0) {
        io_discard(w, connection);
        return false;
    }
    io_dirty(w, connection);
    event->what = AX_IO_ACCEPTED;
    event->accepted = io_number(w, connection);
    return true;
}

static void take_data(struct worker *w, struct io_handle *h, struct ax_io_event *event)
{
    struct io *io = w->io;
    struct io_actor *own = io->actors[h->owner];
    event->what = AX_IO_DATA;
    if (h->first != 0) {
        uint32_t buffer = h->first - 1u;
        h->first = io->buffer[buffer].next;
        own->hand_buffer = (uint16_t)(buffer + 1);
        event->data = io->memory + buffer * (uint64_t)IO_STRIDE + io->buffer[buffer].at;
        event->size = io->buffer[buffer].size - io->buffer[buffer].at;
    } else {
        own->hand = h->in.ptr;
        own->hand_cap = h->in.cap;
        event->data = h->in.ptr + h->in_at;
        event->size = h->in.end - h->in_at;
        h->in = (struct io_bytes){0};
        h->in_at = 0;
    }
    h->inbound -= event->size;
    if (!h->receiving)
        io_dirty(w, h);
}

static void ended(struct io_handle *h, struct ax_io_event *event)
{
    h->over = true;
    event->what = h->child ? AX_IO_EXITED : AX_IO_CLOSED;
    event->error = h->child ? h->status : h->error;
}

/* What there is to tell next. False: nothing now. */
static bool next_event(struct worker *w, struct io_handle *h, struct ax_io_event *event)
{
    if (!io_has_event(h))
        return false;
    event->io = io_number(w, h);
    if (h->kind == IO_LISTENER)
        return accepted(w, h, event);
    if (h->kind == IO_POLLED) {
        h->knocked = false;
        event->what = AX_IO_DATA;
        return true;
    }
    if (h->connected) {
        h->connected = false;
        event->what = AX_IO_CONNECTED;
        event->error = h->error;
        h->over = h->error != 0;
    } else if (h->drained) {
        h->drained = false;
        event->what = AX_IO_DRAINED;
    } else if (has_data(h)) {
        take_data(w, h, event);
    } else {
        ended(h, event);
    }
    return true;
}

/* ---- turns ---- */

static void release_hand(struct worker *w, uint32_t actor)
{
    struct io_actor *own = w->io->actors[actor];
    if (own == NULL)
        return;
    if (own->hand_buffer != 0)
        io_recycle(w->io, own->hand_buffer - 1u);
    if (own->hand != NULL) {
        struct io_bytes bytes = {.ptr = own->hand, .cap = own->hand_cap};
        io_drop(w->io, &bytes);
    }
    own->hand_buffer = 0;
    own->hand = NULL;
}

static void run(struct worker *w, uint32_t index, const struct ax_io_event *event)
{
    struct ax_ctx *ctx = ctx_enter(w, index);
    shm_turn_begin(&w->port, index, 0);
    ctx->type->on_io(ctx, ctx->self, event);
    kept_save(w, index);
    turn_commit(w);
    w->messages++;
    meter_look(w, index, METER_EVENT);
    if (shm_unlikely(ctx->tail != NULL || ctx->reply_heap != NULL))
        ctx_release(ctx);
}

uint32_t io_deliver(struct worker *w, uint32_t index, uint32_t most)
{
    const struct shm_actor *actor = actor_at(w, index);
    uint32_t count = 0;
    if (w->plugin->actors[actor->type]->on_io == NULL) {
        while (io_waits(w, index)) /* it asks by calls */
            (void)pop(w->io->actors[index]);
        return 0;
    }
    while (count < most && io_waits(w, index) && !(actor->flags & SHM_STOPPING)) {
        if (!lease_allows(w, index)) {
            lease_end(w, index);
            break;
        }
        struct io_handle *h = pop(w->io->actors[index]);
        struct ax_io_event event = {0};
        if (!next_event(w, h, &event))
            continue;
        run(w, index, &event);
        count++;
        release_hand(w, index);
        h = io_find(w, event.io);
        if (h == NULL || h->owner == 0)
            continue;
        if (h->over)
            io_leave(w, h);
        else if (io_has_event(h))
            io_ready(w, h);
    }
    return count;
}
