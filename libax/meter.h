/* SPDX-License-Identifier: MIT */
/* libax/meter.h - measuring, as shm/meter.h says, and what slow messages are warned by.
 *
 * All of it that stands in the way of a message is here: a word of axsup's that is compared at the
 * end of each turn, a countdown to the next sample, and whether there is one. */
#ifndef LIBAX_METER_H
#define LIBAX_METER_H

#include "libax/worker.h"

#define METER_HOOK UINT16_MAX /* in place of a message's number */
#define METER_EVENT 0xfffeu   /* a down, a reply, a notice */

void meter_open(struct worker *w);
/* What is measured of an actor begins anew. */
void meter_born(struct worker *w, uint32_t actor);
/* What is counted in turns is shown as it is. */
void meter_revive(struct worker *w, uint32_t actor);

/* The name of a message, "a hook", "an event"; static. */
const char *meter_name(struct worker *w, uint32_t actor, uint32_t method);

/* For the functions below. */
void meter_tick(struct worker *w, uint32_t actor, uint32_t method);
void meter_sample_begin(struct worker *w, uint32_t actor);
void meter_sample_end(struct worker *w);
void meter_probe_place(struct worker *w, uint32_t actor);
void meter_probe_meet(struct worker *w, uint32_t actor);

/* Is it time to look? */
static inline bool meter_due(const struct worker *w)
{
    return shm_load(w->meter.ticks) != w->meter.seen;
}

/* What ends now took the time since the last look: nobody's, where `actor` is 0. No turn may be
 * open where `actor` is not. */
static inline void meter_look(struct worker *w, uint32_t actor, uint32_t method)
{
    if (shm_unlikely(meter_due(w)))
        meter_tick(w, actor, method);
}

/* The clock has just been read after a time in which nothing was done. */
static inline void meter_rested(struct worker *w)
{
    w->meter.seen = shm_load(w->meter.ticks);
    w->meter.since = w->now;
}

/* A message of the actor begins; it is at the head. */
static inline void meter_begin(struct worker *w, uint32_t actor)
{
    if (shm_unlikely(w->meter.probe == actor))
        meter_probe_meet(w, actor);
    if (shm_unlikely(w->meter.until_sample-- == 0))
        meter_sample_begin(w, actor);
}

/* It has ended, or it awaits. */
static inline void meter_end(struct worker *w)
{
    if (shm_unlikely(w->meter.sampled_at != 0))
        meter_sample_end(w);
}

/* The actor has done something, or something has happened to it. */
static inline void meter_active(struct worker *w, uint32_t actor)
{
    struct shm_meter *meter = &w->port.meters[actor];
    shm_store(&meter->active_at, w->hundredths);
    shm_store(&meter->handled, w->port.actors[actor].mail.handled);
}

/* A message has been appended to the actor's mailbox. Mostly it is handled in this round of the
 * loop, and then that is when something happened. */
static inline void meter_sent(struct worker *w, uint32_t actor)
{
    const struct shm_actor *target = &w->port.actors[actor];
    if (shm_unlikely(w->meter.want_probe))
        meter_probe_place(w, actor);
    if (shm_unlikely(target->suspended || target->state != SHM_LIVE))
        meter_active(w, actor);
}

#endif
