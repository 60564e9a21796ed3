/* SPDX-License-Identifier: MIT */
/* shm/atomic.h - loads, stores and fences for memory that another process may read or inherit.
 *
 * Two sorts of order matter here. Towards another process: acquire and release, and one
 * sequentially consistent fence in the bell protocol. Towards a successor after a SIGKILL of this
 * very process: program order, which the processor keeps for its own stores anyway, so only the
 * compiler must be held (shm_order). */
#ifndef SHM_ATOMIC_H
#define SHM_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define shm_load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define shm_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define shm_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define shm_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#define SHM_LINE ((size_t)64)
#define SHM_PAGE 4096u
/* A line that will be wanted soon; any address will do. */
#define shm_prefetch(p) __builtin_prefetch(p)
#define shm_likely(x) __builtin_expect(!!(x), 1)
#define shm_unlikely(x) __builtin_expect(!!(x), 0)

/* Keeps the stores before it before the stores after it as a successor process sees them. */
static inline void shm_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* The fence of the bell: a sender's before it looks at `parked`, a parker's before its last scan.
 */
static inline void shm_fence(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

static inline void shm_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline uint64_t shm_round(uint64_t value, uint64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

#endif
