/* SPDX-License-Identifier: MIT */
/* calls.c - what actors of this node send to others: requests of the core.
 *
 * An ask, and a tell to a key, is in hand until its request ends. Until then who waits for it, or
 * what is said of it if it is lost, is in a kept map as well, so that none goes with a process that
 * dies without a word; what it had sent nobody knows. */
#include "overlay/gateway/gw.h"
#include "overlay/gateway/tells.h"

#include <string.h>

#define PLACE_BITS 24u

/* ---- the table ---- */

static uint64_t token_of(const struct gw_call *call)
{
    return (uint64_t)call->serial << PLACE_BITS | (uint64_t)(call - gw.calls);
}

static struct gw_call *find(uint64_t token)
{
    uint64_t at = token & ((1u << PLACE_BITS) - 1);
    struct gw_call *call = at < gw.ncalls ? &gw.calls[at] : NULL;
    return call != NULL && call->kind != 0 && token_of(call) == token ? call : NULL;
}

static bool grow(void)
{
    uint32_t room = gw.ncalls == 0 ? 256 : 2 * gw.ncalls;
    struct gw_call *larger =
        room > 1u << PLACE_BITS ? NULL : reallocarray(gw.calls, room, sizeof *larger);
    if (larger == NULL)
        return false;
    memset(larger + gw.ncalls, 0, (room - gw.ncalls) * sizeof *larger);
    for (uint32_t i = room; i-- > gw.ncalls;) {
        larger[i].next_free = gw.free_call;
        gw.free_call = i + 1;
    }
    gw.calls = larger;
    gw.ncalls = room;
    return true;
}

static struct gw_call *take(struct ax_ctx *ctx, enum gw_call_kind kind)
{
    if (gw.free_call == 0 && !grow())
        gw_die(ctx, "no memory");
    struct gw_call *call = &gw.calls[gw.free_call - 1];
    gw.free_call = call->next_free;
    *call = (struct gw_call){.kind = (uint8_t)kind, .serial = call->serial + 1};
    return call;
}

static void give(struct gw_call *call)
{
    free(call->body);
    call->body = NULL;
    call->kind = 0;
    call->next_free = gw.free_call;
    gw.free_call = (uint32_t)(call - gw.calls) + 1;
}

/* ---- a request ---- */

static uint64_t deadline(uint64_t timeout_ns)
{
    return timeout_ns > UINT64_MAX / 2 - gw.now ? UINT64_MAX / 2 : gw.now + timeout_ns;
}

/* What has to find its way may be wanted again. */
static void keep_body(struct ax_ctx *ctx, struct gw_call *call, struct ax_span body)
{
    call->body = malloc(body.len + 1u);
    if (call->body == NULL)
        gw_die(ctx, "no memory");
    if (body.len > 0) /* without a byte it may be nowhere */
        memcpy(call->body, body.ptr, body.len);
    call->len = body.len;
}

/* 0: one that is answered ends by gw_calls_end. */
static int request(struct ax_ctx *ctx, struct ov_request *request)
{
    const struct ov_in in = {.kind = OV_IN_REQUEST, .request = request};
    return gw_step(ctx, &in, NULL);
}

static struct ax_span key_of(const uint64_t *token)
{
    return (struct ax_span){token, sizeof *token};
}

/* It is in hand no more, and so kept no more. */
static void forget(struct ax_ctx *ctx, unsigned map, uint64_t token)
{
    if (ax_map_delete(ctx, map, key_of(&token)) == AX_E_LIMIT)
        gw_die(ctx, "a request cannot be forgotten");
}

/* ---- tells ---- */

void gw_tell_lost(struct ax_ctx *ctx, const struct shm_tell_what *tell, int error)
{
    char whom[FAR_WHOM_MAX + 1];
    const struct far_lost letter = {.from = tell->from,
                                    .contract = tell->contract,
                                    .message = tell->message,
                                    .error = gw_status(error),
                                    .whom = gw_whom(ctx, tell->node, tell->addr, whom)};
    far_dead(ctx, &letter);
}

static void end_tell(struct ax_ctx *ctx, uint64_t token, int error)
{
    struct gw_call *call = find(token);
    if (error != 0)
        gw_tell_lost(ctx, &call->tell, error);
    forget(ctx, gateway_tells, token);
    give(call);
}

