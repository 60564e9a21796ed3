/* SPDX-License-Identifier: MIT */
/* alike.c - whether nodes are configured alike. Where two count the shards of a registry in
 * different ways, or keep leases in different places, a key may have an actor on each: nothing else
 * would show it. So whoever has a new session with a node says what it has, and the other one
 * compares. */
#include "libax/gateway_event.h"

#include "overlay/gateway/gw.h"
#include "overlay/gateway/own.h"

#include <stdio.h>
#include <string.h>

#define WHAT 256u /* bytes of a difference in words */

/* ---- says ---- */

/* What does not get there is said again with the next session. */
static void say(struct ax_ctx *ctx, uint32_t node, enum node_config_method method,
                const void *fixed)
{
    struct gw_image image;
    struct ov_request request = {
        .kind = OV_TELL,
        .unanswered = true,
        .deadline = gw.now + gw.config.give_up_ns,
        .contract = ax_contract_hash(&node_config_contract),
        .method = (uint16_t)method,
        .body = gw_flatten(node_config_contract.methods[method].msg, fixed, &image),
    };
    const struct ov_in in = {.kind = OV_IN_REQUEST, .request = &request};
    if (gw_own_target(node, GW_CONFIG, &request.target))
        (void)gw_step(ctx, &in, NULL);
}

static void say_all(struct ax_ctx *ctx, const struct gw_later *later)
{
    struct node_config_store store = {0};
    if (gw.config.nregistries == 0)
        return;
    gw_set_text(&store.leases, gw.store.is);
    say(ctx, later->out.node, node_config_method_store, &store);
    for (uint32_t i = 0; i < gw.config.nregistries; i++) {
        struct node_config_registry registry = {.shards = gw.registries[i].shards};
        gw_set_text(&registry.name, gw.registries[i].name);
        say(ctx, later->out.node, node_config_method_registry, &registry);
    }
}

void gw_alike_node_up(struct ax_ctx *ctx, uint32_t node)
{
    gw_run_later(ctx, say_all)->out.node = node;
}

/* ---- compares ---- */

/* In `what`, in words. */
static bool store_differs(struct ax_span body, char what[WHAT])
{
    struct gw_image image;
    const struct node_config_store *store = (const void *)image.bytes;
    if (!gw_take_image(node_config_contract.methods[node_config_method_store].msg, body, &image))
        return false;
    snprintf(what, WHAT, "leases: %s there, %s here", ax_str(&store->leases), gw.store.is);
    return gw.config.nregistries > 0 && strcmp(ax_str(&store->leases), gw.store.is) != 0;
}

/* A registry that is not here is no difference: it is added node by node. */
static bool registry_differs(struct ax_span body, char what[WHAT])
{
    struct gw_image image;
    const struct node_config_registry *registry = (const void *)image.bytes;
    if (!gw_take_image(node_config_contract.methods[node_config_method_registry].msg, body, &image))
        return false;
    uint32_t own = gw_registry(ax_str(&registry->name));
    if (own == OV_NO_REGISTRY || gw.registries[own].shards == registry->shards)
        return false;
    snprintf(what, WHAT, "%s: %u shards there, %u here", gw.registries[own].name, registry->shards,
             gw.registries[own].shards);
    return true;
}

bool gw_alike_serve(struct ax_ctx *ctx, const struct ov_out *out)
{
    const struct ov_frame *frame = out->frame;
    struct ov_node_view view;
    char what[WHAT];
    if (out->kind != OV_OUT_TELL || out->handle != 0 || !gw_is_for(frame, GW_CONFIG))
        return false;
    bool differs = frame->method == node_config_method_store ? store_differs(frame->body, what)
                                                             : registry_differs(frame->body, what);
    if (!differs || !ov_core_node(ov_cluster_core(gw.cluster), out->node, &view))
        return true;
    const struct gateway_news news = {.what = GATEWAY_CONFIG_DIFFERS,
                                      .name = view.node,
                                      .number = view.ident.session,
                                      .why = what};
    gateway_event(ctx, &news);
    ax_log(
        ctx, AX_ERROR,
        "node %s is configured in another way, so a key may have an actor there and one here: %s",
        view.node, what);
    return true;
}
