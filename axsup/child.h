/* SPDX-License-Identifier: MIT */
/* child.h - a worker process from the order that a spare gets to its last status.
 *
 *      empty ──spare──> starting ──READY──> running
 *        ^                  │                  │ death futex or pidfd: the notice
 *        │                  v                  v
 *        └──backoff──── policy <──over── SLOT_DOWN told to all
 *
 * The notice is the fast half: read the status from /proc, name the suspect, decide, tell all
 * living slots. It comes from the death futex, before the kernel has taken down the address space.
 *
 * A successor may enter when it is over: no instruction of the old process will run in user mode
 * again, so nobody else can write to the segments. The kernel says so in /proc/PID/stat, and no
 * process can forge it: its first thread is exiting, and there is no other. Mostly that is so at
 * the notice. What is left then is a corpse, which the kernel takes down in its own time and axsup
 * reaps when its pidfd says so. Where other threads are left, or the corpse before has not been
 * reaped yet, it is over when the pidfd says so. */
#ifndef SUP_CHILD_H
#define SUP_CHILD_H

#include "axsup/hang.h"
#include "axsup/loop.h"
#include "axsup/supervision.h"
#include "shm/layout.h"

#include <sys/types.h>

struct sup;
struct sup_slot;
struct sup_spare;

struct sup_corpse { /* a process that is over and not reaped yet */
    pid_t pid;      /* 0: none */
    int pidfd;
    int stat; /* closed with it, when nobody waits: that takes some microseconds */
};

struct sup_child {
    int pidfd;        /* -1: no process */
    int stat;         /* /proc/PID/stat, opened beforehand; -1: none */
    int order_socket; /* it has got its order here; closed when it is ready; -1: closed */
    struct sup_op *futex;
    bool noticed;  /* its death is told to all */
    bool ordered;  /* waits for a process; its template forks or loads */
    bool crowded;  /* the fork was refused: it waits while there is a corpse */
    bool empty;    /* the next incarnation begins with empty memory */
    bool relane;   /* and this one, all else kept, with empty lanes */
    bool corrupt;  /* ended because of what it wrote into its lanes */
    bool stopping; /* told to stop, or signalled by a stop of the system */
    bool restart;  /* ended by hand or because of others, to be started again */
    bool hung;
    bool hopeless; /* its plugin was refused: the policy is not asked */
    enum sup_next next;
    uint64_t start_at;           /* CLOCK_MONOTONIC ns */
    uint64_t died_at;            /* the notice, CLOCK_MONOTONIC ns; 0: first start */
    uint64_t empty_by;           /* until when peers are waited for before memory is emptied */
    uint64_t left;               /* mail that a stopped worker said it leaves */
    bool untold;                 /* the end of the process before is not reported yet */
    bool fault;                  /* died by its own doing */
    uint32_t method;             /* of the message that was in hand; UINT32_MAX: not known */
    struct sup_hang hang;        /* the open turn that was seen */
    struct sup_timer timer;      /* waiting for peers before memory is emptied, or for memory */
    struct sup_timer hang_timer; /* the next look, or SIGKILL after SIGABRT */
    struct sup_timer stop_timer; /* of a restart by hand: SIGKILL */
    struct sup_corpse corpse;    /* of the process before this one */
    void *order;                 /* the next incarnation's, packed beforehand */
    size_t order_size;
    int *order_fds;
    uint32_t n_fds;
    bool ready_once;             /* this incarnation has said READY */
    uint32_t edition;            /* of the plugin that it has */
    uint32_t accused[SHM_SLOTS]; /* last incarnation of each slot whose lanes it complained of */
};

/* Prepares a slot whose memory and template are ready. 0 or -ENOMEM. */
int sup_child_init(struct sup_slot *slot);
void sup_child_deinit(struct sup_slot *slot);
/* Prepares its timer. */
void sup_birth_init(struct sup_slot *slot);
/* Orders the first or next incarnation, at once. */
void sup_child_start(struct sup_slot *slot);

/* The spare becomes the slot's process, and is a spare no more. -errno: it does not take the order,
 * and nothing has happened. */
int sup_child_enter(struct sup_slot *slot, struct sup_spare *spare);
/* The process that is waited for could not be made; `final`: nor will another one be. */
void sup_child_not_forked(struct sup_slot *slot, const char *why, bool final);
/* There is a process in the slot, or it waits for one. */
bool sup_child_exists(const struct sup_slot *slot);
/* From the hub. */
void sup_child_ready(struct sup_slot *slot, const struct shm_ready_body *body);
void sup_child_stopped(struct sup_slot *slot, const struct shm_stopped_body *body);
/* Its lanes hold what no worker writes: it is ended, the next one begins empty. */
void sup_child_corrupt(struct sup_slot *slot, const char *what);

/* Ends it where its memory is seen to be overwritten; called now and then. */
void sup_child_look(struct sup_slot *slot);

/* -errno. */
int sup_child_signal(struct sup_slot *slot, int signal);
/* Sets the state here and in shared memory. */
void sup_child_state(struct sup_slot *slot, enum shm_slot_state state);
/* "SIGSEGV" ... or "signal N" in `buffer`. */
const char *sup_signal_name(int signal, char buffer[32]);

#endif
