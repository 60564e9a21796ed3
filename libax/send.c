/* SPDX-License-Identifier: MIT */
/* libax/send.c - from an image to a frame in a mailbox or a lane.
 *
 * A user's send is admitted first: the target's published state, depth and contract, the lane, the
 * memory. The runtime's own frames (replies, errors, downs, claims) are never refused: what a full
 * lane cannot take waits in the overflow queue of that lane, in order, and while it does users get
 * AX_E_FULL there. */
#include "libax/send.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/meter.h"
#include "libax/room.h"
#include "libax/turn.h"

#include <string.h>

static inline void copy(void *to, const void *from, uint32_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 64)
        memcpy(to, from, 64);
    else if (size != 0)
        memcpy(to, from, size);
}

static void append_parts(uint8_t *body, const struct post *post)
{
    uint32_t at = post->size;
    for (uint32_t i = 0; i < post->nparts; i++) {
        const struct ax_part *part = &post->parts[i];
        const struct ax_str field = {.off = (int64_t)at - part->field, .len = part->len};
        memcpy(body + part->field, &field, sizeof field);
        if (part->len != 0)
            memcpy(body + at, part->ptr, part->len);
        body[at + part->len] = 0;
        at += part->len + 1;
    }
}

/* A post that lives in one function only need not be in memory; so these are part of it. */
#define FORCED static inline __attribute__((always_inline))

FORCED void fill(struct shm_frame *frame, uint32_t size, const struct post *post, uint64_t stamp)
{
    frame->size = size;
    frame->method = post->method;
    frame->kind = post->kind;
    frame->pad = 0;
    frame->to = post->to;
    frame->from = post->from;
    frame->corr = post->corr;
    frame->stamp = stamp;
    copy(frame->body, post->fixed, post->size);
    if (post->nparts != 0)
        append_parts(frame->body, post);
}

FORCED uint32_t post_size(const struct post *post)
{
    return shm_frame_size((uint32_t)image_size(post->size, post->parts, post->nparts));
}

void post_fill(struct shm_frame *frame, const struct post *post)
{
    fill(frame, post_size(post), post, post->stamp);
}

/* To a chain that has been logged. */
FORCED int append(struct worker *w, struct shm_chain *chain, const struct post *post, uint32_t size,
                  uint64_t stamp)
{
    uint64_t word;
    struct shm_frame *frame = shm_chain_reserve(&w->port, chain, size, &word);
    if (frame == NULL)
        return AX_E_NO_MEMORY;
    fill(frame, size, post, stamp);
    shm_chain_append(&w->port, chain, word);
    return 0;
}

FORCED int into_mailbox(struct worker *w, uint32_t actor, const struct post *post)
{
    struct shm_actor *target = actor_at(w, actor);
    if (!shm_log_room(&w->port, SHM_CHAIN_WORDS))
        return AX_E_LIMIT;
    shm_chain_log(&w->port, &target->mail, &target->logged);
    int error = append(w, &target->mail, post, post_size(post), post->stamp);
    if (error == 0) {
        meter_sent(w, actor);
        runq_push(w, actor);
    }
    return error;
}

int post_local(struct worker *w, uint32_t actor, const struct post *post)
{
    return into_mailbox(w, actor, post);
}

FORCED int into_lane(struct worker *w, uint32_t slot, uint32_t lane, const struct post *post)
{
    struct shm_port *port = &w->port;
    struct shm_chain *over =
        lane == SHM_DATA ? &port->priv->over_data[slot] : &port->priv->over_control[slot];
    uint32_t size = post_size(post);
    if (!shm_log_room(port, SHM_CHAIN_WORDS))
        return AX_E_LIMIT;
    if (shm_likely(over->tail == 0)) {
        struct shm_frame *frame = shm_lane_reserve(port, slot, lane, size);
        if (frame != NULL) {
            fill(frame, size, post, port->turn);
            shm_lane_stage(port, slot, lane, size);
            w->pressing |= shm_lane_half_full(port, slot);
            return 0;
        }
    }
    w->over |= 1ull << slot;
    shm_chain_log_again(port, over);
    return append(w, over, post, size, 0);
}

int post_slot(struct worker *w, uint32_t slot, uint32_t lane, const struct post *post)
{
    return into_lane(w, slot, lane, post);
}

int post_anywhere(struct worker *w, uint32_t lane, const struct post *post)
{
    uint32_t slot = SHM_REF_SLOT(post->to);
    if (slot != w->port.slot)
        return slot < w->port.slots ? post_slot(w, slot, lane, post) : AX_E_NO_ACTOR;
    uint32_t actor = actor_local(w, post->to);
    return actor != 0 ? post_local(w, actor, post) : AX_E_NO_ACTOR;
}

