/* SPDX-License-Identifier: MIT */
/* libax/life.h - the lives of actors: spawn, start, restart, stop, end. */
#ifndef LIBAX_LIFE_H
#define LIBAX_LIFE_H

#include "libax/turn.h"
#include "libax/worker.h"

/* An actor's own memory in this process: kept state is loaded from the arena, fresh state zeroed.
 * 0 or -ENOMEM. */
int self_open(struct worker *w, uint32_t actor);
void self_close(struct worker *w, uint32_t actor);
/* Writes changed kept state to the half that is not current, and makes it current with the turn. */
void kept_write(struct worker *w, uint32_t actor);
static inline void kept_save(struct worker *w, uint32_t actor)
{
    if (actor_at(w, actor)->kept != 0)
        kept_write(w, actor);
}

bool is_kept(const struct ax_actor_type *type);
/* Units of the arena that the kept state of an actor takes. */
uint32_t kept_units(const struct ax_actor_type *type);
/* In the open turn: a block for kept state, all zero. 0 or AX_E_NO_MEMORY. */
int kept_new(struct worker *w, struct shm_actor *actor, const struct ax_actor_type *type);
void kept_give(struct worker *w, uint32_t actor);
/* Marks what an actor has in the arena, for shm_recover. */
bool actor_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

/* Runs what an actor has to do before its messages: hooks, restarts, its end. False: no message is
 * to be handled now. */
bool actor_prepare(struct worker *w, uint32_t actor);
/* Its turn failed and is undone, or its process died, of which its watchers are told: the message
 * at `first` (0: none) is consumed, the actor restarts or ends. */
enum failed { FAILED, FAILED_IN_RESTORE, DIED };
void actor_failed(struct worker *w, uint32_t actor, uint64_t first, const char *reason,
                  enum failed how);
/* In the open turn: ends its incarnation after the message in hand; the next begins with the next
 * message. */
void actor_retire(struct worker *w, uint32_t actor);
bool is_passive(const struct worker *w, uint32_t actor);
/* In the open turn: the actor is to end after the message in hand. */
void actor_stop(struct worker *w, uint32_t actor, uint8_t reason, uint8_t signal,
                enum ax_stop_reason stop);
/* Tells an actor anywhere in the node to end; as ax_stop_actor. */
int stop_actor(struct ax_ctx *ctx, struct ax_ref who, uint8_t reason);
/* The same, as another or the stop of the worker tells it to, which its policy does not undo. */
void actor_told(struct worker *w, uint32_t actor, uint8_t reason);
/* Turns of its own: the handler of a suspended actor will not go on; its message is over. */
void actor_cancel(struct worker *w, uint32_t actor);
/* In the open turn: consumes the message at the head unhandled: a dead letter, an error to who
 * asked. Where there is no memory for that now it is marked to be dropped later, and not handled in
 * any case. The number of a local strand that is to be told after the commit, 0: none. */
uint64_t message_drop(struct worker *w, uint32_t actor, uint64_t first, int error);
/* In the open turn: the tells and asks in the mailbox before place `until`, counted as mail.handled
 * is, are to be dropped. */
void drop_later(struct worker *w, uint32_t actor, uint64_t until);
/* Drops a message in a turn of its own. False: it is marked, but still there. */
bool actor_drop(struct worker *w, uint32_t actor, uint64_t first, int error);
/* In the open turn. `index` 0: any. 0, AX_E_LIMIT, AX_E_NO_MEMORY. */
int actor_spawn(struct worker *w, uint16_t type, const struct shm_policy *policy, uint32_t capacity,
                uint32_t index, uint32_t *out);
/* Holds a record for a spawn to come, its generation set; 0: none left. Volatile. */
uint32_t actor_reserve(struct worker *w);
/* Gives it back; nobody will ever be at its address. */
void actor_unreserve(struct worker *w, uint32_t index);
/* Puts a FREE record on the free list, unless it is still in the run queue. */
void free_record(struct worker *w, uint32_t index);
uint32_t actor_incarnation(struct worker *w, uint32_t actor);

/* In the open turn: counts a failure in the window of the policy; may the actor live on? */
bool charge(struct worker *w, uint32_t actor, const struct shm_policy *policy);
/* now + delay, or as late as there is. */
uint64_t restart_after(uint64_t now, uint64_t delay);
/* In the open turn: it may not. */
void end_failed(struct worker *w, uint32_t actor, uint8_t reason);
/* In the open turn: what is done to the suspect's message settles the suspicion. */
void acquit(struct worker *w, uint32_t actor);
/* The hook of an actor's next start, NULL: none. */
hook_fn *start_hook(const struct ax_actor_type *type, const struct shm_actor *actor);

/* What the config says of an actor; NULL where it was spawned by another. */
const struct boot_actor *actor_config(const struct worker *w, uint32_t actor);
/* Spawns the configured actors that are not there yet. 0 or why one could not be. */
int boot_actors(struct worker *w);
/* After a recovery: are the configured actors there or gone, and those still to be spawned free? */
bool boot_adds_up(struct worker *w);
/* After a recovery: deals with the message that was in hand, and with handlers that were
 * suspended; queues who has something to do. */
void actors_revive(struct worker *w);

void publish_later(struct worker *w, uint32_t actor);
void publish_now(struct worker *w, uint32_t actor);
static inline void publish_depth(struct worker *w, uint32_t actor)
{
    shm_store(&w->port.depth[actor], (uint32_t)shm_chain_depth(&w->port.actors[actor].mail));
}

#endif
