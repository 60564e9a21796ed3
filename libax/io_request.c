/* SPDX-License-Identifier: MIT */
/* libax/io_request.c - what a handle wants of the kernel: compares that with what is under way, and
 * asks for the rest. Once a round, so that all of it goes in one system call. */
#include "libax/io.h"

#include <errno.h>
#include <poll.h>

#define CUT_NS 100000000u

static uint64_t name_of(const struct io_handle *h, enum io_request what)
{
    return RING_IO | (uint64_t)what << 8 | (uint64_t)h->index << 16;
}

static void fly(struct io_handle *h, struct io_uring_sqe *sqe, enum io_request what)
{
    sqe->user_data = name_of(h, what);
    h->flying++;
}

/* False: the kernel takes no more now. */
static bool cancel(struct worker *w, struct io_handle *h, enum io_request what)
{
    struct io_uring_sqe *sqe;
    if (h->canceling & 1u << what)
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    io_uring_prep_cancel64(sqe, name_of(h, what), 0);
    io_unheeded(sqe);
    h->canceling |= (uint8_t)(1u << what);
    return true;
}

static bool cancel_all(struct worker *w, struct io_handle *h)
{
    return (!h->accepting || cancel(w, h, IO_ACCEPT)) && (!h->receiving || cancel(w, h, IO_RECV)) &&
           (!h->sending || cancel(w, h, IO_SEND)) && (!h->connecting || cancel(w, h, IO_CONNECT));
}

/* A poll, which every worker that listens is woken by. An accept would wake one alone, and that may
 * be one that hangs, or has died and not been taken down yet. */
static bool listen_to(struct worker *w, struct io_handle *h)
{
    struct io_uring_sqe *sqe;
    if (h->accepting)
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    io_uring_prep_poll_multishot(sqe, h->fd, POLLIN | 1u << 31 /* EPOLLET */);
    h->accepting = true;
    fly(h, sqe, IO_ACCEPT);
    return true;
}

