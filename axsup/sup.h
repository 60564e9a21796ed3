/* SPDX-License-Identifier: MIT */
/* sup.h - the supervisor as a whole: what it knows, and what may be asked of it.
 *
 * One thread, one io_uring loop (loop.h). axsup is slot 0; slots 1..n are worker processes in the
 * order of the config. Each entry of the config has a template process that has loaded the plugin
 * and forks the incarnations of the entry's workers (template.h, child.h).
 *
 * Everything here belongs to that thread. Functions return 0, -errno or AX_E_*; none suspends. */
#ifndef SUP_SUP_H
#define SUP_SUP_H

#include "axsup/child.h"
#include "axsup/cluster.h"
#include "axsup/config.h"
#include "axsup/event.h"
#include "axsup/hub.h"
#include "axsup/listen.h"
#include "axsup/loop.h"
#include "axsup/memory.h"
#include "axsup/rundir.h"
#include "axsup/stop.h"
#include "axsup/supervision.h"
#include "axsup/template.h"
#include "libax/boot.h"

#include <ax/actor.h>
#include <signal.h>

struct sup_exit { /* how an incarnation of a worker ended */
    uint64_t at;  /* CLOCK_REALTIME ns; 0: none has ended yet */
    uint32_t incarnation;
    uint8_t reason; /* enum shm_reason */
    uint8_t signal; /* 0: none */
    uint8_t code;   /* exit status of a process that ended without a signal */
    bool hung;
    bool will_restart;
    uint64_t suspect; /* address of the actor whose message was in hand, 0: none */
    char suspect_name[SHM_NAME_MAX + 1];
    char message[SHM_NAME_MAX + 1]; /* that message's name, "" where not known */
    uint64_t lost;                  /* messages given up because memory did not add up */
    char why[160];                  /* no process could be started; "" where there was one */
};

struct sup_slot {
    struct sup *sup;
    char name[64];                          /* "counting/0"; "axsup" in slot 0 */
    uint32_t number;                        /* of the slot */
    uint32_t count;                         /* which process of its entry, from 0 */
    const struct sup_worker_config *config; /* NULL in slot 0 */
    struct sup_template *template;
    struct sup_memory memory; /* segments, mappings, descriptors */

    enum shm_slot_state state; /* the copy in shared memory follows it */
    pid_t pid;                 /* 0: no process */
    uint32_t incarnation;      /* processes started so far */
    uint32_t epoch;            /* grows each time the slot starts empty */
    bool been_ready;           /* one of its processes was */
    uint32_t restarts;         /* ever, those asked for by hand included */
    uint64_t started_at;       /* CLOCK_MONOTONIC ns, of this incarnation */
    struct sup_exit last_exit;
    struct boot_end ends[BOOT_ENDS]; /* of its processes, the last one first */

    uint32_t names;            /* entries of the table that are this slot's, also stale ones */
    uint64_t names_sweep_at;   /* not before are stale ones looked for, CLOCK_MONOTONIC ns */
    uint32_t *configured;      /* the entries of its configured actors */
    uint32_t configured_epoch; /* of which they are, + 1; 0: none yet */

    struct sup_restarts counted; /* within its limits */
    struct sup_child child;      /* the process and the order for the next one */
};

struct sup {
    const struct sup_config *config;
    struct sup_loop loop;
    struct sup_hub hub;
    struct sup_events events;
    struct sup_timer tick;
    struct sup_template *templates; /* one an entry of the config */
    uint32_t n_templates;
    struct sup_slot *slots; /* slots[0] is axsup */
    uint32_t n_slots;       /* axsup included */
    uint64_t started_at;    /* CLOCK_MONOTONIC ns */
    struct sup_rundir rundir;
    struct sup_listeners listeners;
    struct sup_cluster cluster;
    struct sup_supervision supervision;
    struct sup_stop stop;
    int signals;   /* signalfd of SIGINT, SIGTERM and SIGHUP; -1: none */
    sigset_t mask; /* the signals that were blocked before */
    int result;    /* of sup_run */
};

/* ---- life ---- */

/* Builds everything short of starting workers: run directory, shared memory, templates with their
 * plugins loaded. `config` must outlive the result. AX_E_INVALID with mistakes added to `errors`
 * where the config is at fault (a plugin that does not load, a run directory in use ...), all of
 * them; AX_E_CANCELED where SIGINT, SIGTERM or SIGHUP came meanwhile, which are blocked until
 * sup_free; else what failed was told through sup_log. On failure nothing is left behind and *out
 * is NULL. Blocks. */
int sup_new(struct sup **out, const struct sup_config *config, struct sup_config_errors *errors);

/* Starts the workers and runs the loop until a stop is complete; for_ns UINT64_MAX: until asked
 * to. 0: all stopped cleanly; AX_E_CANCELED: some had to be killed; -errno. Blocks. */
int sup_run(struct sup *sup, uint64_t for_ns);

/* Asks for the stop of the whole system: workers end in reverse order, with one deadline. `now`:
 * they leave the mail that waits; also while they are stopping. */
void sup_request_stop(struct sup *sup, bool now);

/* Kills what still runs, frees all. Takes NULL; returns NULL. */
struct sup *sup_free(struct sup *sup);

/* Loads every plugin in a template, checks the contracts that the config names, ends the templates.
 * 0, AX_E_INVALID with mistakes added to `errors`, -errno. Blocks. */
