/* SPDX-License-Identifier: MIT */
/* libax/far.h - actors of other nodes: what is sent to them goes to the gateway's actor, wrapped
 * (libax/gateway.h); what comes from it is unwrapped here.
 *
 * A ref says where its actor is: node 0 is this node; GATEWAY_VIA, who stands for an actor
 * elsewhere, in the gateway's slot; any other number, the life of a node. In images that leave the
 * node its own actors have its own number, and get node 0 again where an image comes back. */
#ifndef LIBAX_FAR_H
#define LIBAX_FAR_H

#include "libax/worker.h"

/* As ax_tell_, ax_ask_ and ax_ask_async_, to a ref whose node is not 0. Also AX_E_UNSUPPORTED: the
 * system has no cluster; AX_E_NOT_ALLOWED: the message holds a ref that means nothing on another
 * node; AX_E_NODE_DOWN, AX_E_STALE, AX_E_BUSY. */
int far_tell(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, bool wait);
int far_ask(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, void *reply,
            uint64_t timeout_ns, bool wait);
int far_ask_async(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                  uint64_t timeout_ns, uint64_t *ask);

/* The reply to far_ask_async, as its actor knows it. `reply` is that of the gateway; false: it
 * makes no sense. What it points to lives as long as the hook. */
bool far_reply(struct ax_ctx *ctx, struct ax_reply *reply);

/* Whose end is to be told, whose node is not 0: *addr is who stands here for the actor that is
 * meant now, and ends with it; or *gone says why there is nobody. May suspend. 0 or the error. */
int far_watched(struct ax_ctx *ctx, struct ax_ref who, uint64_t *addr, uint8_t *gone);

/* ---- refs in images ---- */

/* Before an image leaves the node, and when one has come to it. AX_E_NOT_ALLOWED: there is a ref in
 * it to who only stands for another. */
int far_export(const struct worker *w, const struct ax_layout *layout, void *image);
void far_import(const struct worker *w, const struct ax_layout *layout, void *image);

/* What far_behind (far_serve.h) has put off. */
void far_run_behind(struct worker *w);

/* Does this slot speak for other nodes? */
static inline bool is_far(const struct worker *w, uint32_t slot)
{
    return shm_unlikely(slot == w->boot->gateway) && slot != 0 && slot != w->port.slot;
}

/* A ref as actors of this slot see it. */
static inline struct ax_ref ref_seen(const struct worker *w, uint64_t addr)
{
    return (struct ax_ref){addr, is_far(w, SHM_REF_SLOT(addr)) ? GATEWAY_VIA : 0};
}

/* Is it an address within this node, in whatever slot? */
static inline bool is_here(struct ax_ref ref)
{
    return ref.node == 0 || ref.node == GATEWAY_VIA;
}

#endif
