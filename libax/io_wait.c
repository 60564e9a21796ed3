/* SPDX-License-Identifier: MIT */
/* libax/io_wait.c - calls that suspend their actor until the kernel has done something.
 *
 * The wait is an entry of the pending table, like that for a reply: it has a deadline, and whoever
 * resumes it need not know whether it is still there. Nothing that the kernel reads or writes lies
 * on the strand: bytes pass through the handle's own buffer, which stays until the kernel has let
 * go of it, whatever becomes of the actor. */
#include "libax/io.h"

#include "libax/pending.h"
#include "libax/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TRANSFER (1u << 20)

static int wait_as(struct worker *w, struct io_handle *h, uint64_t number)
{
    h->waiter = number;
    io_dirty(w, h);
    int result = pending_wait(w);
    if (h->waiter == number)
        h->waiter = 0;
    return result;
}

static int wait_for(struct ax_ctx *ctx, struct io_handle *h, uint64_t timeout_ns)
{
    const struct pending *entry = pending_new(ctx->worker, 0, timeout_ns);
    return entry == NULL ? AX_E_LIMIT : wait_as(ctx->worker, h, entry->corr);
}

static uint64_t left_until(struct worker *w, uint64_t deadline)
{
    if (deadline == UINT64_MAX)
        return AX_FOREVER;
    clock_read(w);
    return w->now < deadline ? deadline - w->now : 0;
}

/* ---- sockets ---- */

static uint32_t take_held(struct io *io, struct io_handle *h, uint8_t *to, uint32_t room)
{
    uint32_t index = h->first - 1u;
    struct io_buffer *buffer = &io->buffer[index];
    uint32_t size = buffer->size - buffer->at < room ? buffer->size - buffer->at : room;
    memcpy(to, io->memory + index * (uint64_t)IO_STRIDE + buffer->at, size);
    buffer->at += size;
    if (buffer->at == buffer->size) {
        h->first = buffer->next;
        io_recycle(io, index);
    }
    return size;
}

static uint32_t take_copied(struct io_handle *h, uint8_t *to, uint32_t room)
{
    uint32_t size = h->in.end - h->in_at < room ? h->in.end - h->in_at : room;
    memcpy(to, h->in.ptr + h->in_at, size);
    h->in_at += size;
    if (h->in_at == h->in.end)
        h->in_at = h->in.end = 0;
    return size;
}

static uint32_t take(struct worker *w, struct io_handle *h, uint8_t *to, uint32_t room)
{
    uint32_t taken = 0;
    while (taken < room && h->inbound != 0) {
        uint32_t some = h->first != 0 ? take_held(w->io, h, to + taken, room - taken)
                                      : take_copied(h, to + taken, room - taken);
        h->inbound -= some;
        taken += some;
    }
    io_dirty(w, h);
    return taken;
}

int ax_io_recv(struct ax_ctx *ctx, uint64_t io, void *buf, uint32_t size, uint64_t timeout_ns,
               uint32_t *got)
{
    struct worker *w = ctx->worker;
    struct io_handle *h;
    *got = 0;
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns);
    int error;
    while ((error = io_own(ctx, io, &h)) == 0) {
        if (h->kind != IO_SOCKET)
            return AX_E_NOT_ALLOWED;
        if (h->inbound != 0 && size != 0)
            *got = take(w, h, buf, size);
        if (*got != 0 || size == 0 || (h->eof && h->error == 0))
            return 0;
        if (h->error != 0)
            return h->error;
        error = wait_for(ctx, h, left_until(w, deadline));
        if (error != 0)
            return error;
    }
    return error;
}

/* Waits until no more than `most` bytes are to leave. */
static int wait_left(struct ax_ctx *ctx, uint64_t io, uint32_t most, uint64_t deadline)
{
    struct io_handle *h;
    int error;
    while ((error = io_own(ctx, io, &h)) == 0) {
        if (h->kind != IO_SOCKET)
            return AX_E_NOT_ALLOWED;
        if (h->error != 0)
            return h->error;
        if (io_outbound(h) <= most)
            return 0;
        error = wait_for(ctx, h, left_until(ctx->worker, deadline));
        if (error != 0)
            return error;
    }
    return error;
}

int ax_io_send(struct ax_ctx *ctx, uint64_t io, const void *buf, uint32_t size, uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns);
    int error = wait_left(ctx, io, w->boot->write_buffer, deadline);
    if (error == 0)
        error = ax_io_write(ctx, io, buf, size);
    return error != 0 ? error : wait_left(ctx, io, 0, deadline);
}

/* ---- files ---- */

