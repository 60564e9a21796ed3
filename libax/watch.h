/* SPDX-License-Identifier: MIT */
/* libax/watch.h - both sides of a monitor. */
#ifndef LIBAX_WATCH_H
#define LIBAX_WATCH_H

#include "libax/worker.h"

/* In the open turn, which may be committed and begun again where there are very many: tells every
 * watcher of `actor` that an incarnation ended. */
void watch_tell(struct worker *w, uint32_t actor, const struct shm_down_body *body);
/* `watcher` watches `actor` from now on. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int watch_add(struct worker *w, uint32_t actor, uint64_t watcher, uint64_t id);
void watch_remove(struct worker *w, uint32_t actor, uint64_t watcher, uint64_t id);
/* In the open turn: the watcher has been told that this incarnation of another slot's actor ended.
 */
void watch_told(struct worker *w, uint32_t actor, uint64_t id, uint32_t incarnation);
/* A process died: its actors' watchers here are told, each once, in turns of its own. False: no
 * memory for all of them now. */
bool watch_slot_down(struct worker *w, const struct shm_slot_down_body *body);
/* In the open turn: is monitor `id` of `actor`, on `who`, still wanted? A final one is used up. */
bool watch_fire(struct worker *w, uint32_t actor, uint64_t id, uint64_t who, bool final);
/* In the open turn: frees both lists of an actor that ends. */
void watch_clear(struct worker *w, uint32_t actor);
/* Counts an actor's monitors on other slots; after a recovery. */
void watch_count(struct worker *w, uint32_t actor);
bool watch_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

#endif
