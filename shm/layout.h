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

#include "shm/atomic.h"

#define SHM_SLOTS 64u
#define SHM_MAGIC 0x316d68732d7861ull /* "ax-shm1" */
#define SHM_ABI 1u
#define SHM_NAME_MAX 63u
#define SHM_UNIT 64u /* the arena's grain, bytes */

/* ---- addresses ---- */

/* An actor's address: slot 8 bits, index 24 bits, generation 32 bits. 0 is nobody. */
#define SHM_REF(slot, index, gen)                                                                  \
    ((uint64_t)(slot) << 56 | (uint64_t)(index) << 32 | (uint64_t)(uint32_t)(gen))
#define SHM_REF_SLOT(ref) ((uint32_t)((ref) >> 56))
#define SHM_REF_INDEX(ref) ((uint32_t)((ref) >> 32) & 0xffffffu)
#define SHM_REF_GEN(ref) ((uint32_t)(ref))

/* ---- frames ---- */

enum shm_kind {
    SHM_TELL = 1,
    SHM_ASK,
    SHM_REPLY,     /* body: the reply's image; corr: the asker's number */
    SHM_ERROR,     /* a reply that is an AX_E_* in `method` */
    SHM_DOWN,      /* body: struct shm_down_body */
    SHM_TIMER,     /* a message that its own actor sent itself by a timer */
    SHM_MONITOR,   /* control: `from` watches `to`; corr is the monitor's number */
    SHM_DEMONITOR, /* control */
    SHM_SLOT_DOWN, /* control, from axsup: body: struct shm_slot_down_body */
    SHM_READY,     /* control, to axsup: body: struct shm_ready_body */
    SHM_CLAIM,     /* control, to axsup: a name for `from`; body: the name */
    SHM_GRANT,     /* control, from axsup: answer to a claim; method: AX_E_* or 0 */
    SHM_STOP,      /* control, from axsup: stop the actor `to`, or the whole worker when 0 */
    SHM_STOPPED,   /* control, to axsup: the worker has stopped; body: struct shm_stopped_body */
    SHM_ACCUSE,    /* control, to axsup: the lane of slot `corr` is malformed; method: which lane;
                      body: uint64_t position */
    SHM_PAD = 255, /* fills a ring up to its wrap; only `size` and `kind` count */
};

/* One message, in a lane and in a mailbox: the same bytes. */
struct shm_frame {
    uint32_t size; /* whole frame, bytes, a multiple of 8 */
    uint16_t method;
    uint8_t kind;
    uint8_t pad;
    uint64_t to;    /* address */
    uint64_t from;  /* address, 0: no actor (axsup's command line, a timer) */
    uint64_t corr;  /* number of the ask or the monitor */
    uint64_t stamp; /* in a lane: the sender's turn. In a mailbox: 0 */
    uint8_t body[];
};
_Static_assert(sizeof(struct shm_frame) == 40, "frame header");

static inline uint32_t shm_frame_size(uint32_t body)
{
    return (uint32_t)sizeof(struct shm_frame) + ((body + 7u) & ~7u);
}

static inline uint32_t shm_frame_body(const struct shm_frame *frame)
{
    return frame->size - (uint32_t)sizeof(struct shm_frame);
}

/* Why an incarnation ended. X(name, number, text) */
#define SHM_REASONS(X)                                                                             \
    X(NORMAL, 0, "normal")                                                                         \
    X(SHUTDOWN, 1, "shutdown")                                                                     \
    X(FAILED, 2, "failed")                                                                         \
    X(KILLED, 3, "killed")                                                                         \
    X(SIGNAL, 4, "signal")                                                                         \
    X(EXITED, 5, "exited")                                                                         \
    X(HUNG, 6, "hung")                                                                             \
    X(NO_ACTOR, 7, "no such actor")                                                                \
    X(RESTART_INTENSITY, 8, "restart intensity exceeded")                                          \
    X(CORRUPT, 9, "memory does not add up")

enum shm_reason {
#define SHM_REASON_ENUM(name, number, text) SHM_##name = number,
    SHM_REASONS(SHM_REASON_ENUM)
#undef SHM_REASON_ENUM
};

struct shm_down_body {
    uint64_t who;
    uint32_t incarnation;
    uint8_t reason; /* enum shm_reason */
    uint8_t signal; /* for SHM_SIGNAL */
    uint8_t suspect;
    uint8_t will_restart;
    uint64_t after; /* read the sender's data lane up to here first: downs keep their place */
};

