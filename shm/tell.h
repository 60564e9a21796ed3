/* SPDX-License-Identifier: MIT */
/* shm/tell.h - tells that the gateway has taken and that may not have left the node, in its private
 * memory: what the next process says of them.
 *
 * A tell is noted with the turn that takes it: `taken` and `past` are of the turn's log. The rest
 * is not, but where a turn says itself that something is lost. So the place behind the last one may
 * have a tell of a turn that was undone, and what was there before it is not remembered. Where the
 * last byte of one is in what leaves for its node is known a little later, and before it leaves;
 * how much has left is counted as soon as the kernel has taken it. */
#ifndef SHM_TELL_H
#define SHM_TELL_H

#include <stdint.h>

#define SHM_TELLS 16384u                /* places; a power of two */
#define SHM_TELLS_KNOWN (SHM_TELLS - 1) /* that are remembered */
#define SHM_TELL_NODES 1024u            /* whom they are for */
#define SHM_TELL_STAYS UINT64_MAX

struct shm_tell_what { /* what is said of it if it is lost */
    uint64_t from, node, addr, contract;
    uint16_t message;
};

struct shm_tell {
    struct shm_tell_what what;
    uint64_t end; /* it has left with that byte; SHM_TELL_STAYS: not yet */
    uint16_t to;  /* a place of `node` */
};

struct shm_tells {
    uint64_t taken; /* so far; the last of them are in `tell` */
    uint64_t past;  /* of these, what became of them is not to be told any more */
    struct {
        uint64_t left;           /* bytes */
        uint64_t over, over_end; /* tells that stayed for longer than they were remembered, */
                                 /* up to that byte */
    } node[SHM_TELL_NODES];
    struct shm_tell tell[SHM_TELLS];
};

#endif
