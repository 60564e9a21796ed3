/* SPDX-License-Identifier: MIT */
/* libax/drain.c - from lanes into mailboxes.
 *
 * A batch of data frames is one turn: mailboxes grow, the read position moves, all or nothing. A
 * control frame is a turn of its own. Only after the commit is the read position published, so the
 * sender keeps the bytes until they are ours for good. A slow actor never holds up a lane: capacity
 * is the sender's to look at, and the arena keeps room for what lanes can hold.
 *
 * Everything here comes from a process that may have gone mad and may change it while we look: each
 * word is read once, sizes and ends are checked, and bodies are copied before they are validated.
 */
#include "libax/drain.h"

#include "libax/ask.h"
#include "libax/event.h"
#include "libax/life.h"
#include "libax/send.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TURN_ROOM 64u
#define ALL_LANES_EVERY 8u
#define HOT_ROUNDS 1024u
#define CONTROL_MAX 256u /* bytes of a control frame */

/* Our own copy of a frame: header words that were checked are written, not read again. */
static void copy_frame(struct shm_frame *to, const struct shm_frame *from, uint32_t size)
{
    memcpy(to, from, size);
    to->size = size;
    to->pad = 1; /* not validated yet */
    to->stamp = 0;
}

/* What the last process left malformed, and the next one has published with its own: nobody can
 * tell where the one ends. */
static void skip_lane(struct worker *w, uint32_t slot, uint32_t lane)
{
    const struct shm_ends *ends = w->port.in_ends[slot];
    struct shm_private *priv = w->port.priv;
    char text[96];
    snprintf(text, sizeof text, "what the last process of slot %u left in its lane is skipped",
             slot);
    worker_log(w, AX_WARN, "ax", text);
    shm_turn_begin(&w->port, 0, 0);
    if (lane == SHM_DATA)
        shm_set(&w->port, &priv->read_data[slot], shm_load(&ends->data) & ~7ull);
    else
        shm_set(&w->port, &priv->read_control[slot], shm_load(&ends->control) & ~7ull);
    turn_commit(w);
    w->port.in[slot].mended &= (uint8_t) ~(1u << lane);
    w->port.read_dirty |= 1ull << slot;
}

static void accuse(struct worker *w, uint32_t slot, uint32_t lane, uint64_t position)
{
    char text[96];
    const struct post post = {
        .corr = slot,
        .method = (uint16_t)lane,
        .kind = SHM_ACCUSE,
        .fixed = &position,
        .size = sizeof position,
    };
    if (w->port.in[slot].mended >> lane & 1) {
        skip_lane(w, slot, lane);
        return;
    }
    w->port.in[slot].cut = true;
    snprintf(text, sizeof text, "lane from slot %u is malformed; not read any more", slot);
    worker_log(w, AX_ERROR, "ax", text);
    shm_turn_begin(&w->port, 0, 0);
    if (slot == 0 || post_slot(w, 0, SHM_CONTROL, &post) != 0)
        turn_undo(w);
    else
        turn_commit(w);
}

/* ---- data ---- */

/* Senders read the line of the depth with each turn: to write it once a batch is enough. */
static void publish_deepened(struct worker *w)
{
    if (w->deepened != 0)
        publish_depth(w, w->deepened);
    w->deepened = 0;
}

/* A message for somebody here, within the batch's turn. */
static int take_message(struct worker *w, uint32_t slot, const struct shm_frame *frame,
                        uint32_t size)
{
    struct shm_port *port = &w->port;
    uint64_t to = shm_load(&frame->to), from = shm_load(&frame->from), word;
    uint32_t index = actor_local(w, to);
    uint8_t kind = shm_load(&frame->kind);
    if (SHM_REF_SLOT(from) != slot || (kind != SHM_TELL && kind != SHM_ASK))
        return AX_E_INVALID;
    if (index == 0 || actor_at(w, index)->state == SHM_CLOSING)
        return index == 0 ? AX_E_NO_ACTOR : AX_E_CLOSED;
    struct shm_actor *actor = actor_at(w, index);
    if (shm_unlikely(shm_chain_depth(&actor->mail) >= actor->capacity + w->overshoot))
        return AX_E_FULL;
    shm_chain_log(port, &actor->mail, &actor->logged);
    struct shm_frame *own = shm_chain_reserve(port, &actor->mail, size, &word);
    if (own == NULL)
        return -ENOMEM;
    copy_frame(own, frame, size);
    own->to = to;
    own->from = from;
    own->kind = kind;
    shm_chain_append(port, &actor->mail, word);
    note_depth(w, actor);
    if (index != w->deepened) {
        publish_deepened(w);
        w->deepened = index;
    }
    runq_push(w, index);
    return 0;
}

