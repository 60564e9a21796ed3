/* SPDX-License-Identifier: MIT */
/* libax/io_memory.c - what handles are made of: the tables, the buffers that the kernel fills, and
 * the blocks that turns fill. Opened when the first actor of a worker wants a handle. */
#include "libax/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static int open_buffers(struct worker *w, struct io *io)
{
    struct io_uring_buf_reg reg = {.ring_entries = IO_BUFFERS};
    uint64_t bytes = IO_BUFFERS * sizeof(struct io_uring_buf);
    io->ring = aligned_alloc(SHM_PAGE, shm_round(bytes, SHM_PAGE));
    io->memory = malloc((size_t)IO_BUFFERS * IO_STRIDE);
    if (io->ring == NULL || io->memory == NULL)
        return -ENOMEM;
    memset(io->ring, 0, bytes);
    reg.ring_addr = (uint64_t)(uintptr_t)io->ring;
    int error = io_uring_register_buf_ring(&w->ring, &reg, 0);
    if (error != 0)
        return error;
    io->held = IO_BUFFERS;
    for (uint32_t i = 0; i < IO_BUFFERS; i++)
        io_recycle(io, i);
    return 0;
}

/* As many descriptors as handles may need, as far as the limits of the process go. */
static int raise_files(struct io *io)
{
    if (getrlimit(RLIMIT_NOFILE, &io->files) != 0)
        return -errno;
    struct rlimit limits = io->files;
    limits.rlim_cur = limits.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limits);
    return 0;
}

static int open_tables(struct worker *w, struct io *io)
{
    io->count = w->boot->max_handles + 1;
    io->fresh = 1; /* the rest is not even touched before it is needed */
    io->table = calloc(io->count, sizeof *io->table);
    io->spare = calloc(io->count, sizeof *io->spare);
    io->actors = calloc(w->port.geo.actors, sizeof(struct io_actor *));
    if (io->table == NULL || io->spare == NULL || io->actors == NULL)
        return -ENOMEM;
    return open_buffers(w, io);
}

int io_open(struct worker *w)
{
    if (w->io != NULL)
        return 0;
    struct io *io = calloc(1, sizeof *io);
    if (io == NULL)
        return -ENOMEM;
    ring_open(w);
    int error = open_tables(w, io);
    if (error == 0)
        error = raise_files(io);
    if (error != 0) {
        free(io->table);
        free(io->spare);
        free(io->actors);
        free(io->ring);
        free(io->memory);
        free(io);
        return error;
    }
    io->retry_at = UINT64_MAX;
    w->io = io;
    return 0;
}

/* ---- bytes ---- */

bool io_room(struct io *io, struct io_bytes *bytes, uint32_t end)
{
    if (shm_likely(end <= bytes->cap))
        return true;
    if (bytes->ptr == NULL && end <= IO_BLOCK && io->pooled != 0) {
        bytes->ptr = io->pool[--io->pooled];
        bytes->cap = IO_BLOCK;
        return true;
    }
    uint64_t cap = bytes->cap == 0 ? IO_BLOCK : bytes->cap;
    while (cap < end)
        cap *= 2;
    uint8_t *ptr = cap > UINT32_MAX ? NULL : realloc(bytes->ptr, cap);
    if (ptr == NULL)
        return false;
    bytes->ptr = ptr;
    bytes->cap = (uint32_t)cap;
    return true;
}

void io_drop(struct io *io, struct io_bytes *bytes)
{
    if (bytes->cap == IO_BLOCK && io->pooled < IO_POOL)
        io->pool[io->pooled++] = bytes->ptr;
    else
        free(bytes->ptr);
    *bytes = (struct io_bytes){0};
}

void io_recycle(struct io *io, uint32_t buffer)
{
    io_uring_buf_ring_add(io->ring, io->memory + buffer * (uint64_t)IO_STRIDE, IO_BUFFER,
                          (uint16_t)buffer, IO_BUFFERS - 1, 0);
    io_uring_buf_ring_advance(io->ring, 1);
    io->held--;
}
