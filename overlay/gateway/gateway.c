/* SPDX-License-Identifier: MIT */
/* gateway.c - the actor of the process that speaks with other nodes. */
#define AX_IMPLEMENT
#include "libax/gateway.h"

#include "overlay/gateway/gw.h"
#include "overlay/gateway/remote.h"
#include "shm/frame.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_LEAST 16u

struct gateway {
    char none;
};

struct gw gw;

void gw_die(struct ax_ctx *ctx, const char *why)
{
    ax_log(ctx, AX_ERROR, "%s: the gateway begins anew", why);
    abort();
}

void *gw_grow(struct ax_ctx *ctx, void *array, uint32_t *room, size_t size)
{
    *room = *room == 0 ? ROOM_LEAST : 2 * *room;
    array = reallocarray(array, *room, size);
    if (array == NULL)
        gw_die(ctx, "no memory");
    return array;
}

void gw_refuse(struct ax_ctx *ctx, int error)
{
    struct far_asker asker;
    far_defer(ctx, &asker);
    if (far_answer(ctx, &asker, gw_status(error), NULL) != 0)
        gw_die(ctx, "no memory for an answer");
}

/* ---- its life ---- */

static void dial_peers(struct ax_ctx *ctx)
{
    for (uint32_t i = 0; i < gw.book.npeers; i++)
        (void)gw_link_event(ctx,
                            (struct ov_event){.kind = OV_ON_KNOW, .node = gw.book.peers[i].node});
}

/* Those of the process before look for what nobody waits for any more. */
static void dismiss_clerks(struct ax_ctx *ctx)
{
    struct ax_span key, value;
    for (uint64_t at = 0; ax_map_next(ctx, gateway_clerks, &at, &key, &value) == 0;) {
        struct ax_ref clerk;
        memcpy(&clerk, value.ptr, sizeof clerk);
        if (far_end(ctx, clerk, AX_NORMAL, false) == AX_E_LIMIT)
            gw_die(ctx, "its actors cannot end");
    }
}

/* 0; AX_E_SHUTTING_DOWN. */
static int hire_clerk(struct ax_ctx *ctx, uint32_t home, uint32_t nth)
{
    const uint32_t number = home * GW_CLERKS_EACH + nth;
    const struct ax_span key = {(const char *)&number, sizeof number};
    clerk_ref clerk;
    int error = clerk_spawn(ctx, &(struct ax_spawn){.capacity = 65536}, &clerk);
    if (error == AX_E_SHUTTING_DOWN)
        return error;
    if (error == 0)
        error = ax_map_put(ctx, gateway_clerks, key,
                           (struct ax_span){(const char *)&clerk.ref, sizeof clerk.ref});
    if (error != 0)
        gw_die(ctx, "no room for its actors");
    gw.clerks[home][nth] = clerk.ref;
    return 0;
}

static void hire_clerks(struct ax_ctx *ctx)
{
    dismiss_clerks(ctx);
    for (uint64_t homes = far_homes(ctx); homes != 0; homes &= homes - 1)
        for (uint32_t nth = 0; nth < GW_CLERKS_EACH; nth++) {
            if (hire_clerk(ctx, (uint32_t)__builtin_ctzll(homes), nth) != 0)
                return;
            far_go_on(ctx);
        }
}

/* ---- it leaves ----
 *
 * That it does is kept under no key, and beside it who waits for it, each under itself. */

static void keep_leaving(struct ax_ctx *ctx, struct ax_span key)
{
    if (ax_map_put(ctx, gateway_leaving, key, key) != 0)
        gw_die(ctx, "no memory to note that the node leaves");
}

static bool is_leaving(struct ax_ctx *ctx)
{
    struct ax_span none;
    return ax_map_get(ctx, gateway_leaving, (struct ax_span){"", 0}, &none) == 0;
}

