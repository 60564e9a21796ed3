/* SPDX-License-Identifier: MIT */
/* shm/private.h - what the process in a slot writes and only axsup reads: all that must outlive the
 * process. Words are changed in place within a turn, each logged first (journal.h); "volatile"
 * marks those that a successor makes anew. */
#ifndef SHM_PRIVATE_H
#define SHM_PRIVATE_H

#include "shm/frame.h"
#include "shm/geometry.h"

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
    uint8_t urgent;       /* there is something in its control mailbox */
};
_Static_assert(sizeof(struct shm_actor) == SHM_LINE, "the hot part of an actor is one line");

enum shm_actor_flags {
    SHM_STARTED = 1,    /* on_start has committed */
    SHM_STOPPING = 2,   /* told to stop */
    SHM_HALF = 4,       /* which half of the kept state is current */
    SHM_OVERLOAD = 8,   /* refuses until the low watermark */
    SHM_IN_HOOK = 16,   /* suspended in a hook: no message is in hand */
    SHM_RETRIED = 32,   /* the message at the head has been in hand when a process died */
    SHM_DROPPING = 64,  /* calls up to `drop_until` are dropped and not handled */
    SHM_RETIRING = 128, /* to be passivated after the message in hand */
};

/* The cold line: what only starts, ends, monitors and timers look at. */
struct shm_actor_cold {
    uint64_t restart_at; /* CLOCK_MONOTONIC ns */
    uint64_t failed_at;  /* the last of `failures` */
    uint32_t row;        /* of restarts without a window between two, for the backoff */
    uint32_t failures;   /* ever */
    uint32_t watchers;   /* unit of the first shm_watch that waits for this actor */
    uint32_t monitors;   /* unit of the first shm_watch that this actor has set up */
    uint32_t timers;     /* unit of the first shm_timer */
    uint32_t name;       /* entry in axsup's names table + 1 */
    uint32_t more;       /* unit of its shm_more, 0: none */
    uint32_t drop_until; /* SHM_DROPPING: messages before this one, counted as mail.handled is */
    uint8_t signal;      /* for `reason` */
    uint8_t spare[7];
    uint8_t reason;   /* why it is closing */
    uint8_t retries;  /* of the message at the head */
    uint8_t ended_by; /* the reason for `ended` */
    uint8_t stop;     /* beside `reason`: enum ax_stop_reason */
    uint32_t ended;   /* incarnation whose end not all watchers have been told yet, 0: none */
};
_Static_assert(sizeof(struct shm_actor_cold) == SHM_LINE, "the cold part of an actor is one line");

/* When an actor was started again, for libax/restarts.h. */
#define SHM_RESTARTS 13u
struct shm_restarts {
    uint32_t count; /* in a row */
    uint32_t at[SHM_RESTARTS];
};

/* What few actors have; two units, made when it is first needed. Each field is logged before it
 * changes, and 0 when there is nothing. */
struct shm_more {
    struct shm_chain control; /* what overtakes the mailbox */
    uint32_t links;           /* unit of the first struct shm_watch of a link */
    uint32_t groups;          /* unit of the first group that it is in */
    uint32_t maps;            /* unit of the roots of its kept maps */
    uint32_t durable;         /* unit of the stack that was saved at an await */
    uint32_t key;             /* unit of its shm_key */
    uint32_t snapshot;        /* unit of its last snapshot */
    uint32_t traps;           /* exits come to on_exit */
    uint32_t own_links;       /* to other slots, set up by this side */
    uint32_t listens;         /* it wants the lifecycle stream */
    uint32_t missed;          /* notices of it that were left out since the last one */
    uint32_t restarts;        /* unit of a shm_restarts */
    uint32_t leased;          /* unit of a shm_leased */
    char words[SHM_WORDS];    /* the reason that it is closing for, where that is other */
};
#define SHM_MORE_ORDER 1u
_Static_assert(sizeof(struct shm_more) == SHM_UNIT << SHM_MORE_ORDER, "what few actors have");

enum shm_watch_kind {
    SHM_WATCHES = 1, /* the watcher's side of a monitor, in `monitors` of its actor */
    SHM_WATCHED,     /* the target's, in `watchers` */
    SHM_LINKED,      /* either side of a link, in `links` */
};

enum shm_twin { /* both sides of a link have set one up at once */
                SHM_NO_TWIN,
                SHM_TWIN_SILENT,
                SHM_TWIN_TELLS,
};

/* One side of a monitor or a link; one unit. Number `id` names the side's own unit in its lower
 * half where this side was the one to set it up. */
