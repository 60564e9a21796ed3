/* SPDX-License-Identifier: MIT */
/* shm/public.h - what the process in a slot writes and every other reads: enough to send to its
 * actors, to wake it, and to know that it died. It shows what is committed and no more. */
#ifndef SHM_PUBLIC_H
#define SHM_PUBLIC_H

#include "shm/frame.h"
#include "shm/geometry.h"
#include "shm/meter.h"

/* What a sender must know of an actor. Senders look at it each turn, so what each turn changes, the
 * depth of its mailbox, is elsewhere: an array behind the directory. */
struct shm_directory {
    uint32_t gen;
    uint8_t state;     /* enum shm_actor_state */
    uint8_t refuse;    /* enum shm_refuse */
    uint16_t control;  /* depth of its control mailbox */
    uint64_t contract; /* hash */
    uint32_t capacity;
    uint32_t incarnation; /* its own, on top of the slot's; see struct shm_actor */
    uint64_t waits_on; /* address of the actor that it waits for, when that has lasted a while, so
                          that a quick ask writes nothing here; 0: none */
};
_Static_assert(sizeof(struct shm_directory) == 32, "directory entry");

enum shm_refuse {
    SHM_REFUSES = 1,  /* overload, until the low watermark */
    SHM_INFLIGHT = 2, /* it awaits something; shown when that lasts a while */
};

enum shm_slot_state {
    SHM_SLOT_EMPTY = 0,
    SHM_SLOT_STARTING,
    SHM_SLOT_RUNNING,
    SHM_SLOT_BACKOFF,
    SHM_SLOT_STOPPING,
    SHM_SLOT_STOPPED,
    SHM_SLOT_FAILED,
};

struct shm_slot_info { /* written by axsup in its own public segment */
    uint32_t state;
    uint32_t incarnation; /* starts so far */
    uint32_t epoch;       /* grows each time the slot starts empty */
    uint32_t units;       /* of its arena that have memory; only grows */
};

struct shm_name { /* written by axsup; a seqlock: odd while it changes */
    uint32_t seq;
    uint32_t incarnation; /* of the slot when the name was granted */
    uint64_t hash, ref;
    char name[SHM_NAME_MAX + 1];
    uint64_t spare;
};
_Static_assert(sizeof(struct shm_name) == 96, "name entry");

/* A membership of an actor of the slot in a group, which is known by its key. `ref` is 0 while the
 * entry changes, and where it is free. */
struct shm_member {
    uint64_t ref, key[2], spare;
};

/* The lease of a shard, in the gateway's memory; until 0: none, or it is being changed. One that is
 * to be given back is closed before: `asked` is new each time. In the memory of a slot that may
 * have actors of its keys just `asked`: nothing lives there any more under what was closed by that.
 */
struct shm_lease {
    uint64_t epoch, until; /* CLOCK_BOOTTIME, ns */
    uint64_t closing;      /* an epoch; 0: none */
    uint64_t asked;
};

struct shm_public {
    struct shm_geometry geometry;
    _Alignas(SHM_LINE) uint64_t committed; /* THE store; read by peers when the writer is dead */
    uint64_t turn_started_at;              /* CLOCK_MONOTONIC ns, coarse; 0: idle */
    uint64_t messages;                     /* handled so far, coarse */
    _Alignas(SHM_LINE) uint32_t parked;    /* 0: running, else the number of this parking */
    uint32_t park_seq;
    _Alignas(SHM_LINE) uint32_t death; /* robust futex: the holder's tid, then OWNER_DIED */
    uint32_t death_pad[3];
    void *death_prev, *death_next;           /* list node; means something to the owner alone */
    _Alignas(SHM_LINE) uint32_t incarnation; /* set by a process when it has recovered */
    uint32_t squeezed;                       /* arena below its reserve: send nothing new */
    uint32_t used;                           /* units of the arena, when it was last looked at */
    uint32_t small;   /* to axsup: that many units of arena are too few; 0: never mind */
    uint32_t listens; /* to axsup: actors here may have the lifecycle stream */
    _Alignas(SHM_LINE) uint64_t ticks; /* axsup's segment only; see meter.h */
    _Alignas(SHM_LINE) struct shm_meters meters;
    _Alignas(SHM_LINE) struct shm_slot_info slot[SHM_SLOTS]; /* axsup's segment only */
};

/* Where the directory begins, in every public segment; depths and meters follow, and in axsup's,
 * names. */
#define SHM_DIRECTORY_OFF ((sizeof(struct shm_public) + SHM_LINE - 1) / SHM_LINE * SHM_LINE)

#endif
