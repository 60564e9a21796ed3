/* SPDX-License-Identifier: MIT */
/* libax/link.h - links, exits and kills. */
#ifndef LIBAX_LINK_H
#define LIBAX_LINK_H

#include "libax/worker.h"

/* In the open turn: what another slot says. Each 0, AX_E_NO_MEMORY or AX_E_LIMIT. */
int link_asked(struct worker *w, uint32_t slot, const struct shm_frame *frame);
void link_undone(struct worker *w, const struct shm_frame *frame);
int link_exit(struct worker *w, uint32_t slot, const struct shm_frame *frame);

/* In the open turn: drops a link, both sides where both are here. A twin that is left tells from
 * now on. */
void link_drop(struct worker *w, uint32_t unit);

/* An exit in hand: on_exit, or the end of the actor, or nothing. */
void exit_run(struct worker *w, struct ax_ctx *ctx, const struct shm_frame *frame);

/* In the open turn: ends an actor at once, on_stop not called. */
void actor_kill(struct worker *w, uint32_t actor);
/* It was told to die while its handler awaits. */
static inline bool actor_killed(const struct worker *w, uint32_t actor)
{
    const struct shm_actor *at = &w->port.actors[actor];
    return at->suspended && at->flags & SHM_STOPPING && w->port.cold[actor].reason == SHM_KILLED &&
           !(at->flags & SHM_STARTED);
}

#endif
