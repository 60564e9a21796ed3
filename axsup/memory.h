/* SPDX-License-Identifier: MIT */
/* memory.h - the shared memory of all slots: made once, before any process runs.
 *
 * Two segments a slot, one edge and one bell for each ordered pair, all of them held by axsup and
 * given to each process as far as it may have them. A bell is of a pair, for who can write to an
 * eventfd can also read it, fill it and make it block: he must be able to do so to nobody's but his
 * own. A slot hears all its bells through one epoll, which costs nothing that could be measured.
 * axsup maps the private segments read-only and believes nothing in them; a slot's memory is
 * written by axsup only before its first process, and when it starts empty after memory that did
 * not add up. */
#ifndef SUP_MEMORY_H
#define SUP_MEMORY_H

#include "shm/port.h"

struct sup;
struct sup_config;
struct sup_slot;

struct sup_memory { /* of one slot; descriptors are -1 where there is none */
    struct shm_geometry geo;
    int priv, pub, pub_readonly;
    int bells;                      /* an epoll: what the slot hears */
    int bell[SHM_SLOTS];            /* eventfds: what it rings */
    int out[SHM_SLOTS];             /* edges from this slot */
    int out_readonly[SHM_SLOTS];    /* the same for who reads them */
    const struct shm_private *view; /* read-only; NULL in slot 0 */
    uint32_t units;                 /* of the arena that have memory */
    uint64_t refused_at;            /* when the machine had none for more, 0: it had */
};

/* Makes all segments for sup->slots, whose configs are set. What fails is told through sup_log with
 * what it was, its size and what may be changed. -errno; then nothing is left. */
int sup_memory_open(struct sup *sup);
void sup_memory_close(struct sup *sup);

/* The descriptors that the process of this slot may have. */
void sup_memory_fds(const struct sup *sup, uint32_t slot, struct shm_fds *fds);

/* Where the worker says that its arena is too small: allocates one more extent up to the limit.
 * What fails is told once, and tried again after a second. */
void sup_memory_grow(struct sup *sup, uint32_t slot);

/* A word of a slot's private memory as of its last committed turn, also while a turn is open.
 * `where` is its offset. False: it changes too fast now, or the journal does not add up. */
bool sup_memory_word(const struct sup *sup, uint32_t slot, uint64_t where, uint64_t *value);

/* The actor whose message was in hand when the process of the slot died: its index, 0: none.
 * *method is the message's, UINT32_MAX where not known or a hook. */
uint32_t sup_memory_suspect(const struct sup *sup, uint32_t slot, uint32_t *method);

/* Is the geometry at the head of both segments what axsup wrote? Nobody writes it but a process
 * that writes where it should not. */
bool sup_memory_intact(const struct sup *sup, uint32_t slot);
/* Writes it again where it is not. No process may be in the slot. */
void sup_memory_mend(const struct sup *sup, uint32_t slot);

/* Messages and replies for the slot that its peers have sent and it has not read. Where `of` is not
 * NULL, messages are also added up there for each actor, by its index. */
uint64_t sup_memory_unread(const struct sup *sup, uint32_t slot, uint32_t *of);

/* Calls fn for each of them, or for each frame in the mailbox of an actor, as of the slot's last
 * committed turn. A frame lies within memory, and whole up to its header; what it says may be a
 * lie. `peer` is whose lane it lies in, the slot itself for a mailbox. */
typedef void sup_frame_fn(void *ctx, uint32_t peer, const struct shm_frame *frame);
uint64_t sup_memory_each_unread(const struct sup *sup, uint32_t slot, sup_frame_fn *fn, void *ctx);
/* The same for those between two positions of the data lane from a peer, whose edge is mapped; fn
 * may be NULL. Returns how many they are. */
uint64_t sup_memory_each_between(const struct sup_memory *memory, const uint8_t *edge,
                                 const uint64_t range[2], uint32_t peer, sup_frame_fn *fn,
                                 void *ctx);
void sup_memory_each_mail(const struct sup *sup, uint32_t slot, sup_frame_fn *fn, void *ctx);

/* Have all peers dealt with the death of this slot's process, so that its lanes may be reset? */
bool sup_memory_quiet(const struct sup *sup, uint32_t slot);
/* Empties the slot: private and public memory are zero but for what must go on, its lanes hold
 * nothing unread. *lost: messages given up, as far as they can be counted. No process may be in
 * the slot. 0 or -errno. */
int sup_memory_empty(struct sup *sup, uint32_t slot, uint64_t *lost);
/* The slot's lanes begin anew where their readers are; what they held unread is given up, all else
 * stays. No process may be in the slot. 0 or -errno. */
int sup_memory_relane(struct sup *sup, uint32_t slot);

#endif
