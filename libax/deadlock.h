/* SPDX-License-Identifier: MIT */
/* libax/deadlock.h - who would wait for himself. */
#ifndef LIBAX_DEADLOCK_H
#define LIBAX_DEADLOCK_H

#include "libax/worker.h"

/* Would waiting for the local actor wait for ourselves? Follows who waits for whom in this worker,
 * and logs the chain. */
bool deadlock(struct ax_ctx *ctx, uint32_t local);
/* A strand has waited in vain. Does it wait for itself, over whichever workers? Logs the chain. */
bool deadlock_found(struct worker *w, struct strand *strand, uint64_t target);
/* Others may see now on whom the strand waits. */
void deadlock_show(struct worker *w, struct strand *strand, uint64_t target);
/* Its wait is over. */
void deadlock_hide(struct worker *w, struct strand *strand);

#endif