static bool receive(struct worker *w, struct io_handle *h)
{
    struct io_uring_sqe *sqe;
    uint32_t most = w->boot->read_buffer;
    bool wanted = (h->reading || h->waiter != 0) && !h->eof && h->owner != 0;
    if (h->receiving)
        return (wanted && h->inbound < most) || cancel(w, h, IO_RECV);
    if (!wanted || h->inbound > most / 2)
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    io_uring_prep_recv_multishot(sqe, h->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    h->receiving = true;
    fly(h, sqe, IO_RECV);
    return true;
}

/* The kernel completes a send later where not all of it fits. This one it completes when it is
 * handed over, well or not; and if not, what is linked to it as well. */
static void be_sure(struct worker *w, struct io_handle *h, struct io_uring_sqe *sqe)
{
    struct io_uring_sqe *failed = ring_request(w);
    io_uring_prep_nop(failed);
    io_unheeded(failed);
    sqe->flags |= IOSQE_IO_LINK;
    sqe->msg_flags |= MSG_DONTWAIT;
    w->io->sure[w->io->nsure++] = h->index;
}

/* Not those of which `sent` (io_reap.c) would tell somebody, or after which it would go on. */
uint32_t io_quiet(const struct worker *w)
{
    uint32_t n = 0;
    if (w->io == NULL)
        return 0;
    for (uint32_t i = 0; i < w->io->nsure; i++) {
        const struct io_handle *h = &w->io->table[w->io->sure[i]];
        n += h->owner != 0 && h->error == 0 && !h->full && h->waiter == 0 && !h->finishing &&
             !h->heeded && h->out.end == 0;
    }
    return n;
}

static bool send_out(struct worker *w, struct io_handle *h)
{
    struct io_uring_sqe *sqe;
    if (h->sending || (h->left == h->leaving.end && h->out.end == 0))
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    if (h->left == h->leaving.end) { /* the kernel has one buffer, the turns fill the other */
        struct io_bytes empty = h->leaving;
        empty.end = h->left = 0;
        h->leaving = h->out;
        h->out = empty;
        h->staged = 0;
    }
    io_uring_prep_send(sqe, h->fd, h->leaving.ptr + h->left, h->leaving.end - h->left,
                       MSG_NOSIGNAL | MSG_WAITALL);
    h->sending = true;
    fly(h, sqe, IO_SEND);
    if (h->leaving.end - h->left > IO_SMALL)
        w->io->hurry = true;
    else if (!h->slow && w->io->nsure < IO_SURE && io_uring_sq_space_left(&w->ring) > 0)
        be_sure(w, h, sqe);
    return true;
}

static bool connect_to(struct worker *w, struct io_handle *h)
{
    struct io_uring_sqe *sqe;
    if (h->connecting)
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    io_uring_prep_connect(sqe, h->fd, &h->spec->address.of.any, h->spec->address.length);
    h->connecting = true;
    fly(h, sqe, IO_CONNECT);
    return true;
}

static bool watch_child(struct worker *w, struct io_handle *h)
{
    struct io_uring_sqe *sqe;
    if (h->watching || h->exited || h->pidfd < 0)
        return true;
    if ((sqe = ring_request(w)) == NULL)
        return false;
    io_uring_prep_poll_add(sqe, h->pidfd, POLLIN);
    h->watching = true;
    fly(h, sqe, IO_EXIT);
    return true;
}

/* False: the kernel takes no more now. */
static bool request_of(struct worker *w, struct io_handle *h)
{
    if (h->kind == IO_FREE)
        return true;
    if (h->child && !watch_child(w, h))
        return false;
    if (h->owner == 0 && (h->error != 0 || io_outbound(h) == 0)) {
        if (h->flying != 0)
            return cancel_all(w, h);
        io_finish(w, h);
        return true;
    }
    if (h->kind == IO_LISTENER || h->kind == IO_POLLED)
        return listen_to(w, h);
    if (h->kind != IO_SOCKET || h->fd < 0)
        return true;
    if (h->error != 0)
        return !h->receiving || cancel(w, h, IO_RECV);
    if (h->unconnected)
        return connect_to(w, h);
    if (h->finishing && !h->finished && io_outbound(h) == 0) {
        h->finished = true;
        shutdown(h->fd, SHUT_WR);
    }
    return send_out(w, h) && receive(w, h);
}

static void request_all(struct worker *w)
{
    struct io_handle *all = w->io->dirty;
    w->io->dirty = NULL;
    while (all != NULL) {
        struct io_handle *h = all;
        all = h->next_dirty;
        h->dirty = false;
        if (!request_of(w, h))
            io_dirty(w, h);
    }
}

/* ---- the round ---- */

/* Handles or descriptors may be free again. */
static void accept_again(struct worker *w)
{
    struct io *io = w->io;
    io->retry_at = UINT64_MAX;
    io->starved = false;
    for (uint32_t i = 1; i < io->fresh; i++)
        if (io->table[i].kind == IO_LISTENER && io_has_event(&io->table[i]))
            io_ready(w, &io->table[i]);
}

/* Whoever does not read what is to leave has had his time. */
static void cut_leaving(struct worker *w)
{
    for (struct io_handle *h = w->io->leaving, *next; h != NULL; h = next) {
        next = h->next;
        if (w->now < h->close_at)
            continue;
        h->close_at = UINT64_MAX;
        if (h->error == 0)
            h->error = -ETIMEDOUT;
        io_finish(w, h);
    }
}

uint64_t io_next(const struct worker *w)
{
    const struct io *io = w->io;
    if (io == NULL)
        return UINT64_MAX;
    return io->leaving != NULL && io->cut_at < io->retry_at ? io->cut_at : io->retry_at;
}

uint32_t io_round(struct worker *w, bool put_off)
{
    struct io *io = w->io;
    if (shm_unlikely(io->retry_at <= w->now))
        accept_again(w);
    if (shm_unlikely(io->leaving != NULL) && io->cut_at <= w->now) {
        io->cut_at = w->now + CUT_NS;
        cut_leaving(w);
    }
    if (io->dirty != NULL)
        request_all(w);
    put_off = put_off && !io->hurry;
    io->hurry = false;
    return ring_round(w, put_off);
}
