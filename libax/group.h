/* SPDX-License-Identifier: MIT */
/* libax/group.h - memberships in groups. */
#ifndef LIBAX_GROUP_H
#define LIBAX_GROUP_H

#include "libax/worker.h"

/* After the commit, or when nothing is open: the table shows what the actor is in. */
void groups_publish(struct worker *w, uint32_t actor);
/* In the open turn, when the actor ends. */
void groups_leave(struct worker *w, uint32_t actor);
bool groups_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);
/* After a recovery: the table is made to agree with what actors have. */
void groups_revive(struct worker *w);

#endif
