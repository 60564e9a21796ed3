/* SPDX-License-Identifier: MIT */
/* libax/post.h - frames into mailboxes and lanes.
 *
 * Nothing here is refused but for want of memory. What a full lane cannot take waits in the
 * overflow queue of that lane, in order, and while it does users get AX_E_FULL there. */
#ifndef LIBAX_POST_H
#define LIBAX_POST_H

#include "libax/memory.h"
#include "libax/meter.h"
#include "libax/turn.h"

#include <string.h>

struct post { /* one frame to be sent */
    uint64_t to, from, corr;
    uint64_t stamp; /* in a mailbox: the contract's hash for replies */
    const void *fixed;
    const struct ax_part *parts;
    uint32_t size, nparts;
    uint16_t method;
    uint8_t kind;
};

/* Writes the frame of a post where there is room for it. */
void post_fill(struct shm_frame *frame, const struct post *post);
/* Into a local mailbox, whatever its capacity. 0, AX_E_NO_MEMORY, AX_E_LIMIT. */
int post_local(struct worker *w, uint32_t actor, const struct post *post);
/* To another slot, through its overflow queue where the lane is full. 0, AX_E_NO_MEMORY,
 * AX_E_LIMIT. */
int post_slot(struct worker *w, uint32_t slot, uint32_t lane, const struct post *post);
/* To wherever `post->to` lives: its mailbox, or the lane of its slot. Also AX_E_NO_ACTOR. */
int post_anywhere(struct worker *w, uint32_t lane, const struct post *post);

/* Moves what waits in overflow queues into lanes that have room again. How many frames moved. */
uint32_t flush_overflow(struct worker *w);

/* Bytes of an image; 64 bits, for the lengths of parts are the user's. */
static inline uint64_t image_size(uint32_t fixed, const struct ax_part *parts, uint32_t nparts)
{
    uint64_t size = fixed;
    for (uint32_t i = 0; i < nparts; i++)
        size += (uint64_t)parts[i].len + 1;
    return size;
}

/* ---- for post.c and send.c ---- */

/* The variable parts, behind `at` bytes of the image. */
void post_parts(uint8_t *body, uint32_t at, const struct ax_part *parts, uint32_t nparts);

static inline void copy_image(void *to, const void *from, uint32_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 64)
        memcpy(to, from, 64);
    else if (size != 0)
        memcpy(to, from, size);
}

/* A post that no call is given the address of is never in memory; so these are part of their
 * callers, and what they call gets its fields. */
#define FORCED static inline __attribute__((always_inline))

FORCED void fill_frame(struct shm_frame *frame, uint32_t size, const struct post *post,
                       uint64_t stamp)
{
    frame->size = size;
    frame->method = post->method;
    frame->kind = post->kind;
    frame->pad = 0;
    frame->to = post->to;
    frame->from = post->from;
    frame->corr = post->corr;
    frame->stamp = stamp;
    copy_image(frame->body, post->fixed, post->size);
    if (post->nparts != 0)
        post_parts(frame->body, post->size, post->parts, post->nparts);
}

FORCED uint32_t post_size(const struct post *post)
{
    return shm_frame_size((uint32_t)image_size(post->size, post->parts, post->nparts));
}

/* To a chain that has been logged. What users send leaves some of the memory free. */
FORCED int append_post(struct worker *w, struct shm_chain *chain, const struct post *post,
                       uint32_t size, uint64_t stamp, bool user)
{
    uint64_t word = 0;
    if (shm_likely(shm_chain_fits(&w->port, chain, size)))
        word = chain->tail + size;
    else if (!user || memory_room(w, size / SHM_UNIT + 16))
        word = shm_chain_grow(&w->port, chain, size);
    if (shm_unlikely(word == 0))
        return AX_E_NO_MEMORY;
    fill_frame(shm_chain_frame(&w->port, word - size), size, post, stamp);
    shm_chain_append(&w->port, chain, word);
    return 0;
}

/* The log has room. */
FORCED int into_mailbox(struct worker *w, uint32_t actor, const struct post *post, uint32_t size,
                        bool user)
{
    struct shm_actor *target = actor_at(w, actor);
    shm_chain_log(&w->port, &target->mail, &target->logged);
    int error = append_post(w, &target->mail, post, size, post->stamp, user);
    if (error == 0) {
        meter_sent(w, actor);
        runq_push(w, actor);
    }
    return error;
}

/* The log has room. What users send does not wait behind a full lane: AX_E_FULL. */
FORCED int into_lane(struct worker *w, uint32_t slot, uint32_t lane, const struct post *post,
                     uint32_t size, bool user)
{
    struct shm_port *port = &w->port;
    struct shm_chain *over =
        lane == SHM_DATA ? &port->priv->over_data[slot] : &port->priv->over_control[slot];
    if (shm_likely(over->tail == 0)) {
        struct shm_frame *frame = shm_lane_reserve(port, slot, lane, size);
        if (frame != NULL) {
            fill_frame(frame, size, post, port->turn);
            shm_lane_stage(port, slot, lane, size);
            w->pressing |= shm_lane_half_full(port, slot);
            return 0;
        }
    }
    if (user)
        return AX_E_FULL;
    w->over |= 1ull << slot;
    shm_chain_log_again(port, over);
    return append_post(w, over, post, size, 0, false);
}

#endif