/* One frame from an overflow queue into its lane, a turn of its own. False: no room yet. */
static bool move_one(struct worker *w, uint32_t slot, uint32_t lane, struct shm_chain *over)
{
    struct shm_port *port = &w->port;
    uint64_t first = shm_chain_first(port, over);
    const struct shm_frame *waiting = shm_chain_frame(port, first);
    shm_turn_begin(port, 0, 0);
    struct shm_frame *frame = shm_lane_reserve(port, slot, lane, waiting->size);
    if (frame == NULL) {
        turn_undo(w);
        return false;
    }
    memcpy(frame, waiting, waiting->size);
    frame->stamp = port->turn;
    shm_lane_stage(port, slot, lane, waiting->size);
    shm_chain_log_again(port, over);
    shm_chain_consume(port, over, first);
    turn_commit(w);
    return true;
}

uint32_t flush_overflow(struct worker *w)
{
    struct shm_private *priv = w->port.priv;
    uint32_t moved = 0;
    for (uint64_t set = w->over; set != 0; set &= set - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(set);
        while (priv->over_data[slot].tail != 0 &&
               move_one(w, slot, SHM_DATA, &priv->over_data[slot]))
            moved++;
        while (priv->over_control[slot].tail != 0 &&
               move_one(w, slot, SHM_CONTROL, &priv->over_control[slot]))
            moved++;
        if (priv->over_data[slot].tail == 0 && priv->over_control[slot].tail == 0)
            w->over &= ~(1ull << slot);
    }
    return moved;
}

uint64_t contract_hash(struct worker *w, const struct ax_contract *contract)
{
    uint32_t at = (uint32_t)((uintptr_t)contract >> 4) % 64;
    if (w->hash_cache[at].contract != contract) {
        w->hash_cache[at].hash = ax_contract_hash(contract);
        w->hash_cache[at].contract = contract;
    }
    return w->hash_cache[at].hash;
}

/* Is the actor above its high watermark, or on the way down from it? Remembers which. */
static bool above_high(struct worker *w, struct shm_actor *actor)
{
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    if (actor->flags & SHM_OVERLOAD)
        return true;
    if (shm_chain_depth(&actor->mail) < policy->high)
        return false;
    uint32_t index = (uint32_t)(actor - w->port.actors);
    shm_log(&w->port, &actor->flags);
    actor->flags |= SHM_OVERLOAD;
    event_next(w, SHM_OVERLOAD_ON, index);
    publish_later(w, index);
    return true;
}

static inline bool overloaded(struct worker *w, struct shm_actor *actor)
{
    const struct shm_policy *policy = &w->port.priv->policy[actor->policy];
    return shm_unlikely(policy->high != 0) && above_high(w, actor) && !policy->block;
}

void note_depth(struct worker *w, struct shm_actor *actor)
{
    (void)overloaded(w, actor);
}

/* Others wait for that room, and it is not our turn. */
static bool room_passed_over(struct worker *w, uint32_t index)
{
    return !w->current->let_on && room_is_promised(w, actor_ref(w, index));
}

static inline int admit_local(struct worker *w, uint32_t index, const struct ax_contract *contract,
                              uint32_t bytes)
{
    if (shm_unlikely(index == 0))
        return AX_E_NO_ACTOR;
    struct shm_actor *actor = actor_at(w, index);
    if (shm_unlikely(actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING))
        return AX_E_CLOSED;
    const struct ax_contract *own = w->plugin->actors[actor->type]->contract;
    if (shm_unlikely(own != contract && w->hashes[actor->type] != contract_hash(w, contract)))
        return AX_E_WRONG_CONTRACT;
    if (shm_unlikely(shm_chain_depth(&actor->mail) >= actor->capacity || overloaded(w, actor)))
        return AX_E_FULL;
    if (shm_unlikely(w->room_count != 0) && room_passed_over(w, index))
        return AX_E_FULL;
    return memory_room(w, bytes / SHM_UNIT + 16) ? 0 : AX_E_NO_MEMORY;
}

int look_at_life(struct worker *w, uint64_t to)
{
    const struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to), index = SHM_REF_INDEX(to);
    if (slot >= port->slots || index == 0 || index >= port->peer_actors[slot])
        return AX_E_NO_ACTOR;
    uint32_t state = shm_load(&port->slot_info[slot].state);
    if (state == SHM_SLOT_FAILED || state == SHM_SLOT_STOPPED)
        return AX_E_NO_ACTOR;
    const struct shm_directory *entry = &port->directories[slot][index];
    uint8_t life = shm_load(&entry->state);
    if (shm_load(&entry->gen) != SHM_REF_GEN(to) || life == SHM_FREE)
        return AX_E_NO_ACTOR;
    return life == SHM_CLOSING ? AX_E_CLOSED : 0;
}

/* Looks at the target's directory entry. Its process writes to that line all the time, so senders
 * do this once a turn, and again when what they saw of room is used up; what the turn has sent is
 * not in the depth yet. */