struct shm_watch {
    uint64_t peer; /* address of the other side */
    uint64_t id;
    uint32_t next, prev;       /* units, in its actor's list; of the first `prev` means nothing */
    uint32_t at_next, at_prev; /* the same among all whose peer lives in that other slot */
    uint32_t owner;            /* index of its actor */
    uint32_t other;            /* unit of the other side, 0: it is gone, or not known. Of one in
                                  another slot: what that has said, to be said back, no more */
    uint32_t fell;             /* incarnation of the peer's slot whose death was told last, */
    uint32_t heard; /* and of the peer whose end was; both count since the peer knows of this */
    uint32_t told;  /* own incarnation whose end the peer was told last */
    uint32_t room;  /* unit of a block kept for a down or exit, 0: it is spent */
    uint8_t kind;   /* enum shm_watch_kind, 0: given back */
    uint8_t final;  /* only the last end is told */
    uint8_t mine;   /* of a link: its actor has set it up */
    uint8_t twin;   /* of a link: enum shm_twin */
    uint8_t known;  /* to the peer, in another slot */
    uint8_t spare[3];
};
_Static_assert(sizeof(struct shm_watch) == SHM_UNIT, "a side of a monitor is one unit");
_Static_assert(offsetof(struct shm_watch, fell) % 8 == 0, "fell and heard are one word");

#define SHM_MEMBERSHIP_ORDER 1u

struct shm_membership { /* in `groups` of its actor */
    uint32_t next;      /* unit */
    uint32_t pad;
    uint64_t key[2];
    char group[SHM_NAME_MAX + 1];
};
_Static_assert(sizeof(struct shm_membership) <= SHM_UNIT << SHM_MEMBERSHIP_ORDER, "its block");

/* A handler of a durable actor that waits. Behind it: its stack and the strand at its top, what it
 * has made of a large reply so far, and room for a small answer, or what it is to send. Nothing of
 * it changes but for the answer, by one logged word, and the deadline. */
struct shm_durable {
    uint64_t answer;   /* logged. 0: none yet; else SHM_ANSWERED | unit << 32 | an AX_E_* */
    uint64_t deadline; /* CLOCK_MONOTONIC ns; 0: not known yet, it is `timeout` from now on */
    uint64_t sum;      /* over the rest of this and the strand */
    uint64_t place;    /* names the template whose processes can go on with it */
    uint64_t corr;     /* number of the ask; 0: it waits for room */
    uint64_t target, timeout;
    uint64_t contract, reply; /* addresses in those processes */
    uint64_t sp;
    uint32_t stack, made;   /* bytes of stack and strand; of the reply so far */
    uint32_t strand, given; /* its number; bytes of what it is to send */
    uint16_t method;
    uint8_t order; /* of this block */
    uint8_t spare[5];
    uint8_t bytes[];
};
#define SHM_ANSWERED (1ull << 31)

struct shm_answer { /* one that is too large to lie there; a block of its own */
    uint32_t order, size;
    uint8_t body[];
};

/* A pending message to its own actor; the frame follows. `id` names the block's own unit in its
 * lower half. */
struct shm_timer {
    uint64_t at; /* CLOCK_MONOTONIC ns; UINT64_MAX: never. Logged where it is periodic */
    uint64_t id;
    uint64_t period; /* 0: it goes off once */
    uint64_t posted; /* logged. Of a periodic one: its last message's number among all that its
                        mailbox has accepted */
    uint64_t missed; /* logged. Moments that had no message of their own and were not told yet */
    uint32_t next, prev;    /* units, in its actor's list; of the first `prev` means nothing */
    uint32_t after, before; /* volatile: the same in a list of the wheel */
    uint32_t owner;         /* index of its actor */
    uint16_t place;         /* volatile: which list of the wheel that is, 0: none */
    uint8_t order;          /* of this block */
    uint8_t pad;
    struct shm_frame frame;
};
_Static_assert(offsetof(struct shm_timer, frame) == SHM_UNIT, "its head is one unit");

struct shm_key { /* of an actor of a registry; a block */
    uint16_t registry, len;
    uint32_t lease; /* of its shard, counted from 1; 0: the registry is this node's alone */
    uint64_t epoch; /* in which it was spawned */
    uint8_t bytes[];
};

/* What the lease of a shard allows, beside the actors of its keys: an actor that was spawned by one
 * of those, or by one like this. A unit. */
struct shm_leased {
    uint64_t epoch; /* as of a shm_key */
    uint32_t lease;
};

#define SHM_PASSIVE UINT64_MAX /* restart_at of an actor that waits for its next message */

struct shm_policy {
    uint64_t window_ns, backoff_min_ns, backoff_max_ns;
    uint64_t drain_ns; /* told to stop, it first handles its mail, for so long; 0: it does not */
    uint32_t max;
    uint32_t high, low;        /* watermarks, 0: none */
    uint32_t control_capacity; /* of its control mailbox, 0: from its capacity */
    uint8_t restart;           /* 0 never, 1 on failure, 2 always */
    uint8_t drop_mail;         /* at a restart */
    uint8_t block;             /* overload: senders may wait, nothing is refused */
    uint8_t retries;           /* of a suspect message; 0: dropped at once */
    uint32_t pad[3];           /* 0: policies are compared as bytes */
};
_Static_assert(sizeof(struct shm_policy) == SHM_LINE, "each send looks at one");