/* A message that cannot be delivered: its asker is told, and it is a dead letter. */
static int refuse(struct worker *w, const struct shm_frame *frame, uint32_t size, uint32_t slot,
                  int error)
{
    struct shm_frame *own = (struct shm_frame *)(void *)w->scratch;
    uint64_t wake;
    copy_frame(own, frame, size);
    if (SHM_REF_SLOT(own->from) != slot)
        own->from = 0;
    if (own->kind != SHM_TELL && own->kind != SHM_ASK)
        return 0;
    int failed = own->from == 0 ? 0 : answer_error(w, own, error, &wake);
    if (failed == 0) /* else it stays in the lane and comes again */
        dead_letter(w, own, error);
    return failed;
}

/* Numbers of asks can be guessed: an answer counts only from the slot that was asked. */
static int take_reply(struct worker *w, uint32_t slot, const struct shm_frame *frame, uint32_t size)
{
    struct shm_frame *own = (struct shm_frame *)(void *)w->scratch;
    copy_frame(own, frame, size);
    if (own->kind != SHM_ERROR)
        own->kind = SHM_REPLY;
    if (!asked_of(w, own->to, own->corr, slot))
        return 0;
    int error = own->kind == SHM_ERROR ? own->method : 0;
    if (own->kind == SHM_ERROR && error == 0)
        error = AX_E_CANCELED;
    if (!(own->corr & ASK_ASYNC)) {
        pending_answer(w, own->corr, error, own->body, shm_frame_body(own), own->method, false);
        return 0;
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

static int deliver(struct worker *w, uint32_t slot, const struct shm_frame *frame, uint32_t size)
{
    uint8_t kind = shm_load(&frame->kind);
    if (kind == SHM_REPLY)
        return take_reply(w, slot, frame, size);
    int error = take_message(w, slot, frame, size);
    return error > 0 ? refuse(w, frame, size, slot, error) : error;
}

/* Up to `budget` frames of a data lane up to `end`; one turn. */
static uint32_t drain_data(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget)
{
    struct shm_port *port = &w->port;
    uint64_t at = port->priv->read_data[slot];
    uint32_t taken = 0;
    bool malformed = false;
    shm_turn_begin(port, 0, 0);
    while (taken < budget && shm_log_room(port, TURN_ROOM)) {
        const struct shm_frame *frame = shm_lane_next(port, slot, SHM_DATA, &at, end, &malformed);
        if (frame == NULL)
            break;
        uint32_t size = shm_load(&frame->size);
        if (size < sizeof *frame || size & 7 || size > end - at ||
            size > shm_frame_size(port->geo.max_message)) { /* it changed under our eyes */
            malformed = true;
            break;
        }
        if (deliver(w, slot, frame, size) != 0)
            break; /* no memory now: it stays in the lane */
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
        accuse(w, slot, SHM_DATA, at);
    return taken;
}

/* ---- control ---- */

static int on_monitor(struct worker *w, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    if (index != 0)
        return watch_add(w, index, frame->from, frame->corr);
    const struct shm_down_body body = {.who = frame->to, .reason = SHM_NO_ACTOR};
    const struct post post = {
        .to = frame->from,
        .from = frame->to,
        .corr = frame->corr,
        .kind = SHM_DOWN,
        .fixed = &body,
        .size = sizeof body,
    };
    return post_anywhere(w, SHM_CONTROL, &post);
}

/* A slot tells the ends of its own actors, nobody else's. */
static int on_down(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    const struct shm_down_body *body = (const void *)frame->body;
    uint32_t index = actor_local(w, frame->to);
    if (index == 0 || shm_frame_body(frame) < sizeof *body || SHM_REF_SLOT(body->who) != slot)
        return 0;
    return watch_deliver(w, index, frame->corr, body);
}

static int on_stop(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    if (frame->to == 0 && slot == 0)
        w->stopping = true;
    else if (index != 0)
        actor_stop(w, index, SHM_SHUTDOWN);
    return 0;
}

/* One control frame, our own copy, within its turn. */
static int control(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    bool honest = slot == 0 || SHM_REF_SLOT(frame->from) == slot;
    if (!honest)
        return 0;
    switch (frame->kind) {
    case SHM_MONITOR:
        return on_monitor(w, frame);
    case SHM_DEMONITOR:
        if (actor_local(w, frame->to) != 0)
            watch_remove(w, actor_local(w, frame->to), frame->from, frame->corr);
        return 0;
    case SHM_DOWN:
        return on_down(w, slot, frame);
    case SHM_STOP:
        return on_stop(w, slot, frame);
    case SHM_ERROR:
        return take_reply(w, slot, frame, frame->size);
    case SHM_GRANT:
        if (slot == 0)
            pending_answer(w, frame->corr, frame->method, frame->body, shm_frame_body(frame), 0,
                           true);
        return 0;
    default:
        return 0;
    }
}

static bool slot_down(struct worker *w, const struct shm_frame *frame);

/* What a control frame wants done before its turn. False: it cannot be now. */
static bool before_control(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    if (frame->kind == SHM_SLOT_DOWN && slot == 0 &&
        shm_frame_body(frame) >= sizeof(struct shm_slot_down_body))
        return slot_down(w, frame);
    if (frame->kind != SHM_DOWN || shm_frame_body(frame) < sizeof(struct shm_down_body))
        return true;
    const struct shm_down_body *body = (const void *)frame->body;
    uint64_t published = shm_load_acquire(&w->port.in_ends[slot]->data), after = body->after;
    if ((int64_t)(after - published) > 0) /* a liar's, or a dead one's, which is drained first */
        after = published;
    while ((int64_t)(after - w->port.priv->read_data[slot]) > 0)
        if (drain_data(w, slot, after, UINT32_MAX) == 0)
            return w->port.in[slot].cut;
    return true;
}

static uint32_t drain_control(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget)
{
    struct shm_port *port = &w->port;
    struct shm_private *priv = port->priv;
    uint32_t taken = 0;
    bool malformed = false;
    for (; taken < budget; taken++) {
        uint64_t at = priv->read_control[slot];
        const struct shm_frame *lane = shm_lane_next(port, slot, SHM_CONTROL, &at, end, &malformed);
        uint32_t size = lane == NULL ? 0 : shm_load(&lane->size);
        if (lane == NULL || size < sizeof *lane || size & 7 || size > CONTROL_MAX ||
            size > end - at) {
            malformed |= lane != NULL;
            break;
        }
        uint8_t own[CONTROL_MAX] __attribute__((aligned(16)));
        struct shm_frame *frame = (struct shm_frame *)(void *)own;
        copy_frame(frame, lane, size);
        if (!before_control(w, slot, frame))
            break;
        shm_turn_begin(port, 0, 0);
        if (control(w, slot, frame) != 0) {
            turn_undo(w); /* no memory now: it stays in the lane */
            break;
        }
        shm_set(port, &priv->read_control[slot], at + size);
        if (frame->kind == SHM_SLOT_DOWN && slot == 0) {
            const struct shm_slot_down_body *body = (const void *)frame->body;
            if (body->slot < SHM_SLOTS)
                shm_set(port, &priv->seen_down[body->slot], body->incarnation);
        }
        turn_commit(w);
        port->read_dirty |= 1ull << slot;
    }
    if (malformed)
        accuse(w, slot, SHM_CONTROL, priv->read_control[slot]);
    return taken;
}

/* ---- a slot, dead or alive ---- */

/* Takes what a dead process had committed to send. False: no memory for all of it now. */
static bool drain_dead(struct worker *w, uint32_t slot, uint64_t turn)
{
    struct shm_port *port = &w->port;
    const uint64_t *read_data = &port->priv->read_data[slot];
    const uint64_t *read_control = &port->priv->read_control[slot];
    if (port->in[slot].cut)
        return true;
    bool malformed[2];
    uint64_t end = shm_lane_committed_end(port, slot, SHM_DATA, *read_data, turn, &malformed[0]);
    while (drain_data(w, slot, end, UINT32_MAX) != 0)
        ;
    bool all = *read_data == end;
    end = shm_lane_committed_end(port, slot, SHM_CONTROL, *read_control, turn, &malformed[1]);
    while (all && drain_control(w, slot, end, UINT32_MAX) != 0)
        ;
    all = all && *read_control == end;
    if (all && (malformed[0] || malformed[1]))
        port->in[slot].cut = true; /* its successor is not to blame for what lies there */
    return all || port->in[slot].cut;
}

/* A process has died: first what it sent, then what its watchers and askers are told. False: not
 * all of it could be done, and the notice stays in its lane. */
static bool slot_down(struct worker *w, const struct shm_frame *frame)
{
    const struct shm_slot_down_body *body = (const void *)frame->body;
    struct shm_port *port = &w->port;
    uint32_t slot = body->slot;
    if (slot == 0 || slot >= port->slots || slot == port->slot ||
        port->priv->seen_down[slot] >= body->incarnation)
        return true;
    if (!drain_dead(w, slot, body->turn) || !watch_slot_down(w, body))
        return false;
    if (body->will_restart && body->reason != SHM_CORRUPT)
        return true;
    int error = body->will_restart ? AX_E_CANCELED : AX_E_NO_ACTOR;
    pending_fail_slot(w, slot, error);
    return timer_fail_slot(w, slot, error);
}

/* Frames of a new process in a slot wait until the death of the old one has been dealt with. */
static bool present(struct worker *w, uint32_t slot)
{
    struct shm_in *in = &w->port.in[slot];
    uint32_t incarnation;
    if (!shm_lane_present(&w->port, slot, &incarnation))
        return false;
    if (shm_likely(incarnation == in->incarnation))
        return true;
    in->mended = in->cut ? 1u << SHM_DATA | 1u << SHM_CONTROL : 0;
    in->cut = false;
    in->incarnation = incarnation;
    return true;
}

static uint32_t drain_slot(struct worker *w, uint32_t slot, uint32_t budget)
{
    struct shm_port *port = &w->port;
    const struct shm_ends *ends = port->in_ends[slot];
    uint64_t control_end = shm_load_acquire(&ends->control); /* pairs with shm_lane_publish_slow */
    uint64_t data_end = shm_load_acquire(&ends->data);
    bool has_control = (int64_t)(control_end - port->priv->read_control[slot]) > 0;
    bool has_data = (int64_t)(data_end - port->priv->read_data[slot]) > 0;
    if (shm_likely(!has_control && !has_data))
        return 0;
    if (!present(w, slot))
        return 0;
    uint32_t taken = has_control ? drain_control(w, slot, control_end, budget) : 0;
    if (has_data && !port->in[slot].cut)
        taken += drain_data(w, slot, data_end, budget);
    if (shm_unlikely(port->in[slot].mended) && port->priv->read_data[slot] == data_end &&
        port->priv->read_control[slot] == control_end)
        port->in[slot].mended = 0;
    return taken;
}

uint32_t drain_lanes(struct worker *w, uint32_t budget)
{
    struct shm_port *port = &w->port;
    uint32_t taken = 0;
    uint64_t set = ++port->tick % ALL_LANES_EVERY == 0 ? port->all : port->hot;
    for (; set != 0; set &= set - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(set);
        uint32_t some = drain_slot(w, slot, budget);
        if (some != 0)
            port->seen |= 1ull << slot;
        taken += some;
    }
    if (port->tick % HOT_ROUNDS == 0) {
        port->hot = port->seen | 1; /* axsup's lane always: it tells of deaths */
        port->seen = 0;
    } else {
        port->hot |= port->seen;
    }
    return taken;
}
