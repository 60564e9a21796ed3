/* SPDX-License-Identifier: MIT */
/* libax/drain_data.c - messages and replies from the data lane of a slot. */
#include "libax/drain.h"

#include "libax/ask.h"
#include "libax/durable.h"
#include "libax/event.h"
#include "libax/life.h"
#include "libax/meter.h"
#include "libax/turn.h"

#include <errno.h>

#define TURN_ROOM 64u /* words of the undo log for one more frame */

/* Senders read the line of the depth with each turn: to write it once a batch is enough. */
static void publish_deepened(struct worker *w)
{
    if (w->deepened != 0)
        publish_depth(w, w->deepened);
    w->deepened = 0;
}

/* The messages that a batch takes are one turn, in which no actor comes or goes; so the target is
 * looked up where it is another one than that of the message before. */
struct batch {
    uint64_t to;
    uint32_t index; /* of whom that is, 0: nobody yet */
    uint32_t slot;
};

static int turn_to(struct worker *w, struct batch *batch, uint64_t to)
{
    uint32_t index = actor_local(w, to);
    if (index == 0 || actor_at(w, index)->state == SHM_CLOSING)
        return index == 0 ? AX_E_NO_ACTOR : AX_E_CLOSED;
    batch->to = to;
    batch->index = index;
    if (index != w->deepened) {
        publish_deepened(w);
        w->deepened = index;
    }
    return 0;
}

/* A message for somebody here, within the batch's turn. */
static int take_message(struct worker *w, struct batch *batch, const struct shm_frame *frame,
                        uint32_t size)
{
    struct shm_port *port = &w->port;
    uint64_t to = shm_load(&frame->to), from = shm_load(&frame->from);
    uint8_t kind = shm_load(&frame->kind);
    if (SHM_REF_SLOT(from) != batch->slot || (kind != SHM_TELL && kind != SHM_ASK))
        return AX_E_INVALID;
    bool same = to == batch->to && batch->index != 0;
    int error = shm_likely(same) ? 0 : turn_to(w, batch, to);
    if (error != 0)
        return error;
    struct shm_actor *actor = actor_at(w, batch->index);
    if (shm_unlikely(shm_chain_depth(&actor->mail) >= actor->capacity + w->overshoot))
        return AX_E_FULL;
    shm_chain_log(port, &actor->mail, &actor->logged);
    uint64_t word = shm_chain_reserve(port, &actor->mail, size);
    if (word == 0)
        return -ENOMEM;
    struct shm_frame *own = shm_chain_frame(port, word - size);
    drain_copy(own, frame, size);
    own->to = to;
    own->from = from;
    own->kind = kind;
    shm_chain_append(port, &actor->mail, word);
    meter_sent(w, batch->index);
    note_depth(w, actor);
    runq_push(w, batch->index);
    return 0;
}

/* A message that cannot be delivered: its asker is told, and it is a dead letter. */
static int refuse(struct worker *w, const struct shm_frame *frame, uint32_t size, uint32_t slot,
                  int error)
{
    struct shm_frame *own = (struct shm_frame *)(void *)w->scratch;
    uint64_t wake;
    drain_copy(own, frame, size);
    if (SHM_REF_SLOT(own->from) != slot)
        own->from = 0;
    if (own->kind != SHM_TELL && own->kind != SHM_ASK)
        return 0;
    int failed = own->from == 0 ? 0 : answer_error(w, own, error, &wake);
    if (failed == 0) /* else it stays in the lane and comes again */
        dead_letter(w, own, error);
    return failed;
}

/* Numbers of asks can be guessed: an answer counts only from the slot that was asked, and in the
 * name of one of its own. */
int drain_reply(struct worker *w, uint32_t slot, const struct shm_frame *frame, uint32_t size)
{
    struct shm_frame *own = (struct shm_frame *)(void *)w->scratch;
    drain_copy(own, frame, size);
    if (own->kind != SHM_ERROR)
        own->kind = SHM_REPLY;
    if (SHM_REF_SLOT(own->from) != slot || !asked_of(w, own->to, own->corr, slot))
        return 0;
    int error = own->kind == SHM_ERROR ? own->method : 0;
    if (own->kind == SHM_ERROR && error == 0)
        error = AX_E_CANCELED;
    if (!(own->corr & ASK_ASYNC)) {
        int failed =
            durable_answer(w, own->corr, error, own->body, shm_frame_body(own), own->method, false);
        if (failed == 0)
            pending_answer(w, own->corr, error, own->body, shm_frame_body(own), own->method, false);
        return failed;
    }
    uint32_t index = actor_local(w, own->to);
    const struct post post = {
        .to = own->to,
        .from = own->from,
        .corr = own->corr,
        .method = own->kind == SHM_ERROR ? (uint16_t)error : own->method,
        .kind = own->kind,
        .fixed = own->body,
        .size = shm_frame_body(own),
    };
    return index == 0 ? 0 : async_answer(w, index, &post);
}

static int deliver(struct worker *w, struct batch *batch, const struct shm_frame *frame,
                   uint32_t size)
{
    uint8_t kind = shm_load(&frame->kind);
    if (kind == SHM_REPLY)
        return drain_reply(w, batch->slot, frame, size);
    int error = take_message(w, batch, frame, size);
    return error > 0 ? refuse(w, frame, size, batch->slot, error) : error;
}

uint32_t drain_data(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget)
{
    struct shm_port *port = &w->port;
    uint64_t at = port->priv->read_data[slot];
    struct batch batch = {.slot = slot};
    uint32_t taken = 0, size;
    bool malformed = false;
    shm_turn_begin(port, 0, 0);
    while (at != end && taken < budget && shm_log_room(port, TURN_ROOM)) {
        const struct shm_frame *frame =
            shm_lane_next(port, slot, SHM_DATA, &at, end, &size, &malformed);
        if (frame == NULL || deliver(w, &batch, frame, size) != 0)
            break; /* or no memory now: it stays in the lane */
        at += size;
        taken++;
    }
    publish_deepened(w);
    if (at != port->priv->read_data[slot]) {
        shm_set(port, &port->priv->read_data[slot], at);
        port->read_dirty |= 1ull << slot;
    }
    turn_commit(w);
    if (malformed)
        drain_accuse(w, slot, SHM_DATA, at);
    return taken;
}
