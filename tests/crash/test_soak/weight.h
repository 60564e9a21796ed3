/* SPDX-License-Identifier: MIT */
/* weight.h - what a system holds: processes, descriptors, mappings, memory, as the kernel sees
 * them. */
#ifndef WEIGHT_H
#define WEIGHT_H

#include <stdint.h>
#include <sys/types.h>

struct weight { /* of a process, or of several together */
    uint64_t processes, descriptors;
    uint64_t mappings; /* of shared memory */
    uint64_t own_kib;  /* resident, of its own */
    uint64_t shared_kib;
};

/* Adds that of a process; ends the test where there is none. */
void weight_add(struct weight *weight, pid_t pid);
/* Adds those of the children of `parent`, but for the `n` of `not`. */
void weight_children(struct weight *weight, pid_t parent, const pid_t * not, uint32_t n);
/* Bytes of all shared memory that a process has descriptors of. */
uint64_t weight_shared(pid_t pid);

#endif
