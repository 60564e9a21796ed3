/* SPDX-License-Identifier: MIT */
#include "libax/post.h"

void post_parts(uint8_t *body, uint32_t at, const struct ax_part *parts, uint32_t nparts)
{
    for (uint32_t i = 0; i < nparts; i++) {
        const struct ax_part *part = &parts[i];
        const struct ax_str field = {.off = (int64_t)at - part->field, .len = part->len};
        memcpy(body + part->field, &field, sizeof field);
        if (part->len != 0)
            memcpy(body + at, part->ptr, part->len);
        body[at + part->len] = 0;
        at += part->len + 1;
    }
}

void post_fill(struct shm_frame *frame, const struct post *post)
{
    fill_frame(frame, post_size(post), post, post->stamp);
}

int post_local(struct worker *w, uint32_t actor, const struct post *post)
{
    return shm_log_room(&w->port, SHM_CHAIN_WORDS)
               ? into_mailbox(w, actor, post, post_size(post), false)
               : AX_E_LIMIT;
}

int post_slot(struct worker *w, uint32_t slot, uint32_t lane, const struct post *post)
{
    return shm_log_room(&w->port, SHM_CHAIN_WORDS)
               ? into_lane(w, slot, lane, post, post_size(post), false)
               : AX_E_LIMIT;
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