static int look_at(struct worker *w, uint64_t to, const struct ax_contract *contract)
{
    struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to), index = SHM_REF_INDEX(to);
    uint32_t sent = w->admitted.to == to && w->admitted.turn == port->turn ? w->admitted.sent : 0;
    w->admitted.to = 0;
    int error = look_at_life(w, to);
    if (error != 0)
        return error;
    const struct shm_directory *entry = &port->directories[slot][index];
    if (shm_load(&entry->contract) != contract_hash(w, contract))
        return AX_E_WRONG_CONTRACT;
    if (shm_load(&port->peers[slot]->squeezed))
        return AX_E_NO_MEMORY;
    uint64_t depth = (uint64_t)shm_load(&entry->depth) + sent,
             capacity = shm_load(&entry->capacity);
    w->admitted.to = to;
    w->admitted.turn = port->turn;
    w->admitted.contract = contract;
    w->admitted.sent = sent;
    w->admitted.room = depth < capacity && !(shm_load(&entry->refuse) & SHM_REFUSES)
                           ? (uint32_t)(capacity - depth)
                           : 0;
    return w->admitted.room == 0 ? AX_E_FULL : 0;
}

static inline int admit_remote(struct worker *w, uint64_t to, const struct ax_contract *contract,
                               uint32_t bytes)
{
    struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to);
    if (w->admitted.to != to || w->admitted.turn != port->turn ||
        w->admitted.contract != contract || w->admitted.room == 0) {
        int error = look_at(w, to, contract);
        if (error != 0)
            return error;
    }
    if (port->priv->over_data[slot].tail != 0 ||
        shm_lane_reserve(port, slot, SHM_DATA, shm_frame_size(bytes)) == NULL)
        return AX_E_FULL;
    return 0;
}

/* A look from outside of a turn at what admit() would find; it errs towards "yes". */
bool may_have_room(struct worker *w, uint64_t to, uint32_t bytes)
{
    struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to), index = SHM_REF_INDEX(to);
    if (slot == port->slot) {
        const struct shm_actor *actor = actor_at(w, actor_local(w, to));
        return actor_local(w, to) == 0 || actor->state == SHM_CLOSING ||
               (shm_chain_depth(&actor->mail) < actor->capacity && !actor_refuses(w, actor));
    }
    if (slot >= port->slots || index >= port->peer_actors[slot])
        return true;
    const struct shm_directory *entry = &port->directories[slot][index];
    if (shm_load(&entry->gen) != SHM_REF_GEN(to) ||
        shm_load(&port->slot_info[slot].state) == SHM_SLOT_FAILED ||
        shm_load(&port->slot_info[slot].state) == SHM_SLOT_STOPPED)
        return true;
    return shm_load(&entry->depth) < shm_load(&entry->capacity) &&
           !(shm_load(&entry->refuse) & SHM_REFUSES) && port->priv->over_data[slot].tail == 0 &&
           shm_lane_room(port, slot, SHM_DATA, shm_frame_size(bytes));
}

/* What holds wherever the target is. */
static inline int admit_any(struct worker *w, uint64_t bytes)
{
    if (shm_unlikely(bytes > w->port.geo.max_message))
        return AX_E_TOO_BIG;
    return shm_unlikely(!log_room_for_user(w)) ? AX_E_LIMIT : 0;
}

int admit(struct worker *w, uint64_t to, const struct ax_contract *contract, uint64_t size)
{
    int error = admit_any(w, size);
    if (error != 0)
        return error;
    uint32_t bytes = (uint32_t)size;
    return SHM_REF_SLOT(to) == w->port.slot ? admit_local(w, actor_local(w, to), contract, bytes)
                                            : admit_remote(w, to, contract, bytes);
}

int send_once(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, uint8_t kind,
              uint64_t corr)
{
    struct worker *w = ctx->worker;
    uint64_t size = outgoing_size(out);
    int error = admit_any(w, size);
    if (shm_unlikely(error != 0))
        return error;
    uint32_t bytes = (uint32_t)size;
    const struct post post = {
        .to = to,
        .from = actor_ref(w, ctx->actor),
        .corr = corr,
        .method = out->method,
        .kind = kind,
        .fixed = out->fixed,
        .size = out->size,
        .parts = out->parts,
        .nparts = out->nparts,
    };
    uint32_t slot = SHM_REF_SLOT(to);
    if (shm_likely(slot == w->port.slot)) {
        uint32_t index = actor_local(w, to);
        error = admit_local(w, index, out->contract, bytes);
        return shm_unlikely(error != 0) ? error : into_mailbox(w, index, &post);
    }
    error = admit_remote(w, to, out->contract, bytes);
    if (shm_unlikely(error != 0))
        return error;
    w->admitted.room--;
    w->admitted.sent++;
    return into_lane(w, slot, SHM_DATA, &post);
}

int ax_tell_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, bool wait)
{
    if (shm_unlikely(to.node != 0))
        return AX_E_NO_ACTOR;
    for (bool again = false;;) {
        int error = send_once(ctx, to.addr, out, SHM_TELL, 0);
        if (shm_unlikely(again))
            ctx->worker->current->let_on = false;
        if (shm_likely(error != AX_E_FULL || !wait))
            return error;
        error = room_wait(ctx, to.addr, (uint32_t)outgoing_size(out), UINT64_MAX, again);
        again = true;
        if (error != 0)
            return error;
    }
}