/* It ends by gw_calls_end. */
static void tell_key(struct ax_ctx *ctx, const struct shm_tell_what *tell, struct ov_request *to)
{
    struct gw_call *call = take(ctx, GW_TELL);
    to->token = token_of(call);
    call->tell = *tell;
    keep_body(ctx, call, to->body);
    int error = ax_map_put(ctx, gateway_tells, key_of(&to->token),
                           (struct ax_span){&call->tell, sizeof call->tell});
    if (error == 0)
        error = request(ctx, to);
    if (error != 0)
        end_tell(ctx, to->token, error);
}

void gw_calls_post(struct ax_ctx *ctx, const struct gateway_post *msg)
{
    const struct shm_tell_what tell = {.from = ax_sender(ctx).addr,
                                       .node = msg->node,
                                       .addr = msg->addr,
                                       .contract = msg->contract,
                                       .message = msg->message};
    struct gw_identity identity;
    struct ov_request to = {.kind = OV_TELL,
                            .deadline = deadline(gw.config.give_up_ns * 2),
                            .contract = msg->contract,
                            .method = msg->message,
                            .body = {ax_bytes(&msg->body), msg->body.len}};
    int error = gw_target(ctx, msg->node, msg->addr, &identity, &to.target);
    if (error != 0)
        gw_tell_lost(ctx, &tell, error);
    else if (identity.kind == GW_KEY)
        tell_key(ctx, &tell, &to);
    else
        gw_tells_send(ctx, &tell, &to);
}

/* ---- asks ---- */

static void answer(struct ax_ctx *ctx, const struct gw_call *call, int error, struct ax_span body)
{
    const struct gateway_call_reply reply = {.contract = call->contract, .message = call->message};
    const struct ax_part part = {offsetof(struct gateway_call_reply, body), body.len, body.ptr};
    const struct ax_outgoing out = {
        .size = sizeof reply, .fixed = &reply, .nparts = body.len > 0, .parts = &part};
    int failed = far_answer(ctx, &call->asker, error, &out);
    if (failed == AX_E_TOO_BIG) /* who has answered takes larger messages than this node */
        failed = far_answer(ctx, &call->asker, AX_E_TOO_BIG, &out);
    if (failed != 0)
        gw_die(ctx, "no memory for an answer");
}

/* Until it is answered it is kept who waits for it. */
static bool keep_asker(struct ax_ctx *ctx, struct gw_call *call)
{
    uint64_t token = token_of(call);
    const struct ax_span asker = {&call->asker, sizeof call->asker};
    far_defer(ctx, &call->asker);
    if (ax_map_put(ctx, gateway_asks, key_of(&token), asker) == 0)
        return true;
    answer(ctx, call, AX_E_NO_MEMORY, (struct ax_span){0});
    give(call);
    return false;
}

static void refuse(struct ax_ctx *ctx, uint64_t token, int error)
{
    struct gw_call *call = find(token);
    answer(ctx, call, gw_status(error), (struct ax_span){0});
    forget(ctx, gateway_asks, token);
    give(call);
}

void gw_calls_ask(struct ax_ctx *ctx, const struct gateway_call *msg)
{
    struct gw_call *call = take(ctx, GW_ASK);
    struct gw_identity identity;
    struct ov_request to = {.kind = OV_ASK,
                            .token = token_of(call),
                            .deadline = deadline(msg->timeout_ns),
                            .contract = msg->contract,
                            .method = msg->message,
                            .body = {ax_bytes(&msg->body), msg->body.len}};
    call->contract = msg->contract;
    call->message = msg->message;
    if (!keep_asker(ctx, call))
        return;
    int error = gw_target(ctx, msg->node, msg->addr, &identity, &to.target);
    if (error == 0 && identity.kind == GW_KEY)
        keep_body(ctx, call, to.body);
    if (error == 0)
        error = request(ctx, &to);
    if (error != 0)
        refuse(ctx, to.token, error);
}

