/* SPDX-License-Identifier: MIT */
/* loop.c - what is waited for are ops: a poll of a descriptor, or a futex.
 *
 * The kernel holds a pointer to each op from its submission to its completion, so an op that is
 * cancelled lives on, dead, until its completion has come. Polls are one-shot and armed again after
 * their callback, which makes them level-triggered: a callback may leave input for the next round.
 *
 * Before the loop sleeps it parks slot 0 (shm/bell.h), so that a worker's frame rings the bell;
 * the bell's descriptor is one of the polls. A round is: what came through the lanes, timers,
 * publish and ring, sleep unless something is left, completions. */
#include "axsup/loop.h"

#include "axsup/sup.h"
#include "shm/bell.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define RING_ENTRIES 512u
#define OP_FUTEX_WAIT 51     /* IORING_OP_FUTEX_WAIT, kernel 6.7; liburing 2.3 does not know it */
#define FUTEX_WORD_U32 2     /* FUTEX2_SIZE_U32, shared */
#define ANY_WAKER UINT32_MAX /* FUTEX_BITSET_MATCH_ANY */

struct sup_op {
    struct sup_op *next;
    sup_fd_fn *on_poll; /* NULL: a futex */
    void (*on_futex)(void *ctx, int result);
    void *ctx;
    int fd;
    uint32_t mask;
    bool dead;  /* cancelled */
    bool armed; /* the kernel has it */
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t sup_clock(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t sup_clock_next(uint64_t period)
{
    return (sup_clock() / period + 1) * period;
}

uint64_t sup_realtime(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t sup_now(const struct sup *sup)
{
    return sup->loop.now;
}

/* ---- ops ---- */

/* A submission entry; submits what is there when the ring is full. */
static struct io_uring_sqe *take_sqe(struct sup_loop *loop)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

    if (sqe == NULL) {
        io_uring_submit(&loop->ring);
        sqe = io_uring_get_sqe(&loop->ring);
    }
    return sqe;
}

static struct sup_op *op_new(struct sup_loop *loop)
{
    struct sup_op *op = calloc(1, sizeof *op);

    if (op != NULL) {
        op->next = loop->ops;
        loop->ops = op;
    }
    return op;
}

static void op_free(struct sup_loop *loop, struct sup_op *op)
{
    struct sup_op **at = &loop->ops;

    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    free(op);
}

static int arm_poll(struct sup_loop *loop, struct sup_op *op)
{
    struct io_uring_sqe *sqe = take_sqe(loop);

    if (sqe == NULL)
        return -EBUSY;
    io_uring_prep_poll_add(sqe, op->fd, op->mask);
    io_uring_sqe_set_data(sqe, op);
    op->armed = true;
    return 0;
}

static struct sup_op *find_poll(struct sup_loop *loop, int fd)
{
    struct sup_op *op = loop->ops;

    while (op != NULL && (op->dead || op->on_poll == NULL || op->fd != fd))
        op = op->next;
    return op;
}

int sup_loop_add(struct sup *sup, int fd, uint32_t mask, sup_fd_fn *fn, void *ctx)
{
    struct sup_loop *loop = &sup->loop;

    sup_loop_remove(sup, fd);
    struct sup_op *op = op_new(loop);
    if (op == NULL)
        return -ENOMEM;
    op->on_poll = fn;
    op->ctx = ctx;
    op->fd = fd;
    op->mask = mask;
    int error = arm_poll(loop, op);
    if (error != 0)
        op_free(loop, op);
    return error;
}

void sup_loop_cancel(struct sup *sup, struct sup_op *op)
{
    struct sup_loop *loop = &sup->loop;

    if (op == NULL)
        return;
    op->dead = true;
    if (!op->armed) /* within its own callback */
        return;
    struct io_uring_sqe *sqe = take_sqe(loop);
    if (sqe != NULL) {
        io_uring_prep_cancel(sqe, op, 0);
        io_uring_sqe_set_data(sqe, NULL);
        /* a poll holds its file: without this the file lives until the next round */
        io_uring_submit(&loop->ring);
    }
}

void sup_loop_remove(struct sup *sup, int fd)
{
    if (sup->loop.open)
        sup_loop_cancel(sup, find_poll(&sup->loop, fd));
}

int sup_loop_futex(struct sup *sup, const uint32_t *word, uint32_t value,
                   void (*fn)(void *ctx, int result), void *ctx, struct sup_op **out)
{
    struct sup_loop *loop = &sup->loop;

    *out = NULL;
    if (loop->no_futex)
        return -EOPNOTSUPP;
    struct sup_op *op = op_new(loop);
    if (op == NULL)
        return -ENOMEM;
    struct io_uring_sqe *sqe = take_sqe(loop);
    if (sqe == NULL) {
        op_free(loop, op);
        return -EBUSY;
    }
    op->on_futex = fn;
    op->ctx = ctx;
    io_uring_prep_nop(sqe);
    sqe->opcode = OP_FUTEX_WAIT;
    sqe->fd = FUTEX_WORD_U32;
    sqe->addr = (uint64_t)(uintptr_t)word;
    sqe->off = value;
    sqe->addr3 = ANY_WAKER;
    io_uring_sqe_set_data(sqe, op);
    op->armed = true;
    *out = op;
    return 0;
}

static void complete_poll(struct sup *sup, struct sup_op *op, int result)
{
    op->on_poll(op->ctx, result < 0 ? POLLERR : (uint32_t)result);
    if (op->dead || arm_poll(&sup->loop, op) != 0)
        op_free(&sup->loop, op);
}

static void complete(struct sup *sup, struct sup_op *op, int result)
{
    if (op == NULL) /* a cancellation */
        return;
    op->armed = false;
    if (op->dead) {
        op_free(&sup->loop, op);
    } else if (op->on_poll != NULL) {
        complete_poll(sup, op, result);
    } else {
        if (result == -EINVAL || result == -EOPNOTSUPP)
            sup->loop.no_futex = true;
        op->dead = true;
        op->on_futex(op->ctx, result);
        op_free(&sup->loop, op);
    }
}

/* ---- timers ---- */

void sup_timer_clear(struct sup *sup, struct sup_timer *timer)
{
    struct sup_timer **at = &sup->loop.timers;

    if (timer->at == 0)
        return;
    while (*at != NULL && *at != timer)
        at = &(*at)->next;
    if (*at != NULL)
        *at = timer->next;
    timer->at = 0;
}

void sup_timer_set(struct sup *sup, struct sup_timer *timer, uint64_t when)
{
    struct sup_timer **at = &sup->loop.timers;

    sup_timer_clear(sup, timer);
    timer->at = when == 0 ? 1 : when;
    while (*at != NULL && (*at)->at <= timer->at)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static void fire_timers(struct sup *sup)
{
    struct sup_loop *loop = &sup->loop;

    while (loop->timers != NULL && loop->timers->at <= loop->now) {
        struct sup_timer *timer = loop->timers;
        loop->timers = timer->next;
        timer->at = 0;
        timer->fn(timer->ctx);
    }
}

#define ROOM_POLL_NS 500000u /* while a control lane is full */

static uint64_t next_timer(const struct sup *sup)
{
    uint64_t at = sup->hub.next_deadline;

    if (sup->loop.timers != NULL && sup->loop.timers->at < at)
        at = sup->loop.timers->at;
    /* a reader that has made room rings no bell */
    if (sup_hub_waits(sup) && sup_clock() + ROOM_POLL_NS < at)
        at = sup_clock() + ROOM_POLL_NS;
    return at;
}

/* ---- rounds ---- */

/* Submits, and sleeps until the first completion or timer. */
static int sleep_until(struct sup_loop *loop, uint64_t until)
{
    struct io_uring_cqe *cqe;
    uint64_t now = sup_clock(), wait = until > now ? until - now : 0;
    struct __kernel_timespec ts = {.tv_sec = (int64_t)(wait / 1000000000u),
                                   .tv_nsec = (int64_t)(wait % 1000000000u)};
    int got;

    if (until == UINT64_MAX)
        got = io_uring_submit_and_wait(&loop->ring, 1);
    else
        got = io_uring_submit_and_wait_timeout(&loop->ring, &cqe, 1, &ts, NULL);
    return got < 0 && got != -ETIME && got != -EINTR && got != -EAGAIN && got != -EBUSY ? got : 0;
}

static int wait_round(struct sup *sup, bool busy)
{
    struct shm_port *port = &sup->hub.port;

    if (busy || !shm_bell_park(port))
        return sleep_until(&sup->loop, 0); /* looks, but does not sleep */
    int error = sleep_until(&sup->loop, next_timer(sup));
    shm_bell_unpark(port);
    return error;
}

/* One by one: a callback may submit, and so take in more completions. */
static void take_completions(struct sup *sup)
{
    struct io_uring *ring = &sup->loop.ring;
    struct io_uring_cqe *cqe;

    for (unsigned left = 4096; left > 0 && io_uring_peek_cqe(ring, &cqe) == 0; left--) {
        struct sup_op *op = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(ring, cqe);
        complete(sup, op, result);
    }
}

static void drain_bell(void *ctx, uint32_t events)
{
    struct sup *sup = ctx;
    struct epoll_event rung[SHM_SLOTS];

    (void)events;
    (void)epoll_wait(sup->hub.port.bell, rung, SHM_SLOTS, 0);
}

int sup_loop_run(struct sup *sup)
{
    struct sup_loop *loop = &sup->loop;
    int error = sup_loop_add(sup, sup->hub.port.bell, POLLIN, drain_bell, sup);

    loop->running = error == 0;
    loop->now = sup_clock();
    while (loop->running && error == 0) {
        bool busy = sup_hub_drain(sup);
        sup_hub_expire(sup);
        fire_timers(sup);
        sup_hub_flush(sup);
        if (!loop->running)
            break;
        error = wait_round(sup, busy);
        loop->now = sup_clock();
        take_completions(sup);
    }
    sup_loop_remove(sup, sup->hub.port.bell);
    return error;
}

void sup_loop_quit(struct sup *sup)
{
    sup->loop.running = false;
}

/* ---- the ring ---- */

static const char *why_refused(int error)
{
    switch (-error) {
    case ENOSYS:
        return "this kernel has no io_uring, or a seccomp filter hides it: a kernel of 6.1 or "
               "later "
               "is needed";
    case EPERM:
    case EACCES:
        return "it is forbidden here: look at sysctl kernel.io_uring_disabled (0 allows it) and at "
               "the seccomp filter of the container";
    case EINVAL:
        return "this kernel is too old: 6.1 or later is needed";
    case ENOMEM:
        return "there is not enough memory, or RLIMIT_MEMLOCK is too low";
    case EMFILE:
    case ENFILE:
        return "too many open files: raise RLIMIT_NOFILE";
    default:
        return "the kernel refused it";
    }
}

int sup_loop_open(struct sup *sup)
{
    struct sup_loop *loop = &sup->loop;
    struct io_uring_params params = {.flags =
                                         IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
    int error = io_uring_queue_init_params(RING_ENTRIES, &loop->ring, &params);

    if (error != 0) {
        sup_log(AX_ERROR, "io_uring cannot be used (%s): %s", ax_error_name(error),
                why_refused(error));
        return error;
    }
    io_uring_ring_dontfork(&loop->ring);
    loop->open = true;
    loop->now = sup_clock();
    return 0;
}

void sup_loop_close(struct sup *sup)
{
    struct sup_loop *loop = &sup->loop;

    if (loop->open)
        io_uring_queue_exit(&loop->ring);
    while (loop->ops != NULL) {
        struct sup_op *op = loop->ops;
        loop->ops = op->next;
        free(op);
    }
    memset(loop, 0, sizeof *loop);
}