void gw_drained(struct ax_ctx *ctx)
{
    struct ov_cluster_view view;
    struct ax_span key, value;
    if (!gw.waited_for)
        return;
    ov_cluster_look(gw.cluster, &view); /* looks through tables */
    if (view.held > 0 || gw_closing_any())
        return;
    for (uint64_t at = 0; ax_map_next(ctx, gateway_leaving, &at, &key, &value) == 0;) {
        const struct ax_outgoing nothing = {0};
        struct far_asker drainer;
        if (key.len == 0)
            continue;
        memcpy(&drainer, value.ptr, sizeof drainer);
        if (far_answer(ctx, &drainer, 0, &nothing) != 0)
            gw_die(ctx, "no memory for an answer");
        if (ax_map_delete(ctx, gateway_leaving, (struct ax_span){&drainer, sizeof drainer}) != 0)
            gw_die(ctx, "who waits for a drain cannot be forgotten");
        far_go_on(ctx);
    }
    gw.waited_for = false;
}

static void start(struct ax_ctx *ctx, struct gateway *self)
{
    uint64_t listener;
    (void)self;
    memset(&gw, 0, sizeof gw);
    gw.tick_at = gw.sweep_at = gw.look_at = gw.room_at = gw.slow_at = UINT64_MAX;
    gw_clock();
    int error = gw_setup(ctx);
    if (error == 0)
        error = ax_io_listen(ctx, "cluster", &listener);
    if (error != 0) { /* the process ends, as it is for the process that there is a policy */
        ax_log(ctx, AX_ERROR, "cannot begin: %s (%s)", ax_strerror(error), ax_error_name(error));
        _exit(EXIT_FAILURE);
    }
    far_refuse(ctx, false); /* as the process before may have */
    gw_stand_ins_open(ctx);
    gw_calls_fail(ctx);
    gw_leases_open(ctx);
    gw_closing_open(ctx);
    hire_clerks(ctx);
    gw.waited_for = is_leaving(ctx);
    if (gw.waited_for)
        gw_closing_leave(ctx);
    gw_step(ctx, &(struct ov_in){.kind = gw.waited_for ? OV_IN_DRAIN : OV_IN_TIMER}, NULL);
    dial_peers(ctx);
}

