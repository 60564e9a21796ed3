/* SPDX-License-Identifier: MIT */
/* libax/io_call.c - what an actor may do to its handles without waiting. */
#include "libax/io.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int io_own(struct ax_ctx *ctx, uint64_t number, struct io_handle **out)
{
    struct io_handle *h = io_find(ctx->worker, number);
    if (h == NULL || h->owner == 0)
        return AX_E_CLOSED;
    if (h->owner != ctx->actor || h->turn.give != 0)
        return AX_E_NOT_ALLOWED;
    if (h->over || h->turn.close)
        return AX_E_CLOSED;
    *out = h;
    return 0;
}

int io_make(struct ax_ctx *ctx, enum io_kind kind, int fd, struct io_handle **out)
{
    int error = io_new(ctx->worker, ctx->actor, kind, out);
    if (error != 0)
        return error;
    (*out)->fd = fd;
    (*out)->turn.made = true;
    io_touch(ctx->worker, *out);
    return 0;
}

int ax_io_listen(struct ax_ctx *ctx, const char *name, uint64_t *io)
{
    const struct boot *boot = ctx->worker->boot;
    struct io_handle *h;
    uint32_t i = 0;
    *io = 0;
    if (ctx->type->on_io == NULL)
        return AX_E_NOT_ALLOWED;
    while (i < boot->nlisteners && strcmp(boot->listener[i], name) != 0)
        i++;
    if (i == boot->nlisteners)
        return AX_E_INVALID;
    int error = io_make(ctx, IO_LISTENER, boot->listener_fd[i], &h);
    if (error == 0)
        *io = io_number(ctx->worker, h);
    return error;
}

int ax_io_give(struct ax_ctx *ctx, uint64_t io, struct ax_ref to)
{
    struct io_handle *h;
    int error = io_own(ctx, io, &h);
    if (error != 0)
        return error;
    uint32_t actor = actor_local(ctx->worker, to.addr);
    if (to.node != 0 || actor == 0)
        return AX_E_NO_ACTOR;
    if (actor == ctx->actor)
        return 0;
    h->turn.give = to.addr;
    io_touch(ctx->worker, h);
    return 0;
}

int ax_io_read(struct ax_ctx *ctx, uint64_t io, bool on)
{
    struct io_handle *h;
    int error = io_own(ctx, io, &h);
    if (error != 0)
        return error;
    h->turn.read = on ? 2 : 1;
    io_touch(ctx->worker, h);
    return 0;
}

int ax_io_write(struct ax_ctx *ctx, uint64_t io, const void *data, uint32_t size)
{
    struct io_handle *h;
    int error = io_own(ctx, io, &h);
    if (shm_unlikely(error != 0))
        return error;
    if (shm_unlikely(h->kind != IO_SOCKET))
        return AX_E_NOT_ALLOWED;
    if (shm_unlikely(h->error != 0 || h->finishing || h->turn.finish))
        return AX_E_CLOSED;
    if (shm_unlikely(io_outbound(h) > ctx->worker->boot->write_buffer)) {
        h->full = true;
        return AX_E_FULL;
    }
    if (size > UINT32_MAX / 2 || !io_room(ctx->worker->io, &h->out, h->staged + size))
        return -ENOMEM;
    memcpy(h->out.ptr + h->staged, data, size);
    h->staged += size;
    io_touch(ctx->worker, h);
    return 0;
}

int ax_io_finish(struct ax_ctx *ctx, uint64_t io)
{
    struct io_handle *h;
    int error = io_own(ctx, io, &h);
    if (error != 0)
        return error;
    if (h->kind != IO_SOCKET)
        return AX_E_NOT_ALLOWED;
    h->turn.finish = true;
    io_touch(ctx->worker, h);
    return 0;
}

int ax_io_close(struct ax_ctx *ctx, uint64_t io)
{
    struct io_handle *h;
    int error = io_own(ctx, io, &h);
    if (error != 0)
        return error;
    h->turn.close = true;
    io_touch(ctx->worker, h);
    return 0;
}

/* ---- connections ---- */

int ax_io_connect(struct ax_ctx *ctx, const char *address, uint64_t *io)
{
    struct io_handle *h = NULL;
    struct io_spec *spec = calloc(1, sizeof *spec);
    *io = 0;
    if (spec == NULL)
        return -ENOMEM;
    if (!boot_address_read(address, &spec->address)) {
        free(spec);
        return AX_E_INVALID;
    }
    int fd = socket(spec->address.of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? -errno : io_make(ctx, IO_SOCKET, fd, &h);
    if (h == NULL) {
        if (fd >= 0)
            close(fd);
        free(spec);
        return error;
    }
    if (spec->address.of.any.sa_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    h->spec = spec;
    h->unconnected = true;
    *io = io_number(ctx->worker, h);
    return 0;
}
