/* SPDX-License-Identifier: MIT */
/* libax/worker.h - one worker process, as its own files see it.
 *
 * Everything here is volatile. What must outlive the process is in the slot's private memory
 * (shm/layout.h) and changes only within a turn; a successor builds this structure again from it.
 *
 * One thread runs to completion: drain lanes, run ready actors, flush, look at timers, spin or
 * park. The loop runs on a fiber; when a handler awaits, its fiber stays parked and another goes
 * on with the loop. */
#ifndef LIBAX_WORKER_H
#define LIBAX_WORKER_H

#include "libax/boot.h"
#include "libax/fiber.h"
#include "libax/known.h"
#include "libax/wheel.h"
#include "shm/chain.h"
#include "shm/lane.h"

#include <ax/actor.h>
#include <liburing.h>

struct worker;
struct io;

struct given {  /* what a send that waits for room is to send; see given.h */
    void *copy; /* NULL: nothing that others could write to */
    struct ax_outgoing *out;
    uint32_t size; /* of the copy */
};

struct ax_ctx { /* what a handler holds: its actor, on its fiber */
    struct worker *worker;
    const struct ax_actor_type *type;
    void *self;
    const struct shm_frame *frame; /* in hand; NULL in a hook */
    uint64_t message;              /* its chain word; 0 in a hook */
    uint64_t order;                /* the chain word of the order in hand, 0: none */
    uint32_t actor;
    uint32_t reply_size; /* image so far */
    uint8_t *reply;      /* NULL: nobody is to be answered */
    void *reply_heap;    /* the same where it did not fit on the stack */
    void *tail;          /* variable part of the last reply that was awaited */
    struct given given;
    uint32_t restoring; /* 1: in the restore hook */
    uint32_t kept;      /* 1: the order in hand has kept a snapshot */
    bool deferred;      /* the ask in hand is answered later, see far_serve.h */
};

struct wants { /* what a strand that waits for room wants to send */
    uint64_t to, deadline;
    uint64_t patient_until; /* elsewhere: until then for more room than it needs */
    uint32_t bytes;
    bool end; /* it waits for the end of `to` instead */
};

/* A fiber of the loop and the handler on it. It lies at the top of its own stack, so the two are
 * saved as one. */
struct strand {
    struct fiber fiber; /* first: lists link fibers */
    struct ax_ctx ctx;
    struct wants wants;
    uint64_t asks;           /* number of the ask that it waits for, 0: it waits for room */
    uint32_t waits_on;       /* local actor it waits for, 0: none or elsewhere, or no more */
    int result;              /* of the wait that is over */
    uint32_t number;         /* which place its stack has */
    uint32_t reserved;       /* the record that is to have the name which it waits for, 0: none */
    uint32_t saved;          /* unit of the block that its stack is to be saved in, 0: none */
    uint64_t reply_room;     /* bytes mapped at its place for replies */
    bool shown;              /* others see on whom it waits */
    bool let_on;             /* has waited for room, and may have it */
    struct strand *restored; /* the next that was put back, while all are */
};

_Static_assert(sizeof(struct strand) % 8 == 0, "it is saved as words");

struct target {       /* in whose mailbox strands wait for room; see room.c */
    uint64_t to;      /* 0: none */
    uint32_t waiting; /* how many do, or have been let on and not come to send yet */
    uint32_t look;    /* at all who wait; the last that came to it */
    uint32_t taken;   /* places in that look; UINT32_MAX: there are no more */
};

struct strand_queue { /* in order */
    struct strand *first, *last;
};

struct pending {           /* an ask or a claim that a strand waits for */
    struct strand *strand; /* NULL: free */
    const struct ax_contract *contract;
    uint64_t target;
    uint64_t timeout, deadline; /* the deadline is none until pending_stamp */
    uint64_t corr;              /* its number */
    void *reply;
    uint32_t serial;
    uint32_t durable; /* unit of what is saved of who waits, 0: nothing */
    uint32_t next_free, next_unstamped;
    uint32_t bytes; /* of an answer that is no contract's reply */
    uint16_t method;
    bool unstamped; /* it is on that list */
};

struct wake { /* see wake.h */
    uint64_t at;
    uint32_t actor;
};

struct timers {          /* see timer.c */
    uint64_t turn;       /* that has logged what each timer of `actor` changes */
    uint64_t clock_turn; /* that has looked at the clock */
    uint32_t actor;
    struct wheel wheel;
    struct known known;
};

