/* SPDX-License-Identifier: MIT */
/* libax/signal.h - exits that actors send to each other. */
#ifndef LIBAX_SIGNAL_H
#define LIBAX_SIGNAL_H

#include "libax/worker.h"

/* In the open turn: a signal from another slot for an actor here. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int signal_arrived(struct worker *w, uint32_t actor, const struct shm_frame *frame,
                   const struct shm_down_body *body);

/* In the open turn: an exit of reason shutdown, from the gateway, for an actor here. 0,
 * AX_E_NO_MEMORY, AX_E_LIMIT. */
int signal_shutdown(struct worker *w, uint32_t actor);

#endif