struct shm_slot_down_body {
    uint32_t slot;
    uint32_t incarnation; /* of the process that died */
    uint8_t reason;
    uint8_t signal;
    uint8_t will_restart;
    uint8_t code;     /* exit status for SHM_EXITED */
    uint32_t suspect; /* index of the actor in hand, 0: none */
    uint64_t at;      /* CLOCK_MONOTONIC, ns */
};

struct shm_ready_body {
    uint32_t incarnation;
    uint32_t corrupt;
    uint64_t mail; /* messages found in mailboxes */
};

struct shm_stopped_body {
    uint64_t mail; /* messages left unhandled */
};

/* ---- private ---- */

/* A queue of frames in the arena: `head` and `tail` are {unit << 32 | offset} words; 0 when empty.
 * The count is accepted - handled. Both pairs are undo-logged. */
struct shm_chain {
    uint64_t head, handled;
    uint64_t tail, accepted;
};

struct shm_chunk { /* a mailbox block of 2^order units */
    uint32_t next; /* unit of the next chunk; valid once the tail has moved on */
    uint32_t end;  /* offset behind the last frame; likewise */
    uint8_t order;
    uint8_t pad[7];
    uint8_t data[];
};

enum shm_actor_state {
    SHM_FREE = 0,
    SHM_LIVE,
    SHM_RESTARTING, /* waits for restart_at */
    SHM_CLOSING,    /* accepts nothing more; on_stop runs, then it is gone */
};

/* The hot line of an actor. */
struct shm_actor {
    struct shm_chain mail;
    uint32_t capacity;
    uint32_t gen;
    uint32_t incarnation; /* own restarts; the slot's incarnation comes on top */
    uint32_t kept;        /* unit of the kept state's block, 0: fresh */
    uint32_t next_run;    /* volatile, shares no logged word: run queue, 0: not in it */
    uint32_t logged;      /* volatile: where in the undo log the mailbox may stand */
    uint16_t type;        /* index into the plugin's actors */
    uint16_t policy;      /* index into the policies */
    uint8_t state;        /* enum shm_actor_state */
    uint8_t suspended;    /* the message at the head awaits: it is not to be handled again */
    uint8_t flags;        /* enum shm_actor_flags */
    uint8_t spare;
};
_Static_assert(sizeof(struct shm_actor) == SHM_LINE, "the hot part of an actor is one line");

enum shm_actor_flags {
    SHM_STARTED = 1,  /* on_start has committed */
    SHM_STOPPING = 2, /* told to stop */
    SHM_HALF = 4,     /* which half of the kept state is current */
    SHM_OVERLOAD = 8, /* refuses until the low watermark */
    SHM_IN_HOOK = 16, /* suspended in a hook: no message is in hand */
};

/* The cold line: what only starts, ends, monitors and timers look at. */
struct shm_actor_cold {
    uint64_t restart_at; /* CLOCK_MONOTONIC ns */
    uint64_t window_at;  /* start of the current restart window */
    uint32_t restarts;   /* within the window */
    uint32_t failures;   /* ever */
    uint32_t watchers;   /* unit of the first shm_watch that waits for this actor */
    uint32_t monitors;   /* unit of the first shm_watch that this actor has set up */
    uint32_t timers;     /* unit of the first shm_timer */
    uint32_t name;       /* entry in axsup's names table + 1 */
    uint32_t args;       /* configured actor number + 1 */
    uint32_t retries;    /* of the message at the head */
    uint64_t idle_at;    /* when it last finished work, coarse */
    uint8_t reason;      /* why it is closing */
    uint8_t pad[3];
    uint32_t spare;
};
_Static_assert(sizeof(struct shm_actor_cold) == SHM_LINE, "the cold part of an actor is one line");

/* One side of a monitor; 64 bytes, one unit. */
struct shm_watch {
    uint64_t peer; /* address of the other side */
    uint64_t id;
    uint32_t next; /* unit */
    uint32_t flags;
};

struct shm_timer { /* a pending message to its own actor; the frame follows */
    uint64_t at;   /* CLOCK_MONOTONIC ns */
    uint64_t id;
    uint32_t next;  /* unit */
    uint32_t order; /* of this block */
    struct shm_frame frame;
};

struct shm_policy {
    uint64_t window_ns, backoff_min_ns, backoff_max_ns;
    uint32_t max;
    uint32_t high, low; /* watermarks, 0: none */
    uint8_t restart;    /* 0 never, 1 on failure, 2 always */
    uint8_t drop_mail;  /* at a restart */
    uint8_t block;      /* overload: senders may wait, nothing is refused */
    uint8_t retries;    /* of a suspect message; 0: dropped at once */
};

