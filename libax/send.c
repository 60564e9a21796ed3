/* SPDX-License-Identifier: MIT */
/* libax/send.c - what users send is admitted first: the target's published state, depth and
 * contract, the lane, the memory. */
#include "libax/send.h"

#include "libax/event.h"
#include "libax/far.h"
#include "libax/given.h"
#include "libax/life.h"
#include "libax/room.h"

const char hashed_contract_name[] = "of another node";

uint64_t contract_hash(struct worker *w, const struct ax_contract *contract)
{
    uint32_t at = (uint32_t)((uintptr_t)contract >> 4) % 64;
    if (w->hash_cache[at].contract != contract) {
        w->hash_cache[at].hash = contract->name == hashed_contract_name
                                     ? ((const struct hashed_contract *)contract)->hash
                                     : ax_contract_hash(contract);
        w->hash_cache[at].contract = contract;
    }
    return w->hash_cache[at].hash;
}

void contract_forget(struct worker *w, const struct ax_contract *contract)
{
    uint32_t at = (uint32_t)((uintptr_t)contract >> 4) % 64;
    if (w->hash_cache[at].contract == contract)
        w->hash_cache[at].contract = NULL;
    if (w->admitted.contract == contract)
        w->admitted.to = 0;
    for (uint32_t i = 0; i < w->plugin->nactors; i++)
        if (w->contracts[i].known == contract)
            w->contracts[i].known = w->plugin->actors[i]->contract;
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

bool contract_is_slow(struct worker *w, uint32_t type, const struct ax_contract *contract)
{
    if (w->contracts[type].hash != contract_hash(w, contract))
        return false;
    w->contracts[type].known = contract;
    return true;
}

FORCED int admit_local(struct worker *w, uint32_t index, const struct ax_contract *contract)
{
    if (shm_unlikely(index == 0))
        return AX_E_NO_ACTOR;
    struct shm_actor *actor = actor_at(w, index);
    if (shm_unlikely(actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING))
        return AX_E_CLOSED;
    if (shm_unlikely(!contract_is(w, actor->type, contract)))
        return AX_E_WRONG_CONTRACT;
    if (shm_unlikely(shm_chain_depth(&actor->mail) >= actor->capacity || overloaded(w, actor)))
        return AX_E_FULL;
    if (shm_unlikely(w->room_count != 0) && room_passed_over(w, index))
        return AX_E_FULL;
    return 0;
}

/* A process may die when its turn is committed and its directory does not show it yet; what it sent
 * in that turn is taken. Until its successor runs, an actor that it tells of, and whose record
 * there is of one before, is neither there nor gone. */
static bool may_be_born(const struct shm_directory *entry, uint64_t to, uint32_t state)
{
    return state != SHM_SLOT_RUNNING && (int32_t)(SHM_REF_GEN(to) - shm_load(&entry->gen)) > 0;
}

int look_at_life(struct worker *w, uint64_t to)
{
    const struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to), index = SHM_REF_INDEX(to);
    if (slot >= port->slots || index == 0 || index >= port->peer_actors[slot])
        return AX_E_NO_ACTOR;
    uint32_t state = shm_load_acquire(&port->slot_info[slot].state);
    if (state == SHM_SLOT_FAILED || state == SHM_SLOT_STOPPED)
        return AX_E_NO_ACTOR;
    const struct shm_directory *entry = &port->directories[slot][index];
    uint8_t life = shm_load(&entry->state);
    if (shm_load(&entry->gen) != SHM_REF_GEN(to) || life == SHM_FREE)
        return may_be_born(entry, to, state) ? AX_E_FULL : AX_E_NO_ACTOR;
    return life == SHM_CLOSING ? AX_E_CLOSED : 0;
}

/* An eighth of the room, so that eight who look at once do not fill it twice. */
static uint32_t credit(uint64_t room)
{
    return room / 8 > CREDIT_MOST ? CREDIT_MOST : (uint32_t)(room + 7) / 8;
}

/* Looks at the depth of the target. Its process writes to it all the time, so a look gives credit
 * for some messages, in this turn and in later ones; what the turn has sent is not in it yet. */
static int look_at_depth(struct worker *w, const struct shm_directory *entry)
{
    uint64_t to = w->admitted.to;
    uint64_t depth = shm_load(&w->port.depths[SHM_REF_SLOT(to)][SHM_REF_INDEX(to)]);
    uint64_t capacity = shm_load(&entry->capacity);
    depth += w->admitted.sent;
    w->admitted.room = depth < capacity ? credit(capacity - depth) : 0;
    return w->admitted.room == 0 ? AX_E_FULL : 0;
}

