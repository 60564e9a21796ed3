/* SPDX-License-Identifier: MIT */
/* ax/order.h - asking about actors: what the directory says of them, pings, snapshots.
 *
 * Included by <ax/actor.h>. As there, each call is valid only inside a handler or hook. */
#ifndef AX_ORDER_H
#define AX_ORDER_H

#include <ax/types.h>

/* Orders: they wait in the actor's control mailbox, which it empties before it takes messages, and
 * are answered also where nobody would look at a message. A timeout of 0 is the default. Both may
 * suspend, and return 0, AX_E_NO_ACTOR, AX_E_CLOSED, AX_E_FULL (of orders), AX_E_CANCELED (it ended
 * meanwhile), AX_E_TIMEOUT, AX_E_LIMIT, AX_E_NO_MEMORY. */

/* Is it there, and does its worker go its rounds? Default 1 s. It is answered also where the actor
 * awaits something or waits for its restart. */
AX_MUST_USE int ax_ping(struct ax_ctx *ctx, struct ax_ref who, uint64_t timeout_ns);
/* Lets it run its `snapshot` hook between two messages; what that has kept is in *out until this
 * actor's next suspension or the end of the handler. Default 3 s. Also AX_E_UNSUPPORTED (it has no
 * such hook), AX_E_FAILED (the hook failed, which is a failure of the actor, or kept nothing),
 * AX_E_DEADLOCK. */
AX_MUST_USE int ax_take_snapshot(struct ax_ctx *ctx, struct ax_ref who, struct ax_span *out,
                                 uint64_t timeout_ns);
/* The bytes become this actor's snapshot, with the turn; its `restore` gets the last one at the
 * beginning of the next incarnation (of an actor with kept state: at that of the first alone). To
 * be called from the `snapshot` hook and from any handler. Up to max_message bytes, which are
 * copied. Returns 0, AX_E_TOO_BIG, AX_E_NO_MEMORY, AX_E_LIMIT. Never suspends. */
AX_MUST_USE int ax_keep_snapshot(struct ax_ctx *ctx, const void *data, uint32_t size);

/* What is known of an actor of this node without asking it, beside ax_meters; of one in this
 * worker as the turn has left it so far, elsewhere as it was a moment ago. A local read that never
 * suspends. */
struct ax_status {
    bool closed;     /* takes no message any more */
    bool terminated; /* is gone; then the rest is 0 */
    uint32_t incarnation;
    uint32_t mailbox, control_mailbox; /* how many wait */
    uint32_t inflight;                 /* 1: it awaits something in the middle of a message */
};
void ax_status(struct ax_ctx *ctx, struct ax_ref who, struct ax_status *out);

#endif