enum { UNSETTLED_TIMERS = 1, UNSETTLED_RECORDS = 2 };

struct own_contract {
    uint64_t hash;
    const struct ax_contract *known; /* a sender's that was last found to be the same; see send.c */
};

struct registries; /* registry.c */

#define LISTENERS 64u /* actors of a worker that may have the lifecycle stream */

enum lease_found { LEASE_NOTHING, LEASE_ORPHANS, LEASE_KEYS };

struct lease_seen {         /* of a lease, see lease.c */
    uint64_t epoch;         /* as it was looked at last; 0: it was not held */
    uint64_t closing;       /* what is gone through for; 0: not for this one */
    uint64_t asked;         /* as of a shm_lease */
    enum lease_found found; /* so far */
    bool born;              /* somebody was spawned under it since */
    uint32_t looks;         /* before this one, for the same */
    bool orphans;           /* it was these the last time: they are told */
};

struct worker {
    struct shm_port port;
    const struct ax_plugin *plugin;
    const struct boot *boot;
    struct own_contract *contracts; /* of each actor type */
    uint64_t now;                   /* CLOCK_MONOTONIC ns, coarse */
    uint32_t hundredths;            /* of a second, the same; see shm/meter.h */
    uint64_t messages;
    struct strand *current, *idle, *broken;
    struct strand *left;       /* it has just suspended, and its turn is to be ended */
    struct strand_queue ready; /* their wait is over */
    struct strand_queue room;  /* wait for room, in order */
    uint64_t room_deadline;    /* the first of theirs */
    uint32_t room_count;       /* how many wait, or have been let on and not come to send yet */
    uint32_t room_far;         /* how many of them wait for somebody elsewhere */
    uint32_t room_look;        /* at all of them; counts up */
    uint32_t room_mask;        /* of places in room_targets */
    struct target *room_targets;
    bool room_freed;         /* somebody here may have room now */
    struct strand *restored; /* put back, before the loop runs */
    uint32_t run_first, run_last, free_actor;
    uint32_t behind;  /* actors whose watchers are to be told of deaths before this process */
    uint32_t strands; /* made so far */
    bool placed;      /* private memory is where every process of the template has it */
    void **self;
    struct strand **strand_of; /* of each actor that is suspended */
    struct pending *pending;
    uint32_t pending_free, pending_used, pending_count, pending_unstamped;
    uint64_t next_deadline;
    struct wake *wakes;
    uint32_t *wake_places; /* where in it each actor is, counted from 1; 0: nowhere */
    uint32_t nwakes;
    struct timers *timers;
    uint32_t *publish; /* actors whose directory entry changes when the turn commits */
    uint32_t npublish;
    uint32_t io_touched; /* handles that the open turn has done something to */
    uint32_t unsettled;  /* the open turn has changed what is known of these: */
    struct known *records;
    struct io *io;       /* NULL: no actor has used any */
    struct {             /* who is where in the table of memberships; entries count from 1 */
        uint32_t *first; /* of each actor */
        uint32_t *next;  /* behind each entry, also of those that are free */
        uint32_t free;
    } members;
    struct {
        uint64_t key[2];
        uint32_t slot, entry;
    } picked[16];                 /* who was in turn last, by group */
    uint8_t *scratch;             /* a reply's or message's image, max_message */
    bool pressing;                /* more than half of a lane is not published */
    uint64_t over;                /* slots with something in an overflow queue */
    uint64_t memory_ask_at;       /* when axsup may be asked for more memory again */
    uint64_t memory_wait_at;      /* when a handler may wait for it again */
    bool map_dead;                /* some actor has maps that are to be given back */
    uint32_t map_look, map_clean; /* who is looked at next for them; how many had none in a row */
    uint64_t map_joined;          /* the last turn that joined buckets of a map */
    uint64_t overshoot; /* messages that honest peers, looking late, may send above a capacity */
    uint32_t deepened;  /* actor whose depth is to be published when the batch is taken */
    struct {            /* an actor elsewhere that was looked at in that turn */
        uint64_t to, turn;
        const struct ax_contract *contract;
        uint64_t hash; /* of it */
        uint32_t sent; /* messages in that turn */
        uint32_t room; /* messages that may go to it before its depth is looked at again */
    } admitted;
    struct registries *registries;  /* NULL: the config has none */
    const struct shm_lease *leases; /* the gateway's, see lease.h */
    uint32_t nleases;
    struct lease_seen *leases_seen;
    uint64_t lease_look_at; /* when to look at all of them */
    uint64_t lease_pause;   /* from one look to the next, while one is being closed */
    bool lease_ended;       /* one has, and actors are to be gone through for it */
    uint32_t lease_next;    /* the next one of these; 0: nobody is gone through */
    bool leased;            /* some registry here is of the cluster */
    struct { /* what is to be done behind the messages of this round, see far_serve.h */
        void (*run)(struct ax_ctx *ctx); /* NULL: nothing */
        uint32_t actor;
    } behind_all;
    uint64_t sweep_at; /* when to look for idle actors; UINT64_MAX: never */
    uint32_t sweep_next;
    struct {                   /* see meter.h */
        const uint64_t *ticks; /* axsup's */
        uint64_t seen;         /* of them, when the clock was looked at last */
        uint64_t since;        /* which was then */
        uint64_t sampled_at;   /* when the message in hand began, 0: it is no sample */
        uint32_t sampled;      /* its actor */
        uint32_t until_sample; /* messages */
        bool want_probe;       /* the next message that is sent is one */
        uint32_t probe;        /* the actor in whose mailbox it waits, 0: there is none */
        uint32_t probe_gen, probe_place;
        uint64_t probe_at;
    } meter;
    uint32_t listeners[LISTENERS], nlisteners; /* see stream.h */
    const char *fail_reason;
    struct io_uring ring;
    bool ring_open, bell_armed;
    bool put_off;  /* what the last round requested may wait for this one to find nothing to do */
    bool spinning; /* it was worth it when that was looked at last */
    uint64_t timeout_at; /* when the earliest timeout in the ring goes off; UINT64_MAX: none */
    struct __kernel_timespec timeout;
    uint32_t tick;
    uint64_t spin_limit; /* adaptive, ns */
    uint64_t rest_ns;    /* how long rests are that were not spun away */
    uint64_t idle_since;
    uint32_t idle_rounds;
    bool stopping;       /* told to: no more spawns, drain */
    bool stops_now;      /* and not even drain */
    bool gave_up;        /* and its handlers have waited for long enough once */
    bool closing;        /* every actor has been told to stop */
    uint64_t unserved;   /* messages that a stop did not come to, dead letters by now */
    uint64_t stop_after; /* so many messages, if there is always more to do */
    uint64_t stop_by;    /* when axsup ends the process that was told to stop */
    uint64_t give_up_at; /* when whatever is waited for then is given up */
    struct {
        const struct ax_contract *contract;
        uint64_t hash;
    } hash_cache[64];
};

