/* SPDX-License-Identifier: MIT */
/* libax/io_reap.c - what the kernel has done to a handle.
 *
 * No turn runs here: events are noted in the handle, and its owner is put in the run queue. Data
 * stays in the ring's buffer until the owner has had it, where he will have it soon; where he may
 * not, or half of the buffers are held already, it is copied and the buffer goes back at once, for
 * whoever holds them may be waiting for what another connection brings. */
#include "libax/io.h"

#include "libax/pending.h"
#include "libax/turn.h"

#include <errno.h>
#include <string.h>

void io_wake(struct worker *w, struct io_handle *h, int result)
{
    uint64_t waiter = h->waiter;
    h->waiter = 0;
    if (waiter != 0 && pending_find(w, waiter) != NULL)
        (void)pending_answer(w, waiter, result, NULL, 0, 0, true);
}

/* Something has changed: whoever waits looks again. */
static void changed(struct worker *w, struct io_handle *h)
{
    if (h->waiter != 0)
        io_wake(w, h, 0);
    if (h->owner != 0 && io_has_event(h))
        io_ready(w, h);
}

static void broke(struct worker *w, struct io_handle *h, int error)
{
    if (h->error == 0)
        h->error = error;
    h->eof = true;
    io_drop(w->io, &h->out);
    h->staged = 0;
    if (!h->sending) {
        io_drop(w->io, &h->leaving);
        h->left = 0;
    }
    io_dirty(w, h);
}

/* A child that has ended, or reads no more, may have said something before: only what is written to
 * it is lost. */
static bool is_deaf(const struct io_handle *h, int result)
{
    return h->child && (result == -EPIPE || result == -ECONNRESET);
}

/* ---- what came ---- */

static void hold(struct io *io, struct io_handle *h, uint16_t buffer, uint32_t size)
{
    io->buffer[buffer] = (struct io_buffer){.size = size};
    if (h->first == 0)
        h->first = (uint16_t)(buffer + 1);
    else
        io->buffer[h->last - 1].next = (uint16_t)(buffer + 1);
    h->last = (uint16_t)(buffer + 1);
}

static bool copy_in(struct io *io, struct io_handle *h, uint16_t buffer, uint32_t size)
{
    if (h->in_at != 0) {
        memmove(h->in.ptr, h->in.ptr + h->in_at, h->in.end - h->in_at);
        h->in.end -= h->in_at;
        h->in_at = 0;
    }
    bool room = io_room(io, &h->in, h->in.end + size);
    if (room) {
        memcpy(h->in.ptr + h->in.end, io->memory + buffer * (uint64_t)IO_STRIDE, size);
        h->in.end += size;
    }
    io_recycle(io, buffer);
    return room;
}

static void take_data(struct worker *w, struct io_handle *h, uint16_t buffer, uint32_t size)
{
    struct io *io = w->io;
    io->held++;
    if (h->owner == 0 || h->eof) {
        io_recycle(io, buffer);
        return;
    }
    bool soon = h->in.end == h->in_at && io->held <= IO_BUFFERS / 2 && h->reading &&
                !actor_at(w, h->owner)->suspended;
    if (soon)
        hold(io, h, buffer, size);
    else if (!copy_in(io, h, buffer, size)) {
        broke(w, h, -ENOMEM);
        return;
    }
    h->inbound += size;
    if (h->inbound >= w->boot->read_buffer)
        io_dirty(w, h); /* no more for now */
}

static void received(struct worker *w, struct io_handle *h, const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_MORE)) {
        h->receiving = false;
        io_dirty(w, h);
    }
    if (cqe->res > 0)
        take_data(w, h, (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT), (uint32_t)cqe->res);
    else if (cqe->res == 0 || is_deaf(h, cqe->res))
        h->eof = true;
    else if (cqe->res != -ENOBUFS && cqe->res != -ECANCELED)
        broke(w, h, cqe->res);
    changed(w, h);
}

/* ---- what left ---- */

static void left(struct io_handle *h, uint32_t bytes)
{
    h->left += bytes;
    if (h->gone != NULL)
        shm_store(h->gone, *h->gone + bytes);
    h->heeded = h->heeded && io_outbound(h) != 0;
}

static void sent(struct worker *w, struct io_handle *h, int result)
{
    h->sending = false;
    if (is_deaf(h, result))
        result = (int)(h->leaving.end - h->left);
    if (result < 0 && result != -EINTR && result != -EAGAIN)
        broke(w, h, result == -ECANCELED ? -ETIMEDOUT : result);
    else if (result > 0)
        left(h, (uint32_t)result);
    h->slow = h->left != h->leaving.end;
    if (h->error != 0 || h->left == h->leaving.end) {
        h->leaving.end = h->left = 0;
        io_drop(w->io, &h->leaving);
    }
    if (io_outbound(h) != 0 || h->finishing)
        io_dirty(w, h);
    if (io_outbound(h) == 0 && h->full) {
        h->full = false;
        h->drained = h->error == 0;
    }
    changed(w, h);
}

/* ---- the others ---- */

static void connected(struct worker *w, struct io_handle *h, int result)
{
    h->connecting = h->unconnected = false;
    h->connected = true;
    if (result < 0)
        broke(w, h, result);
    io_dirty(w, h);
    changed(w, h);
}

static void knocked(struct worker *w, struct io_handle *h, const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_MORE)) {
        h->accepting = false;
        io_dirty(w, h);
    }
    h->knocked = true;
    changed(w, h);
}

static void child_ended(struct worker *w, struct io_handle *h)
{
    h->watching = false;
    h->exited = io_child_reap(h);
    io_dirty(w, h);
    changed(w, h);
}

void io_completed(struct worker *w, const struct io_uring_cqe *cqe)
{
    enum io_request what = (enum io_request)(cqe->user_data >> 8 & 0xff);
    struct io_handle *h = &w->io->table[cqe->user_data >> 16];
    if (what == IO_UNHEEDED)
        return;
    if (!(cqe->flags & IORING_CQE_F_MORE)) {
        h->flying--;
        h->canceling &= (uint8_t) ~(1u << what);
    }
    switch (what) {
    case IO_ACCEPT:
        knocked(w, h, cqe);
        break;
    case IO_RECV:
        received(w, h, cqe);
        break;
    case IO_SEND:
        sent(w, h, cqe->res);
        break;
    case IO_CONNECT:
        connected(w, h, cqe->res);
        break;
    case IO_EXIT:
        child_ended(w, h);
        break;
    case IO_RUN:
        io_file_done(w, h, cqe->res);
        break;
    case IO_UNHEEDED:
        break;
    }
    io_finish(w, h);
}
