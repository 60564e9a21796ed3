/* SPDX-License-Identifier: MIT */
/* reload.h - a plugin is loaded anew by hand, and the workers of its entry go over to it.
 *
 *      none ──exec──> loading ──the same contracts──> moving ──each worker runs it──> none
 *                        │                               a worker fails: told, the others go on
 *                        └── error, death, timeout, other contracts: told, the old one goes on
 *
 * It is loaded by another template beside the one that is there, so that nothing is given up for a
 * plugin that is of no use. The new process then takes the place of the old, and each worker in
 * turn ends its process as in a restart by hand, when the one before it runs: mail and kept state
 * go over. Which plugin a process has is told by its edition. */
#ifndef SUP_RELOAD_H
#define SUP_RELOAD_H

#include "axsup/loop.h"

struct sup;
struct sup_slot;
struct sup_template;

enum sup_reload_phase { SUP_RELOAD_NONE, SUP_RELOAD_LOADING, SUP_RELOAD_MOVING };

struct sup_reload {
    enum sup_reload_phase phase;
    struct sup_template *next; /* owned; in it the plugin is loaded. Kept for the next time */
    uint32_t slot;             /* MOVING: the worker whose turn it is */
    bool asked;                /* it has been told to restart */
    uint64_t since;            /* CLOCK_MONOTONIC ns */
    struct sup_timer timer;    /* MOVING: looks where it has got to */
    int error;                 /* of the last one; 0: all workers run the new plugin */
    char why[400];             /* where it is not */
};

/* Begins it. 0; AX_E_NOT_ALLOWED while one is under way; AX_E_SHUTTING_DOWN; -errno. How it went is
 * in `error` and `why` when the phase is none again; then the hook of events is called. */
int sup_reload(struct sup *sup, struct sup_template *template);
/* Something has happened to a worker: it runs, or has ended. */
void sup_reload_poke(struct sup_slot *slot);
/* Ends what is under way and frees what it has. */
void sup_reload_close(struct sup_template *template);

/* Compares what a template says of its plugin with what the one before it has said. 0: workers of
 * the one go on in the other. AX_E_WRONG_CONTRACT, AX_E_INVALID, -ENOMEM, with what is the matter
 * in `why`, as of a plugin: "has ...". */
int sup_reload_compare(const char *before, const char *text, size_t size, char *why, size_t room);

#endif
