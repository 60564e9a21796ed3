/* SPDX-License-Identifier: MIT */
/* loop.h - the supervisor's event loop: one io_uring that waits for everything.
 *
 * It waits for the bell of slot 0, death futexes, pidfds, templates, signals, the control socket
 * and timers. Callbacks run on the loop's thread, one after the other, and must not block. */
#ifndef SUP_LOOP_H
#define SUP_LOOP_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

struct sup;
struct sup_op;

typedef void sup_fd_fn(void *ctx, uint32_t events);

struct sup_timer { /* embedded by its owner, zeroed; on the loop's list while `at` is not 0 */
    uint64_t at;   /* CLOCK_MONOTONIC ns */
    void (*fn)(void *ctx);
    void *ctx;
    struct sup_timer *next;
};

struct sup_loop {
    struct io_uring ring;
    bool open;
    bool no_futex; /* the kernel has no FUTEX_WAIT in io_uring: pidfds alone tell */
    bool running;
    uint64_t now; /* CLOCK_MONOTONIC ns, read once a round */
    struct sup_op *ops;
    struct sup_timer *timers; /* sorted by `at` */
};

/* Calls fn(ctx, events) whenever fd has one of the poll events in `mask` (POLLIN ...; POLLERR and
 * POLLHUP always), until it is removed. Adding a descriptor again replaces mask and callback.
 * 0 or -errno. The descriptor stays the caller's; remove it before closing it. */
int sup_loop_add(struct sup *sup, int fd, uint32_t mask, sup_fd_fn *fn, void *ctx);
/* No callback comes after it. Nothing happens for a descriptor that was not added. */
void sup_loop_remove(struct sup *sup, int fd);

/* Calls fn(ctx) once at the time; setting a timer again moves it. A time that has passed means the
 * next round. */
void sup_timer_set(struct sup *sup, struct sup_timer *timer, uint64_t at);
void sup_timer_clear(struct sup *sup, struct sup_timer *timer);
/* CLOCK_MONOTONIC ns, as of this round of the loop. */
uint64_t sup_now(const struct sup *sup);

/* ---- for the supervisor's own files ---- */

/* Opens the ring. -errno; why it may have been refused is told through sup_log. */
int sup_loop_open(struct sup *sup);
void sup_loop_close(struct sup *sup);
/* Runs until sup_loop_quit. 0 or -errno. */
int sup_loop_run(struct sup *sup);
void sup_loop_quit(struct sup *sup);

/* Calls fn(ctx, result) once when the futex no longer holds `value`, when it is woken (result 0 or
 * -EAGAIN), or when waiting is not possible (other -errno). *op cancels it. 0 or -errno. */
int sup_loop_futex(struct sup *sup, const uint32_t *word, uint32_t value,
                   void (*fn)(void *ctx, int result), void *ctx, struct sup_op **op);
/* Takes NULL. The callback does not come any more. */
void sup_loop_cancel(struct sup *sup, struct sup_op *op);

uint64_t sup_clock(void);    /* CLOCK_MONOTONIC, ns, read now */
uint64_t sup_realtime(void); /* CLOCK_REALTIME, ns, read now */
/* The next multiple of `period` by sup_clock: timers that are set so wake axsup together. */
uint64_t sup_clock_next(uint64_t period);

#endif