#define SHM_POLICIES 256u

/* What happened, for axsup to show. Written by the slot's process in a ring; `count` is logged. */
struct shm_event {
    uint32_t incarnation; /* of SHM_NEWS_LEASE_*: the shard */
    uint16_t method;      /* of SHM_REASON_WORDS: enum shm_words_part */
    uint8_t what;         /* enum shm_what */
    uint8_t reason;
    uint8_t signal, suspect, will_restart;
    uint8_t kind; /* of a dead letter; of SHM_ACTOR_STOPPED: enum ax_stop_reason */
    int16_t error;
    uint16_t lap; /* round of the ring: what a turn writes that is undone is of a round to come */
    union {
        struct {
            uint64_t at; /* CLOCK_REALTIME ns */
            uint64_t actor, other;
            uint64_t contract; /* its hash, where the ref of whoever it is about does not tell it */
            uint64_t took_ns;  /* of SHM_SLOW */
            uint64_t number;   /* of the gateway's: see libax/gateway_event.h */
        };
        char words[SHM_WORDS]; /* of SHM_REASON_WORDS */
    };
};
_Static_assert(sizeof(struct shm_event) == SHM_LINE, "an event is one line");

/* The same for a dead letter, and in words for whom it was, where that is nobody of this node. */
struct shm_letter {
    struct shm_event event;
    char whom[SHM_NAME_MAX + 1];
};

static inline uint16_t shm_event_lap(uint64_t number, uint32_t room)
{
    return (uint16_t)(number / room);
}

enum shm_what {
    SHM_ACTOR_STARTED = 1,
    SHM_ACTOR_RESTARTED,
    SHM_ACTOR_STOPPED,
    SHM_ACTOR_DOWN,
    SHM_OVERLOAD_ON,
    SHM_OVERLOAD_OFF,
    SHM_DEADLETTER,
    SHM_ACTOR_EXIT,
    SHM_AWAIT_LOST,   /* a wait of a durable actor ended with its process */
    SHM_SLOW,         /* a message took longer than slow_after; method: UINT16_MAX for a hook */
    SHM_REASON_WORDS, /* a text of the event behind it */
    SHM_NEWS_LEASE_ACQUIRED, /* from here on: of the gateway alone */
    SHM_NEWS_LEASE_LOST,
    SHM_NEWS_NODE_UP,
    SHM_NEWS_NODE_DOWN,
    SHM_NEWS_SESSION_ROTATED,
    SHM_NEWS_AUTH_REFUSED,
    SHM_NEWS_DIAL_REFUSED,
    SHM_NEWS_CONFIG_DIFFERS,
    SHM_NEWS_STORE_UP,
    SHM_NEWS_STORE_DOWN,
    SHM_WHAT_COUNT
};

enum shm_words_part { SHM_WORDS_REASON, SHM_WORDS_NAME, SHM_WORDS_NAME_END, SHM_WORDS_PARTS };

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
    uint64_t message; /* chain word of the message in hand, 0: a hook, or SHM_IN_ORDER */
    uint64_t reserved[5];
    struct shm_undo undo[SHM_UNDO];
};

struct shm_death { /* of a process; one word */
    uint32_t suspect;
    uint8_t reason, signal;
    uint8_t pad[2];
};

struct shm_private {
    struct shm_geometry geometry;
    _Alignas(SHM_PAGE) struct shm_journal journal;
    /* From here on each word is logged before it changes. */
    _Alignas(SHM_PAGE) uint64_t read_data[SHM_SLOTS]; /* how far each lane to us is read */
    uint64_t read_control[SHM_SLOTS];
    struct shm_chain over_data[SHM_SLOTS]; /* what a full lane could not take, in order */
    struct shm_chain over_control[SHM_SLOTS];
    uint32_t seen_down[SHM_SLOTS]; /* last incarnation of each slot whose death was delivered, */
    struct shm_death death[SHM_SLOTS]; /* and how that ended */
    uint32_t of_slot[SHM_SLOTS];       /* unit of the first shm_watch whose peer lives in that slot;
                                          made anew by a successor */
    uint32_t asked[SHM_SLOTS];         /* how many of these that slot has set up; likewise */
    uint64_t events, letters;          /* written to the rings so far */
    uint64_t next_id;                  /* monitors and timers */
    uint64_t memberships;              /* of all actors */
    uint64_t booted;                   /* configured actors spawned so far */
    uint64_t policies;
    uint64_t suspect; /* actor whose message was in hand when the last process died, 0: none; with
                         bit 32 it was in a hook, with bit 33 in an order */
    /* Not logged: high-water marks that only grow. */
    uint32_t fresh_actor, fresh_unit;
    uint64_t late_replies; /* answers to asks that were given up; a count */
    struct shm_policy policy[SHM_POLICIES];
};

#endif
