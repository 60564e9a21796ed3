/* SPDX-License-Identifier: MIT */
/* libax/send.h - what users send: is it admitted, and then it is posted. */
#ifndef LIBAX_SEND_H
#define LIBAX_SEND_H

#include "libax/post.h"

/* May a message of `bytes` for this contract go to `to` now? 0, AX_E_FULL, AX_E_CLOSED,
 * AX_E_NO_ACTOR, AX_E_WRONG_CONTRACT, AX_E_TOO_BIG, AX_E_NO_MEMORY, AX_E_LIMIT. */
int admit(struct worker *w, uint64_t to, const struct ax_contract *contract, uint64_t bytes);
/* Is it there, as its directory says? 0, AX_E_NO_ACTOR, AX_E_CLOSED; AX_E_FULL: that is not known
 * before its slot has a process again. */
int look_at_life(struct worker *w, uint64_t to);
/* Would it not be AX_E_FULL now? Changes nothing, needs no turn, and may be wrong. */
bool may_have_room(struct worker *w, uint64_t to, uint32_t bytes);
/* The same of the lane to another slot, for a frame of that size. */
bool lane_may_hold(struct worker *w, uint32_t slot, uint32_t frame);
/* Admits and sends one message of the current actor, in its turn; the same outcomes. */
int send_once(struct ax_ctx *ctx, uint64_t to, const struct ax_outgoing *out, uint8_t kind,
              uint64_t corr);

static inline uint64_t outgoing_size(const struct ax_outgoing *out)
{
    return image_size(out->size, out->parts, out->nparts);
}

/* Is that an image of the layout, as it comes in a frame? */
static inline bool image_valid(const struct ax_layout *layout, const void *body, uint32_t size)
{
    if (shm_likely(layout->plain))
        return size == shm_round(layout->size, 8);
    return ax_layout_validate(layout, body, size) == 0;
}

/* Messages that a sender sends to an actor elsewhere before it looks at its depth again, at most.
 */
#define CREDIT_MOST 256u

/* What a turn may log is bounded. Users leave so many words to what its end must log. */
#define LOG_MARGIN 256u

static inline bool log_room_for_user(const struct worker *w)
{
    return shm_log_room(&w->port, LOG_MARGIN);
}

/* An actor that has just got a message may be above its high watermark now. In the open turn. */
void note_depth(struct worker *w, struct shm_actor *actor);

/* A contract of which this process knows the hash alone, by its name's address. */
struct hashed_contract {
    struct ax_contract as;
    uint64_t hash;
};
extern const char hashed_contract_name[];

/* ax_contract_hash, remembered by address. */
uint64_t contract_hash(struct worker *w, const struct ax_contract *contract);
/* It is about to be another one at the same address. */
void contract_forget(struct worker *w, const struct ax_contract *contract);

/* Is it the contract of that type of actor? Each file that sends has one of its own, equal to the
 * actor's; the last that was is known by its address. */
bool contract_is_slow(struct worker *w, uint32_t type, const struct ax_contract *contract);
static inline bool contract_is(struct worker *w, uint32_t type, const struct ax_contract *contract)
{
    return shm_likely(w->contracts[type].known == contract) || contract_is_slow(w, type, contract);
}

#endif