/* Who has the key is to be found first. */
static void watch_key(struct ax_ctx *ctx, const struct gw_identity *identity)
{
    struct gw_call *call = take(ctx, GW_WATCH);
    uint64_t token = token_of(call);
    const struct ov_request request = {
        .kind = OV_ENSURE,
        .token = token,
        .deadline = gw.now + gw.config.give_up_ns,
        .contract = identity->contract,
        .target = {.registry = identity->registry, .key = {identity->key, identity->key_len}}};
    const struct ov_in in = {.kind = OV_IN_REQUEST, .request = &request};
    if (!keep_asker(ctx, call))
        return;
    int error = gw_step(ctx, &in, NULL);
    if (error != 0)
        refuse(ctx, token, error);
}

void gw_calls_watch(struct ax_ctx *ctx, const struct gateway_watch *msg,
                    struct gateway_watch_reply *reply)
{
    struct gw_identity identity;
    int error = gw_watch(ctx, msg->node, msg->addr, &reply->who, &identity);
    if (error != 0)
        gw_refuse(ctx, error);
    else if (identity.kind == GW_KEY)
        watch_key(ctx, &identity);
}

void gw_calls_lease(struct ax_ctx *ctx, uint64_t number, const struct ov_request *request)
{
    struct gw_call *call = take(ctx, GW_LEASE);
    struct ov_request own = *request;
    const struct ov_in in = {.kind = OV_IN_REQUEST, .request = &own};
    own.token = token_of(call);
    call->contract = number;
    if (gw_step(ctx, &in, NULL) != 0)
        give(find(own.token));
}

static void lose_tells(struct ax_ctx *ctx)
{
    struct ax_span key, value;
    for (uint64_t at = 0; ax_map_next(ctx, gateway_tells, &at, &key, &value) == 0;) {
        struct shm_tell_what tell;
        uint64_t token;
        memcpy(&tell, value.ptr, sizeof tell);
        memcpy(&token, key.ptr, sizeof token);
        gw_tell_lost(ctx, &tell, AX_E_NODE_DOWN);
        forget(ctx, gateway_tells, token);
        far_go_on(ctx);
    }
}

static void fail_asks(struct ax_ctx *ctx)
{
    struct gw_call call = {.kind = GW_ASK};
    struct ax_span key, value;
    uint64_t token;
    for (uint64_t at = 0; ax_map_next(ctx, gateway_asks, &at, &key, &value) == 0;) {
        memcpy(&call.asker, value.ptr, sizeof call.asker);
        memcpy(&token, key.ptr, sizeof token);
        answer(ctx, &call, AX_E_NODE_DOWN, (struct ax_span){0});
        forget(ctx, gateway_asks, token);
        far_go_on(ctx);
    }
}

void gw_calls_fail(struct ax_ctx *ctx)
{
    fail_asks(ctx);
    lose_tells(ctx);
    gw_tells_lose(ctx);
}

/* ---- what becomes of it ---- */

void gw_calls_ready(struct ax_ctx *ctx, const struct ov_out *out)
{
    const struct gw_call *call = find(out->token);
    struct gw_later *later = gw_later(ctx, call == NULL ? OV_IN_CANCEL : OV_IN_GO_ON);
    later->in.id = out->id;
    if (call != NULL)
        later->in.body = (struct ax_span){call->body, call->len};
}

static void end_watch(struct ax_ctx *ctx, const struct gw_later *later)
{
    const struct ov_out *out = &later->out;
    struct gateway_watch_reply reply = {0};
    const struct ax_outgoing found = {.size = sizeof reply, .fixed = &reply};
    struct gw_call *call = find(out->token);
    struct far_asker asker = call->asker;
    int error = out->status;
    forget(ctx, gateway_asks, out->token);
    give(call);
    if (error == 0)
        error = gw_watch_found(ctx, out, &reply.who);
    if (far_answer(ctx, &asker, gw_status(error), &found) != 0)
        gw_die(ctx, "no memory for an answer");
}

void gw_calls_end(struct ax_ctx *ctx, const struct ov_out *out)
{
    struct gw_call *call = find(out->token);
    if (call == NULL)
        return;
    switch (call->kind) {
    case GW_ASK:
        answer(ctx, call, out->status, out->body);
        forget(ctx, gateway_asks, out->token);
        break;
    case GW_WATCH:
        gw_run_later(ctx, end_watch)->out = *out;
        return;
    case GW_LEASE:
        gw_leases_answer(ctx, call->contract, out);
        break;
    default:
        end_tell(ctx, out->token, out->status);
        return;
    }
    give(find(out->token));
}
