/* SPDX-License-Identifier: MIT */
/* event.h - what has happened: a ring of events of workers, one of actors, one of nodes, and one of
 * dead letters, all bounded.
 *
 * Events of workers come from axsup itself; those of actors, and dead letters, are read from rings
 * in the slots' private memory, which axsup does not trust: it takes what is committed, checks each
 * number, and looks up the names at once, for an actor may be gone when somebody asks. However many
 * actors come and go, they do not push a worker's death or a node's out of what is remembered:
 * these have a ring each and one count, so that whoever reads all in order sees by the gaps what is
 * missing. Those of nodes come from the gateway, and are believed of nobody else. */
#ifndef SUP_EVENT_H
#define SUP_EVENT_H

#include "axsup/loop.h"
#include "shm/layout.h"

struct sup;
struct sup_slot;
struct sup_config;

/* X(name, text): the word in `events`. */
#define SUP_WHATS(X)                                                                               \
    X(WORKER_STARTED, "worker_started")                                                            \
    X(WORKER_DOWN, "worker_down")                                                                  \
    X(WORKER_RESTARTING, "worker_restarting")                                                      \
    X(WORKER_FAILED, "worker_failed")                                                              \
    X(RELOADED, "reloaded")                                                                        \
    X(HUNG, "hung")                                                                                \
    X(ACTOR_STARTED, "actor_started")                                                              \
    X(ACTOR_RESTARTED, "actor_restarted")                                                          \
    X(ACTOR_STOPPED, "actor_stopped")                                                              \
    X(DOWN, "down")                                                                                \
    X(EXIT, "exit")                                                                                \
    X(OVERLOAD_ON, "overload_on")                                                                  \
    X(OVERLOAD_OFF, "overload_off")                                                                \
    X(AWAIT_LOST, "await_lost")                                                                    \
    X(DEADLETTER, "deadletter")                                                                    \
    X(SLOW, "slow")                                                                                \
    X(LEASE_ACQUIRED, "lease_acquired")                                                            \
    X(LEASE_LOST, "lease_lost")                                                                    \
    X(NODE_UP, "node_up")                                                                          \
    X(NODE_DOWN, "node_down")                                                                      \
    X(SESSION_ROTATED, "session_rotated")                                                          \
    X(AUTH_REFUSED, "auth_refused")                                                                \
    X(DIAL_REFUSED, "dial_refused")                                                                \
    X(CONFIG_DIFFERS, "config_differs")                                                            \
    X(STORE_UP, "store_up")                                                                        \
    X(STORE_DOWN, "store_down")

enum sup_what {
#define SUP_WHAT_ENUM(name, text) SUP_##name,
    SUP_WHATS(SUP_WHAT_ENUM)
#undef SUP_WHAT_ENUM
};

struct sup_event {
    uint64_t seq; /* from 1: one count for workers and actors, another for the letters */
    uint64_t at;  /* CLOCK_REALTIME ns */
    enum sup_what what;
    uint32_t slot;
    uint32_t incarnation;
    uint8_t reason; /* enum shm_reason; of WORKER_DOWN, WORKER_FAILED, ACTOR_*, DOWN */
    uint8_t signal, code;
    bool suspect_known, suspect, will_restart, hung;
    int error;           /* AX_E_*: why a dead letter was not delivered */
    uint64_t backoff_ns; /* WORKER_RESTARTING: until it starts */
    uint64_t lost;       /* WORKER_DOWN: messages given up with memory that does not add up */
    uint8_t stop;        /* ACTOR_STOPPED: enum ax_stop_reason */
    /* WORKER_STARTED: from death (or start order) to ready. RELOADED: since it was asked for. HUNG:
     * in one message until now. SLOW: in one message. */
    uint64_t duration_ns;
    /* WORKER_DOWN, HUNG: the suspect. ACTOR_*, OVERLOAD_*: the actor. DOWN: who ended.
     * DEADLETTER: the target. `other` is DOWN's watcher and DEADLETTER's sender. */
    uint64_t actor, other;
    uint64_t number; /* LEASE_*: the epoch; NODE_*, SESSION_*: the session; *_REFUSED: how many */
    uint32_t shard;
    /* LEASE_*: the registry; NODE_*, SESSION_*, CONFIG_DIFFERS, DIAL_REFUSED: the node;
     * AUTH_REFUSED: the address; STORE_*: the store */
    char subject[SHM_NAME_MAX + 1];
    /* ACTOR_STOPPED, DOWN, EXIT: of the reason that is other, or empty. Of nodes: why, or
     * of DIAL_REFUSED the address */
    char words[SHM_WORDS];
    char actor_name[SHM_NAME_MAX + 1], other_name[SHM_NAME_MAX + 1]; /* "": anonymous or none */
    char message[SHM_NAME_MAX + 1]; /* "credit"; "" where not known */
    char contract[SHM_NAME_MAX + 1];
};

