/* SPDX-License-Identifier: MIT */
/* stop.h - the ordered end of the system, and restarts by hand.
 *
 * Workers stop in reverse order, the next one when the one before is gone: told to drain and run
 * on_stop first; at the one deadline all that is left gets SIGTERM, a tenth of the time later (at
 * most 500 ms) SIGKILL. What was left is said. */
#ifndef SUP_STOP_H
#define SUP_STOP_H

#include "axsup/loop.h"

struct sup;
struct sup_slot;

enum sup_stop_phase { SUP_STOP_NO, SUP_STOP_ASKED, SUP_STOP_TERM, SUP_STOP_KILL };

struct sup_stop {
    enum sup_stop_phase phase;
    uint32_t slot;   /* the one told last; 0: all are gone */
    uint32_t killed; /* workers that did not end by themselves */
    uint64_t left;   /* messages that were left */
    uint64_t grace;  /* between SIGTERM and SIGKILL, ns */
    struct sup_timer timer;
};

/* A slot has no process any more; goes on with the stop. */
void sup_stop_gone(struct sup *sup, struct sup_slot *slot, bool clean);
/* Prepares the timer of a restart by hand. */
void sup_stop_init_slot(struct sup_slot *slot);

#endif
