/* SPDX-License-Identifier: MIT */
/* libax/watch.h - both sides of a monitor. */
#ifndef LIBAX_WATCH_H
#define LIBAX_WATCH_H

#include "libax/worker.h"

/* In the open turn: the incarnation of `actor` before the present one has ended for `reason`. Tells
 * its watchers; watch_catch_up tells those for whom this turn has no room. */
void watch_tell(struct worker *w, uint32_t actor, uint8_t reason);
/* Turns of its own: whoever watches `actor` is told of each end that he has not been told of, those
 * by the death of the process included. False: not now, for lack of memory. */
bool watch_catch_up(struct worker *w, uint32_t actor);
/* In the open turn: `actor` is gone. Tells its watchers, withdraws its own monitors, and empties
 * both lists. 0; AX_E_LIMIT: the turn is full, AX_E_NO_MEMORY: not now. What was done is done. */
int watch_end(struct worker *w, uint32_t actor, const struct shm_down_body *body);

/* In the open turn: `watcher`, of another slot, watches `actor` from now on. 0, AX_E_NO_MEMORY,
 * AX_E_LIMIT: then the turn is to be undone. */
int watch_add(struct worker *w, uint32_t actor, uint64_t watcher, uint64_t id, bool final);
/* In the open turn: nothing comes of the monitor or the link that the frame asks for. */
int watch_refuse(struct worker *w, const struct shm_frame *frame, uint8_t reason);
/* The reason where an actor of a slot is not there, as far as is known: whom those of the gateway
 * stood for may live. */
uint8_t watch_gone(const struct worker *w, uint32_t slot);
void watch_remove(struct worker *w, uint32_t actor, uint64_t watcher, uint64_t name);
/* In the open turn: a down or exit that another slot has sent to the record, NULL: there is none.
 * Where it is not on who ended it is dropped. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int watch_deliver(struct worker *w, struct shm_watch *watch, const struct shm_down_body *body);
/* Will no process ever be in that slot again? */
bool slot_gone(const struct worker *w, uint32_t slot);
/* In the open turn: into the mailbox of the record's own actor. The same outcomes. */
int watch_tell_owner(struct worker *w, struct shm_watch *watch, const struct shm_down_body *body);

/* ---- watch_far.c: between slots ---- */

/* What an actor says when it asks another slot for the other side of a link, or has been asked. */
struct shm_since_body since_now(struct worker *w, const struct shm_watch *record);
/* In the open turn: tells the asker's side of this record that it is known here from now on.
 * 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int watch_say_since(struct worker *w, const struct shm_watch *watch);
/* The peer of this record knows of it since then. */
void watch_is_known(struct shm_watch *watch, struct shm_since_body since);
/* In the open turn: that comes from the slot of the peer. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int watch_since(struct worker *w, uint32_t slot, const struct shm_frame *frame);
/* A process died: its actors' watchers here are told, each once, in turns of its own. False: no
 * memory for all of them now. */
bool watch_slot_down(struct worker *w, const struct shm_slot_down_body *body);
/* In the open turn: all that it wants done is done. */
void watch_note_death(struct worker *w, const struct shm_slot_down_body *body);
/* In the open turn: is the down or exit in a mailbox still wanted? Its last one ends the record. */
bool watch_fire(struct worker *w, uint32_t actor, uint8_t kind, const struct shm_frame *frame);

/* After a recovery: queues an actor where its watchers are to be told. */
void watch_revive(struct worker *w, uint32_t actor);
bool watch_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);
/* After a recovery: no watcher has been told of an end that never was. */
bool watch_adds_up(struct worker *w, uint32_t actor);

#endif
