/* SPDX-License-Identifier: MIT */
#include "libax/far.h"

#include "libax/ask.h"
#include "libax/gateway.h"
#include "libax/send.h"
#include "shm/names.h"

#include <stdlib.h>
#include <string.h>

#define LOCAL_NS AX_SECONDS(5) /* for what the gateway answers by itself */

/* Its only configured actor; addr 0: there is none. */
static struct ax_ref gateway(const struct worker *w)
{
    uint32_t slot = w->boot->gateway;
    if (slot == 0 || slot == w->port.slot)
        return (struct ax_ref){0};
    return (struct ax_ref){SHM_REF(slot, 1, shm_load(&w->port.directories[slot][1].gen)), 0};
}

/* The image of a message, as it leaves the node: padded as in a frame. */
static int wrap(struct worker *w, const struct ax_outgoing *out, uint8_t *image,
                struct ax_span *span)
{
    uint64_t bytes = outgoing_size(out);
    if (bytes > w->port.geo.max_message)
        return AX_E_TOO_BIG;
    uint32_t size = shm_frame_size((uint32_t)bytes) - (uint32_t)sizeof(struct shm_frame);
    memset(image + bytes, 0, size - bytes);
    if (out->size != 0)
        memcpy(image, out->fixed, out->size);
    post_parts(image, out->size, out->parts, out->nparts);
    *span = (struct ax_span){image, size};
    return far_export(w, out->contract->methods[out->method].msg, image);
}

int far_tell(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, bool wait)
{
    struct worker *w = ctx->worker;
    gateway_ref through = gateway_ref_of(gateway(w));
    uint64_t hash = contract_hash(w, out->contract);
    struct ax_span body;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    AX_TRY(wrap(w, out, w->scratch, &body));
    return wait ? gateway_post_wait(ctx, through, to.node, to.addr, hash, out->method, body)
                : gateway_post(ctx, through, to.node, to.addr, hash, out->method, body);
}

/* The reply's own image lies in that of the gateway's, which stays until the next suspension. */
static int unwrap(struct worker *w, const struct ax_outgoing *out,
                  const struct gateway_call_reply *from, void *reply)
{
    const struct ax_layout *layout = out->contract->methods[out->method].reply;
    uint8_t *image = (uint8_t *)(uintptr_t)ax_bytes(&from->body);
    if (from->message != out->method || from->contract != contract_hash(w, out->contract) ||
        image == NULL || !image_valid(layout, image, from->body.len))
        return AX_E_INVALID;
    far_import(w, layout, image);
    memcpy(reply, image, layout->size);
    ax_layout_relocate(layout, reply, image);
    return 0;
}

int far_ask(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, void *reply,
            uint64_t timeout_ns, bool wait)
{
    struct worker *w = ctx->worker;
    gateway_ref through = gateway_ref_of(gateway(w));
    uint64_t hash = contract_hash(w, out->contract);
    struct gateway_call_reply from;
    struct ax_span body;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    AX_TRY(wrap(w, out, w->scratch, &body));
    int error = wait ? gateway_call_wait(ctx, through, to.node, to.addr, hash, timeout_ns,
                                         out->method, body, &from, timeout_ns)
                     : gateway_call(ctx, through, to.node, to.addr, hash, timeout_ns, out->method,
                                    body, &from, timeout_ns);
    return error != 0 ? error : unwrap(w, out, &from, reply);
}

int far_ask_async(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                  uint64_t timeout_ns, uint64_t *ask)
{
    struct worker *w = ctx->worker;
    gateway_ref through = gateway_ref_of(gateway(w));
    struct ax_span body;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    int error = wrap(w, out, w->scratch, &body);
    return error != 0
               ? error
               : gateway_call_async(ctx, through, to.node, to.addr, contract_hash(w, out->contract),
                                    timeout_ns, out->method, body, timeout_ns, ask);
}

bool far_reply(struct ax_ctx *ctx, struct ax_reply *reply)
{
    const struct gateway_call_reply *from = gateway_call_reply_of(reply);
    if (from == NULL)
        return false;
    reply->contract = from->contract;
    reply->method = from->message;
    reply->size = from->body.len;
    reply->far = true;
    ctx->reply_heap = malloc(reply->size + 1u); /* aligned */
    if (ctx->reply_heap == NULL)
        return false;
    if (reply->size != 0)
        memcpy(ctx->reply_heap, ax_bytes(&from->body), reply->size);
    reply->body = ctx->reply_heap;
    return true;
}

static int watched(struct ax_ctx *ctx, struct ax_ref who, uint64_t *addr)
{
    gateway_ref through = gateway_ref_of(gateway(ctx->worker));
    struct gateway_watch_reply reply;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    AX_TRY(gateway_watch_wait(ctx, through, who.node, who.addr, &reply, LOCAL_NS));
    *addr = reply.who.addr;
    return 0;
}

int far_watched(struct ax_ctx *ctx, struct ax_ref who, uint64_t *addr, uint8_t *gone)
{
    int error = watched(ctx, who, addr);
    switch (error) {
    case AX_E_NODE_DOWN:
        *gone = SHM_NODE_DOWN;
        return 0;
    case AX_E_STALE:
        *gone = SHM_LEASE_LOST;
        return 0;
    case AX_E_NO_ACTOR:
    case AX_E_CLOSED:
    case AX_E_UNSUPPORTED:
        *gone = SHM_GONE;
        return 0;
    default:
        return error;
    }
}

/* ---- what actors call ---- */

int ax_ref_key_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *registry,
                struct ax_span key, struct ax_ref *out)
{
    gateway_ref through = gateway_ref_of(gateway(ctx->worker));
    struct gateway_key_reply reply;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    if (registry == NULL || key.len == 0 || key.len > AX_KEY_MAX)
        return AX_E_INVALID;
    AX_TRY(gateway_key_wait(ctx, through, registry, key, contract_hash(ctx->worker, contract),
                            &reply, LOCAL_NS));
    *out = (struct ax_ref){reply.who.addr, GATEWAY_VIA};
    return 0;
}

int ax_ref_at_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *node,
               const char *name, struct ax_ref *out)
{
    gateway_ref through = gateway_ref_of(gateway(ctx->worker));
    struct gateway_endpoint_reply reply;
    if (through.ref.addr == 0)
        return AX_E_UNSUPPORTED;
    if (node == NULL || name == NULL || !shm_name_valid(name))
        return AX_E_INVALID;
    AX_TRY(gateway_endpoint_wait(ctx, through, node, name, contract_hash(ctx->worker, contract),
                                 &reply, LOCAL_NS));
    *out = (struct ax_ref){reply.who.addr, GATEWAY_VIA};
    return 0;
}
