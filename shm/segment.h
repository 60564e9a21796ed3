/* SPDX-License-Identifier: MIT */
/* shm/segment.h - making the segments: sealed, preallocated memfds, 0600.
 *
 * All memory is allocated here, so a full tmpfs is an error and never a SIGBUS later, and the size
 * can change no more. An arena that may grow is as large from the start as it may become; nobody
 * touches what has no memory yet, and axsup allocates it extent by extent. A read-only descriptor
 * is a second open of the same file, not a duplicate, so it cannot be written through; against a
 * process of the same uid that opens it again through /proc only a uid of its own helps. */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

#include "shm/layout.h"

struct shm_plan { /* what a slot's memory must hold */
    uint32_t slot, slots;
    uint32_t actors; /* at most at a time */
    uint64_t arena_bytes;
    uint32_t events, letters;
    uint32_t data_ring, control_ring; /* powers of two */
    uint32_t max_message;
    uint32_t names;      /* 0 but for axsup */
    uint32_t members;    /* memberships in groups */
    uint32_t histograms; /* actors of the config */
    uint32_t leases;     /* of the gateway, else 0 */
    bool tells;          /* a struct shm_tells: the gateway */
};

/* Works out sizes and offsets. */
void shm_plan_geometry(const struct shm_plan *plan, struct shm_geometry *geo);

/* Creates a sealed file of `bytes`, all of them allocated. A descriptor, or -errno. */
int shm_segment_create(const char *name, uint64_t bytes);
/* The same with memory for the first `there` bytes, and memory for what was without, from..to. */
int shm_segment_create_part(const char *name, uint64_t bytes, uint64_t there);
int shm_segment_allocate(int fd, uint64_t from, uint64_t to);

/* A second, read-only open of the same file. A descriptor, or -errno. */
int shm_segment_readonly(int fd);

/* Maps `bytes` of it. The address, or NULL with errno set. */
void *shm_segment_map(int fd, uint64_t bytes, bool writable);
/* The same at an address, where nothing is mapped yet; NULL: anywhere. */
void *shm_segment_map_at(int fd, uint64_t bytes, bool writable, void *at);
void shm_segment_unmap(const void *address, uint64_t bytes);

#endif