/* The process is in one slot for life. */
extern struct worker *ax_worker;

static inline struct shm_actor *actor_at(struct worker *w, uint32_t index)
{
    return &w->port.actors[index];
}

static inline uint64_t actor_ref(struct worker *w, uint32_t index)
{
    return SHM_REF(w->port.slot, index, w->port.actors[index].gen);
}

/* The index of a local actor that `ref` names and that accepts messages or is closing; else 0. */
static inline uint32_t actor_local(struct worker *w, uint64_t ref)
{
    uint32_t index = SHM_REF_INDEX(ref);
    if (SHM_REF_SLOT(ref) != w->port.slot || index == 0 || index >= w->port.priv->fresh_actor)
        return 0;
    const struct shm_actor *actor = &w->port.actors[index];
    return actor->gen == SHM_REF_GEN(ref) && actor->state != SHM_FREE ? index : 0;
}

/* Has its overload gone so far that senders are told AX_E_FULL? */
static inline bool actor_refuses(const struct worker *w, const struct shm_actor *actor)
{
    return actor->flags & SHM_OVERLOAD && !w->port.priv->policy[actor->policy].block;
}

/* Where in the run queue a lone or last actor points: not 0, which says "not in it". */
#define RUN_END UINT32_MAX

/* The loop: the entry of every strand. Never returns: a worker that has stopped exits. */
void worker_loop(struct worker *w);
void clock_read(struct worker *w);

/* Saturates; AX_FOREVER is never. */
static inline uint64_t deadline_after(uint64_t now, uint64_t timeout_ns)
{
    if (timeout_ns == AX_FOREVER)
        return UINT64_MAX;
    return timeout_ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + timeout_ns;
}

#endif