void io_file_done(struct worker *w, struct io_handle *h, int result)
{
    h->status = result;
    if (h->fd < 0 && result >= 0)
        h->fd = result;
    io_wake(w, h, 0);
}

/* The kernel is to do nothing. */
static int take_back(struct io_uring_sqe *sqe, int error)
{
    io_uring_prep_nop(sqe);
    io_unheeded(sqe);
    return error;
}

/* The one request of a file that there can be at a time: its owner waits for it. */
static int run(struct ax_ctx *ctx, struct io_handle *h, struct io_uring_sqe *sqe)
{
    const struct pending *entry = pending_new(ctx->worker, 0, AX_FOREVER);
    if (entry == NULL)
        return take_back(sqe, AX_E_LIMIT);
    sqe->user_data = RING_IO | IO_RUN << 8 | (uint64_t)h->index << 16;
    h->flying++;
    int error = wait_as(ctx->worker, h, entry->corr);
    if (error != 0)
        return error;
    return h->status < 0 ? h->status : 0;
}

/* What it asks the kernel with. NULL with *error: it cannot be. */
static struct io_uring_sqe *prepare(struct ax_ctx *ctx, uint64_t io, struct io_handle **h,
                                    int *error)
{
    *error = io_own(ctx, io, h);
    if (*error == 0 && (*h)->kind != IO_FILE)
        *error = AX_E_NOT_ALLOWED;
    if (*error == 0 && ((*h)->flying != 0 || !strand_spare(ctx->worker)))
        *error = AX_E_LIMIT;
    struct io_uring_sqe *sqe = *error == 0 ? ring_request(ctx->worker) : NULL;
    if (*error == 0 && sqe == NULL)
        *error = AX_E_LIMIT;
    return sqe;
}

int ax_io_open(struct ax_ctx *ctx, const char *path, int flags, int mode, uint64_t *io)
{
    struct worker *w = ctx->worker;
    uint32_t size = (uint32_t)strlen(path) + 1;
    struct io_handle *h;
    *io = 0;
    int error = io_make(ctx, IO_FILE, -1, &h);
    if (error != 0)
        return error;
    uint64_t number = io_number(w, h);
    struct io_uring_sqe *sqe = prepare(ctx, number, &h, &error);
    if (sqe != NULL && !io_room(w->io, &h->in, size))
        error = take_back(sqe, -ENOMEM);
    if (error == 0) {
        memcpy(h->in.ptr, path, size);
        io_uring_prep_openat(sqe, AT_FDCWD, (const char *)h->in.ptr, flags | O_CLOEXEC,
                             (mode_t)mode);
        error = run(ctx, h, sqe);
    }
    if (error == 0)
        *io = number;
    else
        (void)ax_io_close(ctx, number);
    return error;
}

static int transfer(struct ax_ctx *ctx, uint64_t io, const void *from, void *to, uint32_t size,
                    uint64_t offset, uint32_t *done)
{
    struct io_handle *h;
    int error;
    *done = 0;
    if (size > TRANSFER)
        size = TRANSFER;
    struct io_uring_sqe *sqe = prepare(ctx, io, &h, &error);
    if (sqe == NULL)
        return error;
    if (!io_room(ctx->worker->io, &h->in, size))
        return take_back(sqe, -ENOMEM);
    if (from != NULL && size != 0)
        memcpy(h->in.ptr, from, size);
    if (from != NULL)
        io_uring_prep_write(sqe, h->fd, h->in.ptr, size, offset);
    else
        io_uring_prep_read(sqe, h->fd, h->in.ptr, size, offset);
    error = run(ctx, h, sqe);
    if (error == 0)
        *done = (uint32_t)h->status;
    if (error == 0 && to != NULL && *done != 0)
        memcpy(to, h->in.ptr, *done);
    return error;
}

int ax_io_pread(struct ax_ctx *ctx, uint64_t io, void *buf, uint32_t size, uint64_t offset,
                uint32_t *done)
{
    return transfer(ctx, io, NULL, buf, size, offset, done);
}

int ax_io_pwrite(struct ax_ctx *ctx, uint64_t io, const void *buf, uint32_t size, uint64_t offset,
                 uint32_t *done)
{
    return transfer(ctx, io, buf, NULL, size, offset, done);
}

int ax_io_fsync(struct ax_ctx *ctx, uint64_t io)
{
    struct io_handle *h;
    int error;
    struct io_uring_sqe *sqe = prepare(ctx, io, &h, &error);
    if (sqe == NULL)
        return error;
    io_uring_prep_fsync(sqe, h->fd, 0);
    return run(ctx, h, sqe);
}
