/* SPDX-License-Identifier: MIT */
/* libax/ring.c - the one place where a worker waits.
 *
 * Completions arise in the kernel and come to us only when we enter it (DEFER_TASKRUN), so that
 * nothing interrupts a handler. The flag in the ring tells a busy worker that there is something to
 * enter for; requests of a round are handed over in the same call, and those of a worker that has
 * nothing else to do in the one by which it waits.
 *
 * A send that is handed over so would wake it at once by its own completion. So small sends are
 * made to complete when they are handed over, each with one completion where all has left, and with
 * two where not (io_request.c), and the worker waits for one more than there are such sends of
 * whose success nobody wants to know (io_quiet). More completions than that only wake it early. */
#include "libax/ring.h"

#include "libax/event.h"
#include "libax/io.h"
#include "libax/turn.h"

#include <poll.h>
#include <unistd.h>

#define REQUESTS 256u
#define COMPLETIONS 2048u

void ring_open(struct worker *w)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    if (w->ring_open)
        return;
    if (io_uring_queue_init_params(REQUESTS, &w->ring, &params) != 0) {
        worker_log(w, AX_ERROR, "ax",
                   "io_uring is refused (sysctl kernel.io_uring_disabled, a "
                   "seccomp filter, or a kernel before 6.1)");
        _exit(BOOT_EXIT_SETUP);
    }
    w->timeout_at = UINT64_MAX;
    w->ring_open = true;
}

/* Waits for so many completions; 0: for none. */
static int hand_over(struct worker *w, unsigned wait)
{
    int n = wait == 0 ? io_uring_submit_and_get_events(&w->ring)
                      : io_uring_submit_and_wait(&w->ring, wait);
    if (w->io != NULL)
        w->io->nsure = 0;
    return n;
}

struct io_uring_sqe *ring_request(struct worker *w)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&w->ring);
    if (sqe == NULL && hand_over(w, 0) > 0)
        sqe = io_uring_get_sqe(&w->ring);
    return sqe;
}

static void arm_bell(struct worker *w)
{
    struct io_uring_sqe *sqe = ring_request(w);
    if (sqe == NULL)
        return;
    io_uring_prep_poll_multishot(sqe, w->port.bell, POLLIN | 1u << 31 /* EPOLLET */);
    sqe->user_data = RING_BELL;
    w->bell_armed = true;
}

/* One timeout stays armed over many parkings: to arm one and cancel it each time costs as much as
 * the parking itself. One that goes off too early only wakes us for nothing; one that would be too
 * late is moved, which fails, and is told, where it has just gone off. */
static void arm_timeout(struct worker *w, uint64_t at)
{
    struct io_uring_sqe *sqe;
    if (w->timeout_at <= at || (sqe = ring_request(w)) == NULL)
        return;
    w->timeout = (struct __kernel_timespec){.tv_sec = (long long)(at / 1000000000u),
                                            .tv_nsec = (long long)(at % 1000000000u)};
    if (w->timeout_at == UINT64_MAX) {
        io_uring_prep_timeout(sqe, &w->timeout, 0, IORING_TIMEOUT_ABS);
        sqe->user_data = RING_TIMEOUT;
    } else {
        io_uring_prep_timeout_update(sqe, &w->timeout, RING_TIMEOUT, IORING_TIMEOUT_ABS);
        sqe->user_data = RING_MOVED;
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    w->timeout_at = at;
}

static uint32_t reap(struct worker *w)
{
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    uint32_t io = 0;
    io_uring_for_each_cqe(&w->ring, head, cqe)
    {
        seen++;
        switch ((uint8_t)cqe->user_data) {
        case RING_BELL:
            if (!(cqe->flags & IORING_CQE_F_MORE))
                w->bell_armed = false;
            break;
        case RING_TIMEOUT:
        case RING_MOVED:
            w->timeout_at = UINT64_MAX;
            break;
        default:
            io_completed(w, cqe);
            io++;
        }
    }
    io_uring_cq_advance(&w->ring, seen);
    return io;
}

uint32_t ring_round(struct worker *w, bool put_off)
{
    if (!put_off && io_uring_sq_ready(&w->ring) != 0)
        (void)hand_over(w, 0);
    else if (shm_unlikely(ring_holds_back(w)))
        (void)io_uring_get_events(&w->ring);
    return reap(w);
}

void ring_catch_up(struct worker *w)
{
    if (io_uring_sq_ready(&w->ring) != 0)
        (void)hand_over(w, 0);
}

void ring_wait(struct worker *w, uint64_t until)
{
    if (!w->bell_armed)
        arm_bell(w);
    arm_timeout(w, until);
    (void)hand_over(w, 1 + io_quiet(w));
    (void)reap(w);
}
