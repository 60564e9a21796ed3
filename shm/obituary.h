/* SPDX-License-Identifier: MIT */
/* shm/obituary.h - how the death of a process is told at once.
 *
 * A pidfd becomes readable only after the address space is torn down, some 20 us for each MiB of
 * shared memory it had mapped. A robust futex is released by the kernel before that: the process
 * owns the futex `death` in its public segment; when it dies the kernel sets FUTEX_OWNER_DIED in it
 * and wakes axsup, which waits in its io_uring. Where the thread that took the futex was the
 * process's only one, nothing of the process runs in user mode any more, and a successor may write
 * to the segments; axsup asks the kernel for that, as the word can be forged. The kernel itself may
 * still release other futexes that are on the list behind this one: those that the process took
 * before it entered its slot, so in none of the segments. (get_robust_list(2), robust-futexes.rst
 * in the kernel's documentation) */
#ifndef SHM_OBITUARY_H
#define SHM_OBITUARY_H

#include "shm/layout.h"

/* For the template, once: remembers libc's robust list, which a raw clone does not inherit. */
void shm_obituary_prepare(void);

/* For a process that enters a slot: takes the futex. 0 or -errno. */
int shm_obituary_arm(struct shm_public *pub);

/* For axsup: has the holder died? */
static inline bool shm_obituary_dead(uint32_t word)
{
    return (word & 0x40000000u) != 0; /* FUTEX_OWNER_DIED */
}

#endif
