/* SPDX-License-Identifier: MIT */
/* What the parts of the every-instruction test share. */
#ifndef STEP_H
#define STEP_H

#include "probe.h"

#include "tests/lib/node.h"

#define STEP_ACTORS 3u /* configured: indexes 1..3 */
#define STEP_RECORDS 8u
#define STEP_FRAMES 64u
#define STEP_ASKER SHM_REF(NODE_PEER, 1, 1) /* who sends what a scenario sends */

struct seen_frame {
    uint8_t kind, slot, lane;
    uint16_t method;
    uint64_t to;    /* of a claim: who is to be named */
    uint64_t corr;  /* of answers to the scenario's questions */
    int64_t body;   /* its first word */
    uint64_t after; /* of a down or an exit: how much of the data lane goes before it */
};

struct seen { /* all that can be seen of a worker, and by whom it sends to */
    int64_t sum[STEP_RECORDS], turns[STEP_RECORDS], downs[STEP_RECORDS], replies[STEP_RECORDS],
        errors[STEP_RECORDS], failures[STEP_RECORDS];
    uint32_t gen[STEP_RECORDS];
    uint64_t handled[STEP_RECORDS];
    uint64_t entries[STEP_RECORDS], digest[STEP_RECORDS]; /* of kept maps */
    uint32_t saved[STEP_RECORDS];                         /* bytes of snapshots */
    uint8_t state[STEP_RECORDS];
    struct seen_frame frame[STEP_FRAMES]; /* lane by lane: between lanes there is no order */
    uint32_t nframes;
    uint32_t members;       /* shown in the table of memberships */
    uint32_t units;         /* of the arena, reached */
    uint64_t mail;          /* messages left */
    uint64_t events;        /* written so far */
    uint64_t starts, stops; /* of actors, among these */
    uint64_t letters;
    uint32_t deaths; /* of processes so far */
    bool settled;    /* it came to rest, and its memory adds up */
};

/* ---- seen.c ---- */

/* Plays axsup and the peer for the worker that runs in `node` until it rests; then ends it and
 * looks. Goes on from what was seen before. seen->settled. */
bool seen_finish(struct node *node, struct seen *seen);
/* What happens when the worker is parked for the first time, NULL: nothing. */
void seen_late(void (*late)(struct node *node));
/* Takes what the worker has sent; what happens late, if it is parked. False: nothing happened. */
bool seen_play(struct node *node, struct seen *seen);
/* Without the end: until nothing is left to do. False: it died, or does not rest. */
bool seen_settle(struct node *node, struct seen *seen);
/* It is parked and nothing is under way; what was sent to the played slots may be. */
bool seen_rests(const struct node *node);
/* The worker has published something that an open turn may still take back. */
bool seen_too_early(const struct node *node);
void seen_print(const char *what, const struct seen *seen);

/* ---- played.c ---- */

enum {                     /* actors of the peer, by index */
       PLAYED_ANSWERS = 1, /* questions; and it is gone when it is watched */
       PLAYED_STAYS = 2,   /* and keeps silent */
       PLAYED_FAILS = 3,   /* when it is watched, and then it is gone */
       PLAYED_NURSERY = 4, /* bears one child, PLAYED_STAYS */
};

/* Gives a name to somebody. */
void played_name(struct node *node, const char *name, uint64_t ref);
/* What the played slots do with a frame; `ctx` is a struct seen. */
void seen_take(void *ctx, struct node *node, uint32_t slot, uint32_t lane,
               const struct shm_frame *frame);

/* ---- scenarios ---- */

struct scenario {
    const char *name;
    void (*stimulus)(struct node *node);
    bool (*judge)(const struct seen *want, const struct seen *got);
    void (*before)(struct node *node); /* dealt with before the stepping begins */
    void (*late)(struct node *node);   /* happens when the worker rests for the first time */
    uint32_t flags;
    const char *first; /* contract of the first actor, NULL: "probe" as the others */
};

enum {
    STEP_ONCE = 1,     /* cannot be repeated on the same memory */
    STEP_FAULT = 2,    /* successors are told that the process died by its own doing */
    STEP_FIRST = 4,    /* starts from memory that nobody was in yet */
    STEP_ENDS = 8,     /* successors are told how the processes before them ended */
    STEP_DROP = 16,    /* a restart drops the mail */
    STEP_HIGH = 64,    /* mailboxes have watermarks: 3 and 1 */
    STEP_DRAIN = 128,  /* told to stop, they handle what they have */
    STEP_NEVER = 256,  /* a failure is the end */
    STEP_ALWAYS = 512, /* whoever stops by himself starts again */
    STEP_LARGE = 1024, /* their state is large: few of the moments within its copies are tried */
};

struct scenario_set {
    const struct scenario *rows;
    uint32_t count;
};

extern const struct scenario_set messages_scenarios, awaits_scenarios, lives_scenarios,
    watching_scenarios, maps_scenarios, ends_scenarios, far_scenarios, supervising_scenarios;

/* Prepares what the scenarios send to. */
void scenarios_open(struct node *node);

#endif
