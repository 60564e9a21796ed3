/* SPDX-License-Identifier: MIT */
/* libax/event.h - what axsup shows: events and dead letters, in rings of private memory. */
#ifndef LIBAX_EVENT_H
#define LIBAX_EVENT_H

#include "libax/worker.h"

/* In the open turn: the next record of the event ring, filled but for what is special to it. */
struct shm_event *event_next(struct worker *w, uint8_t what, uint32_t actor);
/* The same for the ring of dead letters. */
struct shm_letter *letter_next(struct worker *w, int error);
/* In the open turn: `frame` will not be handled. */
void dead_letter(struct worker *w, const struct shm_frame *frame, int error);
/* The same for a signal, which is no message of a contract. */
void dead_signal(struct worker *w, const struct shm_frame *frame, int error);
/* The actor's name, or its ref where it has none, into `text` of SHM_NAME_MAX + 1 bytes. */
void actor_name(struct worker *w, uint32_t actor, char *text);
/* One line on standard error. */
void worker_log(struct worker *w, enum ax_level level, const char *who, const char *text);

#endif
