/* SPDX-License-Identifier: MIT */
/* overlay/core/lease.h - one node's part in the lease of one shard, as a state machine.
 *
 *      FREE          this node does not have it
 *      ACQUIRING     asked for it
 *      HELD          has it, until the deadline
 *      RENEWING      has it, and has asked for more time
 *      INDETERMINATE an answer was lost: it is neither held for new work nor free; the store is
 *                    asked who has it
 *      DRAINING      has it, takes no new work, and will give it back
 *      RELEASING     works no more, and has given it back: until the store says so, or the deadline
 *      FENCED        had it, or may have had; all that runs under it must end
 *
 * The deadline counts from before the request was sent: whenever the store began to count, that
 * was later. It is on CLOCK_BOOTTIME, which goes on while the machine sleeps. What was read is
 * never a lease: a store that says that it is this node's is asked to renew it. Who waits for
 * another's lease to run out waits its whole ttl by the own clock, from when it was seen, unless it
 * is told that it was given back. */
#ifndef OV_LEASE_H
#define OV_LEASE_H

#include "overlay/core/lease_store.h"

enum ov_lease_state {
    OV_FREE,
    OV_ACQUIRING,
    OV_HELD,
    OV_RENEWING,
    OV_INDETERMINATE,
    OV_DRAINING,
    OV_RELEASING,
    OV_FENCED,
};

struct ov_lease_config { /* of all leases of a node */
    struct ov_ident self;
    uint64_t ttl_ns, margin_ns; /* the margin, less than half of the ttl, is for drift of clocks */
    uint64_t answer_ns;         /* an answer that takes longer is lost; not 0 */
    bool paused;                /* asks for no shard and for no more time; what it has runs out */
};

struct ov_lease {
    enum ov_lease_state state;
    char registry[OV_REGISTRY_MAX + 1];
    uint32_t shard;
    uint64_t epoch;      /* of this node's lease; 0: none. It is the fencing token */
    uint64_t floor;      /* the highest epoch that was seen of the shard */
    uint64_t last;       /* the last one that was gained here: it is not gained again */
    uint64_t released;   /* the last one of which another node says that it has given it back */
    uint64_t deadline;   /* no turn starts from here on; 0 where none may, as in FENCED */
    uint64_t wait_until; /* not to be asked for before */
    uint64_t pending;    /* number of the request that is under way, 0: none */
    uint64_t sent_at;    /* and when it was sent */
    bool reading;        /* and whether it only reads */
};

struct ov_lease_effect {
    bool send; /* `request` is to be sent; its number is the caller's next */
    bool gained, lost;
    bool released; /* the store has taken back what was given back: the epoch is `last` */
    struct ov_store_request request;
};

/* Each of these is an event at `now`; `number` is for the request that it may send, never used
 * before and not 0. */

/* Wants the shard: sends in FREE, when it need not wait, and does nothing otherwise. */
struct ov_lease_effect ov_lease_want(struct ov_lease *lease, const struct ov_lease_config *config,
                                     uint64_t now, uint64_t number);
/* An answer has come; one to an older request changes nothing. */
struct ov_lease_effect ov_lease_answer(struct ov_lease *lease, const struct ov_lease_config *config,
                                       uint64_t now, const struct ov_store_answer *answer,
                                       uint64_t number);
/* Time has passed: renews, gives up waiting for an answer, notices the deadline. */
struct ov_lease_effect ov_lease_tick(struct ov_lease *lease, const struct ov_lease_config *config,
                                     uint64_t now, uint64_t number);
/* When ov_lease_tick has something to do at the latest; UINT64_MAX: never, as things are. */
uint64_t ov_lease_next(const struct ov_lease *lease, const struct ov_lease_config *config);
/* Takes no new work from here on; from HELD and RENEWING. */
void ov_lease_drain(struct ov_lease *lease);
/* Nothing runs under it any more: gives it back from DRAINING; ends FENCED. */
struct ov_lease_effect ov_lease_stopped(struct ov_lease *lease,
                                        const struct ov_lease_config *config, uint64_t now,
                                        uint64_t number);
/* Whether a peer that shows this epoch is believed where that one is known. Epochs rise by one, or
 * to the seconds of the day where a store is new; one that is far beyond would leave none to come.
 */
#define OV_EPOCH_LEAP (1ull << 32)
bool ov_epoch_believed(uint64_t known, uint64_t shown);
/* A peer has shown an epoch of the shard. A higher one than this node's fences it. */
struct ov_lease_effect ov_lease_saw(struct ov_lease *lease, uint64_t epoch);
/* Another node has given it back, under that epoch: it is to be had at once, and if the answer to
 * what was asked before says otherwise, it is asked for once more. */
void ov_lease_released(struct ov_lease *lease, uint64_t epoch);
/* It may have been given back, and nobody has told this node. */
void ov_lease_ask_anew(struct ov_lease *lease);

/* Whether a turn may start at `now`: by new work, or by what is already there. */
bool ov_lease_may_begin(const struct ov_lease *lease, uint64_t now);
bool ov_lease_may_go_on(const struct ov_lease *lease, uint64_t now);

/* "held". */
const char *ov_lease_state_text(enum ov_lease_state state);

#endif