void gateway_on_tick(struct ax_ctx *ctx, struct gateway *self, const struct gateway_tick *msg)
{
    (void)self, (void)msg;
    gw_disarm(ctx);
    gw_clock();
    gw_stand_ins_look(ctx);
    gw_slow_look(ctx);
    gw_waiting_look(ctx);
    gw_leases_run(ctx);
    gw_closing_look(ctx);
    gw_news_look(ctx);
    (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}

static void on_io(struct ax_ctx *ctx, struct gateway *self, const struct ax_io_event *event)
{
    (void)self;
    if (event->io != gw.store.io || gw.store.io == 0) {
        gw_links_io(ctx, event);
        return;
    }
    gw_leases_run(ctx);
    (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}

static void on_reply(struct ax_ctx *ctx, struct gateway *self, const struct ax_reply *reply)
{
    (void)self;
    gw_serve_reply(ctx, reply);
}

static void on_down(struct ax_ctx *ctx, struct gateway *self, const struct ax_down *down)
{
    (void)self;
    gw_serve_down(ctx, down);
}

/* ---- what actors want ---- */

void gateway_on_post(struct ax_ctx *ctx, struct gateway *self, const struct gateway_post *msg)
{
    (void)self;
    gw_calls_post(ctx, msg);
}

void gateway_on_call(struct ax_ctx *ctx, struct gateway *self, const struct gateway_call *msg,
                     struct gateway_call_reply *reply)
{
    (void)self, (void)reply;
    gw_calls_ask(ctx, msg);
}

void gateway_on_key(struct ax_ctx *ctx, struct gateway *self, const struct gateway_key *msg,
                    struct gateway_key_reply *reply)
{
    struct gw_identity identity = {.kind = GW_KEY,
                                   .contract = msg->contract,
                                   .registry = gw_registry(ax_str(&msg->registry)),
                                   .key_len = (uint8_t)msg->key.len};
    (void)self;
    int error = AX_E_INVALID;
    if (identity.registry != OV_NO_REGISTRY && msg->key.len > 0 &&
        msg->key.len <= sizeof identity.key) {
        memcpy(identity.key, ax_bytes(&msg->key), msg->key.len);
        error = gw_stand_in(ctx, &identity, &reply->who);
    }
    if (error != 0)
        gw_refuse(ctx, error);
}

void gateway_on_endpoint(struct ax_ctx *ctx, struct gateway *self,
                         const struct gateway_endpoint *msg, struct gateway_endpoint_reply *reply)
{
    struct gw_identity identity = {.kind = GW_ENDPOINT, .contract = msg->contract};
    struct ax_span node = {ax_str(&msg->node), msg->node.len};
    (void)self;
    int error = AX_E_INVALID;
    if (ov_node_valid(node) && msg->name.len > 0 && msg->name.len < sizeof identity.endpoint) {
        memcpy(identity.name, node.ptr, node.len);
        memcpy(identity.endpoint, ax_str(&msg->name), msg->name.len);
        error = gw_stand_in(ctx, &identity, &reply->who);
    }
    if (error != 0)
        gw_refuse(ctx, error);
}

void gateway_on_watch(struct ax_ctx *ctx, struct gateway *self, const struct gateway_watch *msg,
                      struct gateway_watch_reply *reply)
{
    (void)self;
    gw_calls_watch(ctx, msg, reply);
}

void gateway_on_found(struct ax_ctx *ctx, struct gateway *self, const struct gateway_found *msg)
{
    (void)self;
    if (SHM_REF_SLOT(ax_sender(ctx).addr) != SHM_REF_SLOT(ax_self(ctx).addr))
        return; /* no clerk says so */
    gw_serve_found(ctx, msg);
    (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}

/* ---- what axsup wants ---- */

/* No actor is in its slot. */
static bool is_axsup(struct ax_ctx *ctx)
{
    return SHM_REF_SLOT(ax_sender(ctx).addr) == 0;
}

void gateway_on_inspect(struct ax_ctx *ctx, struct gateway *self, const struct gateway_inspect *msg,
                        struct gateway_inspect_reply *reply)
{
    char text[GW_SHOW_ROOM];
    (void)self;
    int error = gw_show(ax_str(&msg->what), msg->from, text, gw.show_room, &reply->next);
    if (error == 0)
        error = ax_reply_str(ctx, &reply->items, text);
    if (error != 0)
        gw_refuse(ctx, error);
}

void gateway_on_drain(struct ax_ctx *ctx, struct gateway *self, const struct gateway_drain *msg,
                      struct gateway_drain_reply *reply)
{
    struct far_asker drainer = {0};
    (void)self, (void)msg, (void)reply;
    if (!is_axsup(ctx)) {
        gw_refuse(ctx, AX_E_NOT_ALLOWED);
        return;
    }
    far_defer(ctx, &drainer);
    keep_leaving(ctx, (struct ax_span){"", 0});
    keep_leaving(ctx, (struct ax_span){&drainer, sizeof drainer});
    gw.waited_for = true;
    gw_closing_leave(ctx);
    (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL);
    gw_drained(ctx);
}

/* Whom to trust is for axsup alone to say. */
void gateway_on_learn(struct ax_ctx *ctx, struct gateway *self, const struct gateway_learn *msg,
                      struct gateway_learn_reply *reply)
{
    char why[GW_WHY_ROOM] = "";
    (void)self;
    if (!is_axsup(ctx)) {
        gw_refuse(ctx, AX_E_NOT_ALLOWED);
        return;
    }
    reply->error = gw_learn(ctx, ax_str(&msg->args), why, sizeof why);
    if (ax_reply_str(ctx, &reply->why, why) != 0)
        gw_die(ctx, "no memory for an answer");
}

AX_ACTOR(gateway, .on_start = start, .on_restart = start, .on_io = on_io, .on_reply = on_reply,
         .on_down = on_down);
AX_PLUGIN("gateway", &gateway_actor, &remote_actor, &clerk_actor);