#define SHM_POLICIES 256u

/* What happened, for axsup to show. Written by the slot's process in a ring; `count` is logged. */
struct shm_event {
    uint64_t at; /* CLOCK_REALTIME ns */
    uint64_t actor, other;
    uint64_t contract; /* hash of `other`'s contract where it tells more than the ref */
    uint32_t incarnation;
    uint16_t method;
    uint8_t what; /* enum shm_what */
    uint8_t reason;
    uint8_t signal, suspect, will_restart, kind;
    uint32_t error;
    uint64_t spare[2];
};
_Static_assert(sizeof(struct shm_event) == SHM_LINE, "an event is one line");

enum shm_what {
    SHM_ACTOR_STARTED = 1,
    SHM_ACTOR_RESTARTED,
    SHM_ACTOR_STOPPED,
    SHM_ACTOR_DOWN,
    SHM_OVERLOAD_ON,
    SHM_OVERLOAD_OFF,
    SHM_DEADLETTER,
};

#define SHM_UNDO 8192u /* words a turn may change */

struct shm_undo {
    uint64_t where; /* offset in the private segment, or SHM_UNDO_STAGED + 2 * slot + control */
    uint64_t old;
};
#define SHM_UNDO_STAGED (1ull << 63)

struct shm_journal {
    uint64_t turn;    /* the one under way, or the last one */
    uint32_t entries; /* of the undo log */
    uint32_t actor;   /* in hand; 0: the runtime's own work */
    uint64_t message; /* chain word of the message in hand, 0: a hook */
    uint64_t reserved[5];
    struct shm_undo undo[SHM_UNDO];
};

struct shm_geometry { /* written once, by axsup */
    uint64_t magic;
    uint32_t abi, slot, slots, spare;
    uint64_t private_bytes, public_bytes, edge_bytes;
    uint32_t actors; /* records, index 0 unused */
    uint32_t units;  /* of the arena, unit 0 unused */
    uint32_t events, letters;
    uint32_t data_ring, control_ring; /* bytes, powers of two */
    uint32_t max_message;
    uint32_t names; /* entries in axsup's names table */
    uint64_t actor_off, cold_off, event_off, letter_off, arena_off; /* private */
    uint64_t directory_off, name_off;                               /* public */
};

struct shm_private {
    struct shm_geometry geometry;
    _Alignas(SHM_PAGE) struct shm_journal journal;
    /* From here on each word is logged before it changes. */
    _Alignas(SHM_PAGE) uint64_t read_data[SHM_SLOTS]; /* how far each lane to us is read */
    uint64_t read_control[SHM_SLOTS];
    struct shm_chain over_data[SHM_SLOTS]; /* what a full lane could not take, in order */
    struct shm_chain over_control[SHM_SLOTS];
    uint32_t seen_down[SHM_SLOTS]; /* last incarnation of each slot whose death was delivered */
    uint64_t events, letters;      /* written to the rings so far */
    uint64_t next_id;              /* monitors and timers */
    uint64_t booted;               /* configured actors spawned so far */
    uint64_t policies;
    uint64_t suspect; /* actor whose message was in hand when the last process died, 0: none */
    /* Not logged: high-water marks that only grow. */
    uint32_t fresh_actor, fresh_unit;
    uint64_t late_replies; /* answers to asks that were given up; a count */
    struct shm_policy policy[SHM_POLICIES];
};

/* ---- public ---- */

struct shm_directory { /* what a sender must know of an actor */
    uint32_t gen;
    uint8_t state;  /* enum shm_actor_state */
    uint8_t refuse; /* overload: refused until the low watermark */
    uint16_t spare;
    uint64_t contract; /* hash */
    uint32_t depth, capacity;
    uint32_t incarnation; /* own restarts */
    uint32_t spare2;
};
_Static_assert(sizeof(struct shm_directory) == 32, "directory entry");

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
    uint32_t spare;
};

struct shm_name { /* written by axsup; a seqlock: odd while it changes */
    uint32_t seq;
    uint32_t incarnation; /* of the slot when the name was granted */
    uint64_t hash, ref;
    char name[SHM_NAME_MAX + 1];
    uint64_t spare;
};
_Static_assert(sizeof(struct shm_name) == 96, "name entry");

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
    _Alignas(SHM_LINE) char panic[256];
    _Alignas(SHM_LINE) struct shm_slot_info slot[SHM_SLOTS]; /* axsup's segment only */
};

/* ---- edge i to j ---- */

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
