/* SPDX-License-Identifier: MIT */
/* libax/turn.h - handlers as turns, strands, and the run queue. */
#ifndef LIBAX_TURN_H
#define LIBAX_TURN_H

#include "libax/worker.h"

static inline void runq_append(struct worker *w, uint32_t index)
{
    struct shm_actor *actor = actor_at(w, index);
    if (actor->next_run != 0)
        return;
    actor->next_run = RUN_END;
    if (w->run_last != 0)
        actor_at(w, w->run_last)->next_run = index;
    else
        w->run_first = index;
    w->run_last = index;
}

/* One that waits takes no message; but an order it does, and may be killed. */
static inline void runq_push(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    if (!actor->suspended || actor->flags & SHM_STOPPING)
        runq_append(w, index);
}

/* Runs up to `actors` ready actors, `messages` of each. How many messages were handled. */
uint32_t run_actors(struct worker *w, uint32_t actors, uint32_t messages);

/* Commits the open turn and publishes what became visible. */
void publish_all(struct worker *w);
static inline void turn_commit(struct worker *w)
{
    shm_turn_commit(&w->port);
    if (shm_unlikely((w->npublish | w->io_touched | w->unsettled) != 0))
        publish_all(w);
}

/* Takes it back. */
void turn_undo(struct worker *w);
/* Ends the turn of the current handler in the middle of it, and begins the next. */
void turn_pause(struct worker *w);
void turn_continue(struct worker *w);
/* The same with a suspension between: parks the strand until it is resumed. */
void turn_suspend(struct worker *w);
/* On another strand: ends the turn of the durable actor that has left. */
void turn_left(struct worker *w);

/* The context of the current strand, for that actor and no message. */
struct ax_ctx *ctx_enter(struct worker *w, uint32_t actor);

/* Runs a hook of an actor as a turn of its own. */
typedef void hook_fn(struct ax_ctx *ctx, void *self);
void run_hook(struct worker *w, uint32_t actor, hook_fn *hook, uint8_t sets, uint8_t clears);

/* In the open turn, after a message was consumed: the actor may be below its low watermark, and is
 * under no suspicion. */
void actor_relax(struct worker *w, uint32_t actor);

/* Frees what the last handler on a strand left. */
void ctx_release(struct ax_ctx *ctx);

int strands_open(struct worker *w);
/* Before the loop runs: the strand of that number, which nobody uses then, made where there is none
 * yet. NULL: no memory, or its place is taken. */
struct strand *strand_claim(struct worker *w, uint32_t number);
/* It was not needed. */
void strand_unclaim(struct worker *w, struct strand *strand);
/* Is its stack where every process of the template has it? */
bool strand_placed(const struct strand *strand);
struct strand *strand_free(struct strand *strand);
/* May the current strand suspend: is there, or could be made, one to go on with the loop, and one
 * more should a handler fail? */
bool strand_spare_slow(struct worker *w);
static inline bool strand_spare(struct worker *w)
{
    return shm_likely(w->idle != NULL && w->idle->fiber.next != NULL) || strand_spare_slow(w);
}
/* Parks the current strand and runs the loop on another; returns when it is resumed. */
void strand_suspend(struct worker *w);
void strand_push(struct strand_queue *queue, struct strand *strand);
struct strand *strand_pop(struct strand_queue *queue);
/* It goes on when strands_resume comes to it. */
static inline void strand_ready(struct worker *w, struct strand *strand)
{
    strand->waits_on = 0;
    strand_push(&w->ready, strand);
}
/* Goes on with every strand whose wait is over. How many there were. */
uint32_t strands_resume(struct worker *w);
/* Drops the strand of a suspended actor with all that is on its stack. */
void strand_drop(struct worker *w, uint32_t actor);
/* To be called where the loop goes on on another strand: deals with the actor whose handler failed
 * on the one before, or suspended there and is durable. */
void strand_arrived(struct worker *w);

#endif
