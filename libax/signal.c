/* SPDX-License-Identifier: MIT */
/* libax/signal.c - exits that actors send to each other, linked or not. Such a signal is a frame
 * without the number of a record, and keeps its place behind what its sender sent before.
 *
 * No memory is kept for signals, so there are only so many: a mailbox takes SIGNALS_MOST more
 * frames than its capacity, and who sends more gets AX_E_FULL. For an actor elsewhere that is a
 * look at what its worker shows, which may come late; what is too much when it arrives is a dead
 * letter. A kill is no frame in a mailbox but a flag of the actor (actor_kill): it is never refused
 * or lost, and a second one changes nothing. */
#include "libax/signal.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/link.h"
#include "libax/send.h"
#include "libax/share.h"
#include "libax/turn.h"
#include "libax/watch.h"
#include "libax/words.h"

#include <string.h>

#define SIGNALS_MOST 1024u

static struct post signal_post(uint64_t to, const struct shm_down_body *body)
{
    return (struct post){
        .to = to, .from = body->who, .kind = SHM_EXIT, .fixed = body, .size = shm_down_size(body)};
}

int signal_arrived(struct worker *w, uint32_t index, const struct shm_frame *frame,
                   const struct shm_down_body *body)
{
    const struct shm_actor *actor = actor_at(w, index);
    const struct post post = signal_post(frame->to, body);
    uint64_t most = actor->capacity + SIGNALS_MOST + w->overshoot;
    if (shm_chain_depth(&actor->mail) < most && share_of_mail(w, index))
        return post_local(w, index, &post);
    dead_signal(w, frame, AX_E_FULL);
    return 0;
}

static int send_here(struct worker *w, uint32_t index, const struct post *post)
{
    const struct shm_actor *actor = actor_at(w, index);
    if (shm_chain_depth(&actor->mail) >= (uint64_t)actor->capacity + SIGNALS_MOST)
        return AX_E_FULL;
    return memory_room(w, post_size(post) / SHM_UNIT + 16) ? post_local(w, index, post)
                                                           : AX_E_NO_MEMORY;
}

static bool is_full(const struct worker *w, uint32_t slot, uint32_t index)
{
    if (index >= w->port.peer_actors[slot])
        return false;
    uint64_t capacity = shm_load(&w->port.directories[slot][index].capacity);
    return shm_load(&w->port.depths[slot][index]) >= capacity + SIGNALS_MOST;
}

static int send_away(struct worker *w, uint64_t to, struct shm_down_body *body)
{
    uint32_t slot = SHM_REF_SLOT(to);
    if (slot == w->port.slot || slot_gone(w, slot))
        return AX_E_NO_ACTOR;
    body->after = w->port.out[slot].staged[SHM_DATA];
    const struct post kill = {.to = to, .from = body->who, .kind = SHM_KILL};
    const struct post post = signal_post(to, body);
    if (body->reason == SHM_KILLED)
        return post_slot(w, slot, SHM_CONTROL, &kill);
    if (is_full(w, slot, SHM_REF_INDEX(to)))
        return AX_E_FULL;
    return into_lane(w, slot, SHM_CONTROL, &post, post_size(&post), true);
}

int signal_shutdown(struct worker *w, uint32_t index)
{
    const struct shm_down_body body = {.who = SHM_REF(w->boot->gateway, 0, 0),
                                       .reason = SHM_SHUTDOWN};
    const struct post post = signal_post(actor_ref(w, index), &body);
    return send_here(w, index, &post);
}

static int send_signal(struct ax_ctx *ctx, struct ax_ref who, enum ax_reason reason,
                       const char *words)
{
    struct worker *w = ctx->worker;
    uint32_t index = actor_local(w, who.addr);
    struct shm_down_body body = {
        .who = actor_ref(w, ctx->actor),
        .incarnation = actor_incarnation(w, ctx->actor),
        .reason = (uint8_t)reason,
    };
    memcpy(body.words, words, strnlen(words, AX_WORDS_MAX));
    if (who.node != 0)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (index == 0)
        return send_away(w, who.addr, &body);
    if (reason == AX_KILLED) {
        actor_kill(w, index);
        return 0;
    }
    const struct post post = signal_post(who.addr, &body);
    return send_here(w, index, &post);
}

int ax_exit_actor(struct ax_ctx *ctx, struct ax_ref who, enum ax_reason reason)
{
    return (unsigned)reason < AX_REASON_COUNT ? send_signal(ctx, who, reason, "") : AX_E_INVALID;
}

int ax_exit_other(struct ax_ctx *ctx, struct ax_ref who, const char *words)
{
    return words_fit(words) ? send_signal(ctx, who, AX_OTHER, words) : AX_E_TOO_BIG;
}
