/* SPDX-License-Identifier: MIT */
/* shm/port.h - what one process holds of the shared memory: its own segments, the edges to and
 * from its peers, their bells, and the volatile indexes over its arena.
 *
 * All of it can be made again from the segments; nothing here survives the process. The arrays
 * that the poll loop walks are dense and private, so 64 slots cost 64 lines at most. */
#ifndef SHM_PORT_H
#define SHM_PORT_H

#include "shm/layout.h"

#define SHM_ORDERS 21u     /* blocks of 64 B to 64 MiB */
#define SHM_PENDING 16384u /* blocks that one turn may take or give back */

enum { SHM_DATA, SHM_CONTROL };

struct shm_out { /* as the writer of an edge */
    uint8_t *ring[2];
    uint64_t staged[2]; /* private copy of the staged ends */
    uint64_t logged[2]; /* turn that logged the staged end */
    uint64_t peer_read[2];
    struct shm_ends *ends;
    struct shm_staged *stage;
    const uint32_t *parked;
    uint32_t rung; /* number of the parking that was rung last */
    int bell;
};

struct shm_in { /* as the reader of an edge */
    const uint8_t *ring[2];
    const struct shm_staged *stage;
    const struct shm_public *pub;
    uint32_t incarnation; /* of the process whose frames are read now, 0: of none yet */
    bool cut;             /* malformed: nothing more is read until the next incarnation */
    uint8_t mended;       /* a bit for each lane: was cut, so what is malformed the last process
                             may have left */
};

struct shm_block {
    uint32_t unit, order;
};

struct shm_arena { /* volatile */
    uint32_t free[SHM_ORDERS];
    uint32_t units;    /* that have memory so far */
    uint32_t fresh;    /* units never used so far; mirrored in private memory */
    uint32_t used;     /* units in use */
    uint32_t reserved; /* units that must stay free for what is already promised */
    uint32_t ntaken, ngiven;
    struct shm_block *taken; /* by this turn: given back if it is undone */
    struct shm_block *given; /* by this turn: free once it is committed */
};

struct shm_port {
    struct shm_geometry geo;
    uint32_t slot, slots;
    uint64_t turn;
    struct shm_private *priv;
    struct shm_public *pub;
    struct shm_actor *actors;
    struct shm_actor_cold *cold;
    struct shm_directory *directory;
    uint32_t *depth; /* of each actor's mailbox, as others see it */
    struct shm_meter *meters;
    struct shm_histograms *histograms; /* of record 1 and on */
    struct shm_event *events;
    struct shm_letter *letters;
    uint8_t *units;
    struct shm_arena arena;
    uint64_t dirty;      /* lanes with something staged and unpublished */
    uint64_t read_dirty; /* lanes whose read position has moved */
    uint64_t unrung;     /* slots that were sent something since their bell was last looked at */
    uint32_t data_mask, control_mask;
    /* what the poll loop walks */
    _Alignas(SHM_LINE) const struct shm_ends *in_ends[SHM_SLOTS];
    uint64_t all, hot, seen;
    uint32_t tick;
    struct shm_in in[SHM_SLOTS];
    struct shm_out out[SHM_SLOTS];
    const struct shm_public *peers[SHM_SLOTS];
    const struct shm_name *names;          /* axsup's table */
    const struct shm_slot_info *slot_info; /* axsup's table */
    const struct shm_directory *directories[SHM_SLOTS];
    const uint32_t *depths[SHM_SLOTS];
    uint32_t peer_actors[SHM_SLOTS]; /* entries in each directory, taken once at the start */
    uint64_t peer_bytes[SHM_SLOTS];
    const struct shm_member *members[SHM_SLOTS];
    uint32_t member_count[SHM_SLOTS];
    uint32_t name_count;
    int bell;
};

/* The descriptors that a process needs to open its port; -1 where there is none. They may be
 * closed once the port is open, but for the bells, which the port keeps. */
struct shm_fds {
    int priv, pub;
    int peer_pub[SHM_SLOTS]; /* read-only */
    int out[SHM_SLOTS];      /* edges written by this slot */
    int in[SHM_SLOTS];       /* edges to this slot, read-only */
    int bell[SHM_SLOTS]; /* what this slot rings; its own place: where it hears all that ring it */
};

/* Maps all that `fds` names. 0 or -errno; on failure nothing stays mapped. */
int shm_port_open(struct shm_port *port, const struct shm_geometry *geo, const struct shm_fds *fds);
/* The same with private memory at `at`; elsewhere, as port->priv says, where that is taken. */
int shm_port_open_at(struct shm_port *port, const struct shm_geometry *geo,
                     const struct shm_fds *fds, void *at);
void shm_port_close(struct shm_port *port);

static inline void *shm_unit(const struct shm_port *port, uint32_t unit)
{
    return port->units + (uint64_t)unit * SHM_UNIT;
}

#endif
