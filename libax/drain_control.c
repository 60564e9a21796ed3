/* SPDX-License-Identifier: MIT */
/* libax/drain_control.c - the control lane of a slot: watches, ends, grants, the death of a
 * process.
 *
 * A frame is copied, what it wants done before is done in turns of its own, and then it is dealt
 * with in one turn. */
#include "libax/drain.h"

#include "libax/ask.h"
#include "libax/far.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/link.h"
#include "libax/order.h"
#include "libax/record.h"
#include "libax/registry.h"
#include "libax/share.h"
#include "libax/stream.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/watch.h"

#define CONTROL_MAX 256u /* bytes of a frame */

static int on_monitor(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    if (index == 0)
        return watch_refuse(w, frame, watch_gone(w, w->port.slot));
    if (!share_of_records(w, slot))
        return watch_refuse(w, frame, SHM_OTHER);
    return watch_add(w, index, frame->from, frame->corr, frame->method != 0);
}

/* A slot tells the ends of its own actors, nobody else's. */
static int on_down(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    struct shm_down_body body;
    uint32_t index = actor_local(w, frame->to);
    if (index == 0 || !shm_down_read(frame, &body) || SHM_REF_SLOT(body.who) != slot)
        return 0;
    return watch_deliver(w, record_of(w, index, SHM_WATCHES, frame->corr), &body);
}

static int on_stop(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    const struct shm_stop_body *body = (const void *)frame->body;
    bool in_time = shm_frame_body(frame) >= sizeof *body;
    if (frame->to == 0 && slot == 0) {
        clock_read(w);
        w->stopping = true;
        w->stop_by = deadline_after(w->now, in_time ? body->within : AX_FOREVER);
        w->give_up_at = w->now + (w->stop_by - w->now) / 2;
        w->stops_now |= in_time && body->now != 0;
    } else if (frame->to == 0 && is_far(w, slot)) {
        lease_look_now(w);
    } else if (index != 0) {
        bool lost = frame->method == SHM_LEASE_LOST && is_far(w, slot);
        actor_told(w, index, lost ? SHM_LEASE_LOST : SHM_NORMAL);
    }
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
        return on_monitor(w, slot, frame);
    case SHM_DEMONITOR:
        if (actor_local(w, frame->to) != 0)
            watch_remove(w, actor_local(w, frame->to), frame->from, frame->corr);
        return 0;
    case SHM_DOWN:
        return on_down(w, slot, frame);
    case SHM_LINK:
        return link_asked(w, slot, frame);
    case SHM_UNLINK:
        link_undone(w, frame);
        return 0;
    case SHM_EXIT:
        return link_exit(w, slot, frame);
    case SHM_SINCE:
        return watch_since(w, slot, frame);
    case SHM_KILL:
        if (actor_local(w, frame->to) != 0)
            actor_kill(w, actor_local(w, frame->to));
        return 0;
    case SHM_ORDER:
        return order_arrived(w, frame);
    case SHM_REPLY:
        return drain_reply(w, slot, frame, frame->size);
    case SHM_STOP:
        return on_stop(w, slot, frame);
    case SHM_ERROR:
        return drain_reply(w, slot, frame, frame->size);
    case SHM_LOOKUP:
        return registry_serve(w, frame);
    case SHM_LIST:
        return registry_list_serve(w, frame);
    case SHM_FOUND:
        if (asked_of(w, 0, frame->corr, slot))
            pending_answer(w, frame->corr, frame->method, frame->body, shm_frame_body(frame), 0,
                           false);
        return 0;
    case SHM_LIFE:
        if (slot == 0 && shm_frame_body(frame) >= sizeof(struct shm_life_body))
            stream_heard(w, (const void *)frame->body);
        return 0;
    case SHM_GRANT:
        if (slot == 0)
            pending_answer(w, frame->corr, frame->method, frame->body, shm_frame_body(frame), 0,
                           true);
        return 0;
    default:
        return 0;
    }
}

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
    while (all && drain_control(w, slot, end, UINT32_MAX, true) != 0)
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
    /* they were accepted, and nobody can say that they will not be handled: an operator may start
     * the worker again */
    pending_fail_slot(w, slot, AX_E_CANCELED);
    return timer_fail_slot(w, slot, AX_E_CANCELED);
}

/* What a control frame wants done before its turn. False: it cannot be now. */
static bool before_control(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    if (frame->kind == SHM_SLOT_DOWN && slot == 0 &&
        shm_frame_body(frame) >= sizeof(struct shm_slot_down_body))
        return slot_down(w, frame);
    bool ordered = frame->kind == SHM_DOWN || frame->kind == SHM_EXIT;
    if (!ordered || shm_frame_body(frame) < SHM_DOWN_LEAST)
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

/* Does it take up no more than its slot's share? Else it stays in the lane. */
static bool is_fair(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    switch (frame->kind) {
    case SHM_MONITOR:
    case SHM_LINK:
    case SHM_ORDER:
    case SHM_LOOKUP:
    case SHM_LIST:
        return share_of_answers(w, slot);
    case SHM_DOWN:
    case SHM_EXIT:
        return index == 0 || frame->corr == 0 || share_of_mail(w, index);
    default:
        return true;
    }
}

uint32_t drain_control(struct worker *w, uint32_t slot, uint64_t end, uint32_t budget, bool dead)
{
    struct shm_port *port = &w->port;
    struct shm_private *priv = port->priv;
    uint32_t taken = 0, size;
    bool malformed = false;
    for (; taken < budget; taken++) {
        uint64_t at = priv->read_control[slot];
        const struct shm_frame *lane =
            shm_lane_next(port, slot, SHM_CONTROL, &at, end, &size, &malformed);
        if (lane == NULL || size > CONTROL_MAX) {
            malformed |= lane != NULL;
            break;
        }
        uint8_t own[CONTROL_MAX] __attribute__((aligned(16)));
        struct shm_frame *frame = (struct shm_frame *)(void *)own;
        drain_copy(frame, lane, size);
        if ((!dead && slot != 0 && !is_fair(w, slot, frame)) || !before_control(w, slot, frame))
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
                watch_note_death(w, body);
        }
        turn_commit(w);
        port->read_dirty |= 1ull << slot;
    }
    if (malformed)
        drain_accuse(w, slot, SHM_CONTROL, priv->read_control[slot]);
    return taken;
}
