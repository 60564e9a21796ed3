/* SPDX-License-Identifier: MIT */
/* shm/layout.h - every byte that two processes share, and who writes it.
 *
 * Three sorts of segments, each a sealed memfd that outlives the processes:
 *
 *   private  of a slot: written by the process in the slot, read by axsup, mapped by nobody else
 *   public   of a slot: written by the process in the slot, read by all
 *   edge     i to j: written by i, read by j, mapped by nobody else
 *
 * So each byte has one writer, and a worker reads no mail but its own. The geometry at the head of
 * each segment is written once by axsup before any process runs in the slot; a process takes it
 * from its boot record, never from memory that a peer could have changed.
 *
 * Private memory is changed in place, each old value going to the undo log first (journal.h).
 * Public memory and edges only ever show what is committed, but for two things that a peer looks
 * at when the writer is dead: `committed` and the staged ends of its lanes. */
#ifndef SHM_LAYOUT_H
#define SHM_LAYOUT_H

#include "shm/private.h"
#include "shm/public.h"

struct shm_ends {       /* one line, written by i, polled by j */
    uint64_t data;      /* published end of the data ring */
    uint64_t control;   /* and of the control ring */
    uint64_t read_data; /* how far i has read the edge from j to i */
    uint64_t read_control;
};

struct shm_staged {  /* written by i; j looks when i is dead */
    uint64_t end[2]; /* data, control: behind the last frame written */
};

/* Lines of equal offset in 64 segments fall into one cache set, so each edge has its own colour. */
static inline uint32_t shm_colour(uint32_t from, uint32_t to)
{
    return (from * 7u + to * 3u) & 31u;
}

static inline struct shm_ends *shm_edge_ends(void *edge, uint32_t from, uint32_t to)
{
    return (struct shm_ends *)((uint8_t *)edge + shm_colour(from, to) * SHM_LINE);
}

static inline struct shm_staged *shm_edge_staged(void *edge, uint32_t from, uint32_t to)
{
    return (struct shm_staged *)((uint8_t *)edge + (32u + shm_colour(from, to)) * SHM_LINE);
}

#endif