struct sup_ring {
    struct sup_event *event;
    uint32_t room;
    uint64_t count; /* ever */
};

struct sup_events {
    struct sup_ring workers, actors, nodes, letters;
    uint64_t seq;          /* of the newest event */
    uint64_t letters_ever; /* those included that were overwritten before they were seen */
    uint64_t events_taken[SHM_SLOTS], letters_taken[SHM_SLOTS]; /* of each slot's rings */
    char words[SHM_SLOTS][SHM_WORDS_PARTS][SHM_WORDS]; /* of each slot, for the next event */
    uint32_t added[SHM_SLOTS];   /* letters that none of its processes has written */
    uint32_t unheard[SHM_SLOTS]; /* for its listeners, left out since the last notice to it */
    void (*hook)(void *ctx);
    void *ctx;
    struct sup_timer timer;
};

const char *sup_what_name(enum sup_what what);

/* Calls fn for each event with a seq above `seq` that is still kept, oldest first, until it returns
 * non-zero; returns that. Letters: the same for dead letters (what == SUP_DEADLETTER). Looks into
 * the slots' rings first, so what is committed by now is there. */
typedef int sup_event_fn(void *ctx, const struct sup_event *event);
int sup_event_since(struct sup *sup, uint64_t seq, sup_event_fn *fn, void *ctx);
int sup_letter_since(struct sup *sup, uint64_t seq, sup_event_fn *fn, void *ctx);
/* Dead letters ever. */
uint64_t sup_letter_count(struct sup *sup);
/* fn(ctx) is called when an event or a dead letter has come; NULL: nobody. Dead letters are events
 * too. */
void sup_event_hook(struct sup *sup, void (*fn)(void *ctx), void *ctx);

/* ---- for the supervisor's own files ---- */

/* The next one of a ring, zeroed but for its number. */
struct sup_event *sup_ring_next(struct sup_ring *ring, uint64_t seq);
int sup_events_open(struct sup *sup, const struct sup_config *config);
void sup_events_close(struct sup *sup);
/* From now on looks into the slots' rings by itself. */
void sup_events_start(struct sup *sup);
/* A new event of this slot with the time set, to be filled; then sup_event_done. */
struct sup_event *sup_event_add(struct sup *sup, enum sup_what what, const struct sup_slot *slot);
void sup_event_done(struct sup *sup);
/* A dead letter of a slot that no process of it has written; then sup_event_done. Of a slot as many
 * are shown as its own ring has room for, the rest is counted. */
void sup_letter_add(struct sup *sup, uint32_t slot, const struct shm_event *letter);
/* Takes what is new in the ring of a slot, or of all. */
void sup_events_collect(struct sup *sup, uint32_t slot);
void sup_events_collect_all(struct sup *sup);
/* The slot's rings begin at 0 again. */
void sup_events_reset(struct sup *sup, uint32_t slot);

#endif