int sup_check_plugins(const struct sup_config *config, struct sup_config_errors *errors);

/* Where log lines go: one line of text without its end. The default writes to standard error. */
typedef void sup_log_fn(enum ax_level level, const char *text);
void sup_log_to(sup_log_fn *log);
void sup_log(enum ax_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- workers ---- */

/* The slot of that name: "counting/0", or "counting" where the entry has one process. NULL: none.
 */
struct sup_slot *sup_slot_find(struct sup *sup, const char *name);
/* "starting", "running" ... as in `status`; static. */
const char *sup_slot_state_name(enum shm_slot_state state);
/* Whether the slot's first start has come to an end: by a process that is ready, or in vain. */
static inline bool sup_slot_begun(const struct sup_slot *slot)
{
    return slot->been_ready || slot->state == SHM_SLOT_STOPPED || slot->state == SHM_SLOT_FAILED;
}

/* Whether it has failed or stopped, and nothing but an order will start it again. */
static inline bool sup_slot_is_over(const struct sup_slot *slot)
{
    return (slot->state == SHM_SLOT_FAILED || slot->state == SHM_SLOT_STOPPED) &&
           !sup_child_exists(slot) && slot->child.timer.at == 0;
}

/* 0, AX_E_NO_ACTOR where the slot has no process, -errno. */
int sup_kill(struct sup *sup, uint32_t slot, int signal);
/* Ends the process of the worker and starts another; mail and kept state stay. A failed or stopped
 * one is started. Not counted against its limit of restarts. AX_E_SHUTTING_DOWN, AX_E_NOT_ALLOWED
 * while it starts or is being restarted already. */
int sup_restart(struct sup *sup, uint32_t slot);
/* Messages in all mailboxes of a slot, as its directory says. */
uint64_t sup_slot_mail(const struct sup *sup, uint32_t slot);
/* Replies to asks that had been given up, so far. */
uint64_t sup_slot_late(const struct sup *sup, uint32_t slot);
uint32_t sup_slot_actors(const struct sup *sup, uint32_t slot);
/* Bytes of its arena that are in use, as its process last said, and the most that it may grow to.
 */
uint64_t sup_slot_arena(const struct sup *sup, uint32_t slot, uint64_t *limit);
/* Messages handled by the slot so far, by all its processes; coarse. */
uint64_t sup_slot_turns(const struct sup *sup, uint32_t slot);

/* ---- actors ---- */

struct sup_actor { /* what can be seen of an actor from outside; untrusted numbers, checked names */
    uint64_t ref;
    char name[SHM_NAME_MAX + 1];         /* "" for an anonymous one */
    const struct ax_contract *contract;  /* NULL where not known */
    const struct ax_layout *kept;        /* its kept state, NULL: fresh */
    const char (*maps)[AX_NAME_MAX + 1]; /* names of its kept maps */
    uint32_t n_maps;
    uint32_t slot;
    uint8_t state;        /* enum shm_actor_state */
    bool suspended;       /* in an await */
    bool passive;         /* it waits for its next message to start it */
    uint32_t incarnation; /* from 1, restarts of actor and process together */
    uint32_t mail, control_mail, capacity, failures, restarts, slow;
    bool in_hand;        /* a message of it is being handled, or awaits */
    uint64_t waits_on;   /* whom it has been waiting for a while, 0: nobody that is known */
    uint64_t turns;      /* messages handled */
    uint64_t idle_ns;    /* since it last finished work, 0: it has some */
    uint64_t silence_ns; /* since anything happened to it */
    uint64_t busy_ns;    /* in all, by samples */
};

/* "free", "live" ... ; static. The second: as it is shown, "suspended" where it awaits, "passive"
 * where it waits for its next message, "down" or "failed" where its worker does not run. */
const char *sup_actor_state_name(uint8_t state);
const char *sup_actor_shown_state(const struct sup *sup, const struct sup_actor *actor);
/* By name, or by "slot.index.generation". 0, AX_E_NO_ACTOR. Both results may be asked for with
 * NULL; the contract lives as long as sup and may be NULL where it is not known. */
int sup_actor_lookup(struct sup *sup, const char *who, uint64_t *ref,
                     const struct ax_contract **contract);
/* AX_E_NO_ACTOR where nobody has this address. */
int sup_actor_info(struct sup *sup, uint64_t ref, struct sup_actor *out);
/* Calls fn for each actor of a slot, in order of index, until it returns non-zero; returns that. */
int sup_actors(struct sup *sup, uint32_t slot, int (*fn)(void *ctx, const struct sup_actor *actor),
               void *ctx);
/* Copies the committed kept state (an image of `kept`). *size: room, then bytes. AX_E_NO_ACTOR,
 * AX_E_NOT_ALLOWED where it keeps none, AX_E_TOO_BIG, AX_E_TIMEOUT where it changes too fast. */
int sup_actor_state(struct sup *sup, uint64_t ref, void *buf, size_t *size);
/* The name of whoever has or had this address, "" for none, and the contract, NULL where not known:
 * for reports on those that are gone. */
const struct ax_contract *sup_record_names(const struct sup *sup, uint64_t ref,
                                           char name[SHM_NAME_MAX + 1]);
/* The contract with that hash or name in any plugin, or NULL. */
const struct ax_contract *sup_contract_by_hash(const struct sup *sup, uint64_t hash);
const struct ax_contract *sup_contract_by_name(const struct sup *sup, const char *name);

#endif
