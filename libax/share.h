/* SPDX-License-Identifier: MIT */
/* libax/share.h - how much of this worker's memory another slot may take up. */
#ifndef LIBAX_SHARE_H
#define LIBAX_SHARE_H

#include "libax/worker.h"

/* May a slot set up one more monitor or link to actors here? */
bool share_of_records(struct worker *w, uint32_t slot);
/* May it ask for one more answer, while earlier ones wait for room in its lane? */
bool share_of_answers(struct worker *w, uint32_t slot);
/* May it put one more signal or down into that mailbox? */
bool share_of_mail(struct worker *w, uint32_t actor);

#endif