/* Looks at the target, once a turn and again when its credit is used up. */
static __attribute__((noinline)) int look_at(struct worker *w, uint64_t to,
                                             const struct ax_contract *contract)
{
    struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to), index = SHM_REF_INDEX(to);
    if (w->admitted.to != to || w->admitted.contract != contract) {
        w->admitted.room = w->admitted.sent = 0;
        w->admitted.to = to;
        w->admitted.contract = contract;
        w->admitted.hash = contract_hash(w, contract);
    }
    if (w->admitted.turn != port->turn)
        w->admitted.sent = 0;
    w->admitted.turn = 0;
    int error = look_at_life(w, to);
    if (error != 0)
        return error;
    const struct shm_directory *entry = &port->directories[slot][index];
    if (shm_load(&entry->contract) != w->admitted.hash)
        return AX_E_WRONG_CONTRACT;
    if (shm_load(&port->peers[slot]->squeezed))
        return AX_E_NO_MEMORY;
    if (shm_load(&entry->refuse) & SHM_REFUSES)
        return AX_E_FULL;
    if (w->admitted.room == 0 && (error = look_at_depth(w, entry)) != 0)
        return error;
    w->admitted.turn = port->turn;
    return 0;
}

/* Would a look find what the last one did, and credit be left? It takes part of one to know. */
FORCED bool admitted(struct worker *w, uint64_t to, const struct ax_contract *contract)
{
    struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(to);
    if (w->admitted.to != to || w->admitted.contract != contract || w->admitted.room == 0)
        return false;
    if (w->admitted.turn == port->turn)
        return true;
    const struct shm_directory *entry = &port->directories[slot][SHM_REF_INDEX(to)];
    if (shm_load(&entry->gen) != SHM_REF_GEN(to) || shm_load(&entry->state) != SHM_LIVE ||
        shm_load(&entry->contract) != w->admitted.hash || shm_load(&entry->refuse) & SHM_REFUSES ||
        shm_load(&port->slot_info[slot].state) != SHM_SLOT_RUNNING ||
        shm_load(&port->peers[slot]->squeezed))
        return false;
    w->admitted.turn = port->turn;
    w->admitted.sent = 0;
    return true;
}

/* The lane may still be full. */
FORCED int admit_remote(struct worker *w, uint64_t to, const struct ax_contract *contract)
{
    return shm_likely(admitted(w, to, contract)) ? 0 : look_at(w, to, contract);
}

bool lane_may_hold(struct worker *w, uint32_t slot, uint32_t frame)
{
    return w->port.priv->over_data[slot].tail == 0 &&
           shm_lane_room(&w->port, slot, SHM_DATA, frame);
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
    uint32_t state = shm_load(&port->slot_info[slot].state);
    if (state == SHM_SLOT_FAILED || state == SHM_SLOT_STOPPED)
        return true;
    if (shm_load(&entry->gen) != SHM_REF_GEN(to))
        return !may_be_born(entry, to, state);
    return shm_load(&port->depths[slot][index]) < shm_load(&entry->capacity) &&
           !(shm_load(&entry->refuse) & SHM_REFUSES) &&
           lane_may_hold(w, slot, shm_frame_size(bytes));
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
    uint32_t frame = shm_frame_size((uint32_t)size);
    uint32_t slot = SHM_REF_SLOT(to);
    if (slot != w->port.slot) {
        error = admit_remote(w, to, contract);
        return error != 0 || lane_may_hold(w, slot, frame) ? error : AX_E_FULL;
    }
    error = admit_local(w, actor_local(w, to), contract);
    return error != 0 || memory_room(w, frame / SHM_UNIT + 16) ? error : AX_E_NO_MEMORY;
}

FORCED int send_one(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, uint8_t kind,
                    uint64_t corr)
{
    struct worker *w = ctx->worker;
    uint64_t bytes = outgoing_size(out);
    int error = admit_any(w, bytes);
    if (shm_unlikely(error != 0))
        return error;
    uint32_t size = shm_frame_size((uint32_t)bytes);
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
        error = admit_local(w, index, out->contract);
        return shm_unlikely(error != 0) ? error : into_mailbox(w, index, &post, size, true);
    }
    error = admit_remote(w, to, out->contract);
    if (shm_unlikely(error != 0))
        return error;
    w->admitted.room--;
    w->admitted.sent++;
    return into_lane(w, slot, SHM_DATA, &post, size, true);
}

int send_once(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, uint8_t kind,
              uint64_t corr)
{
    return send_one(ctx, to, out, kind, corr);
}

static __attribute__((noinline)) int tell_for_room(struct ax_ctx *ctx, uint64_t to,
                                                   const struct ax_outgoing *out)
{
    struct ax_outgoing given = *out;
    int error = given_keep(ctx, &given);
    if (error != 0)
        return error;
    error = AX_E_FULL;
    for (bool again = false; error == AX_E_FULL; again = true) {
        error = room_wait(ctx, to, (uint32_t)outgoing_size(&given), UINT64_MAX, again);
        if (error != 0)
            break;
        error = send_once(ctx, to, &given, SHM_TELL, 0);
        ctx->worker->current->let_on = false;
    }
    given_drop(ctx);
    return error;
}

int ax_tell_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, bool wait)
{
    if (shm_unlikely(to.node != 0))
        return far_tell(ctx, to, out, wait);
    int error = send_one(ctx, to.addr, out, SHM_TELL, 0);
    return shm_unlikely(error == AX_E_FULL && wait) ? tell_for_room(ctx, to.addr, out) : error;
}
