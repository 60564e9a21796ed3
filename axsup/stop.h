/* SPDX-License-Identifier: MIT */
/* stop.h - the ordered end of the system, and restarts by hand.
 *
 * A node of a cluster first hands its shards over (DRAIN), for which it has half of the time: the
 * gateway is asked to, and whatever comes of that, the workers stop then.
 *
 * Workers stop in reverse order, the next one when the one before is gone: told to drain and run
 * on_stop. Each has an equal share of the time that is left when it is told; at its end it gets
 * SIGTERM, a tenth of the share later (10 to 500 ms) SIGKILL, and the next one is told. At the
 * deadline all that is left gets SIGTERM, and SIGKILL after a tenth of the whole time. What was
 * left is said, and its messages are dead letters. */
#ifndef SUP_STOP_H
#define SUP_STOP_H

#include "axsup/loop.h"

struct sup;
struct sup_slot;

enum sup_stop_phase { SUP_STOP_NO, SUP_STOP_DRAIN, SUP_STOP_ASKED, SUP_STOP_TERM, SUP_STOP_KILL };

struct sup_stop {
    enum sup_stop_phase phase;
    bool now;        /* without the mail that waits */
    bool failed;     /* axsup ends with an error whatever comes of it */
    uint32_t slot;   /* the one told last; 0: all are gone */
    uint64_t share;  /* ns that it has; 0: it has no end of its own, or got SIGTERM at it */
    uint32_t killed; /* workers that did not end by themselves */
    uint64_t left;   /* messages that were left */
    uint64_t grace;  /* between SIGTERM and SIGKILL, ns */
    struct sup_timer timer;
    struct sup_timer drained; /* for what comes after DRAIN */
};

/* A slot has no process any more; goes on with the stop. */
void sup_stop_gone(struct sup *sup, struct sup_slot *slot, bool clean);
/* From SIGTERM to SIGKILL, where a stop of the system has so much time. */
uint64_t sup_stop_grace(uint64_t time_ns);
/* Prepares the timer of a restart by hand. */
void sup_stop_init_slot(struct sup_slot *slot);

#endif
