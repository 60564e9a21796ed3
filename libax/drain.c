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

#include "libax/event.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <stdio.h>

#define ALL_LANES_EVERY 8u
#define HOT_ROUNDS 1024u

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

void drain_accuse(struct worker *w, uint32_t slot, uint32_t lane, uint64_t position)
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
    uint32_t taken = has_control ? drain_control(w, slot, control_end, budget, false) : 0;
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
