/* SPDX-License-Identifier: MIT */
/* libax/drain.h - from lanes into mailboxes. */
#ifndef LIBAX_DRAIN_H
#define LIBAX_DRAIN_H

#include "libax/worker.h"

/* Takes up to `budget` frames from each lane that may have some, control first. How many. */
uint32_t drain_lanes(struct worker *w, uint32_t budget);

#endif
