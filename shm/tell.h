/* SPDX-License-Identifier: MIT */
/* shm/tell.h - tells that the gateway has taken and that may not have left the node, in its private
 * memory: what the next process says of them.
 *
 * A tell is noted with the turn that takes it: `taken` is of the turn's log. Where its last byte is
 * going to be in what leaves for its node is known a little later. How much has left is written as
 * soon as the kernel has taken it. */
#ifndef SHM_TELL_H
#define SHM_TELL_H

#include <stdint.h>

#define SHM_TELLS 16384u     /* that are remembered; a power of two */
#define SHM_TELL_NODES 1024u /* whom they are for */
#define SHM_TELL_STAYS UINT64_MAX

struct shm_tell {
    uint64_t from, node, addr, contract;
    uint64_t end; /* it has left with that byte; SHM_TELL_STAYS: not yet */
    uint16_t message, to;
};

struct shm_tells {
    uint64_t taken; /* so far; the last of them are in `tell` */
    uint64_t past;  /* of these, what became of them is not to be told any more */
    struct {
        uint64_t left; /* bytes */
        uint64_t over; /* tells that waited longer than they were remembered */
    } node[SHM_TELL_NODES];
    struct shm_tell tell[SHM_TELLS];
};

#endif
