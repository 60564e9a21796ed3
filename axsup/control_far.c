/* SPDX-License-Identifier: MIT */
/* control_far.c - messages to an actor of a registry of the cluster, "users/alice", on whatever
 * node it is. The gateway is asked twice: who stands for the key, and then that it sends the
 * message and brings the reply. */
#include "axsup/cluster.h"
#include "axsup/control_client.h"
#include "axsup/message.h"
#include "libax/boot.h"
#include "libax/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct control_far { /* what a client waits for */
    const struct ax_contract *contract;
    const struct ax_method *method;
    uint64_t deadline; /* sup_clock */
    size_t size;
    uint8_t image[];
};

static const struct sup_registry_config *registry_of(const struct sup_config *config,
                                                     const char *name, size_t len)
{
    for (size_t w = 0; w < config->n_workers; w++)
        for (size_t r = 0; r < config->workers[w].n_registries; r++) {
            const struct sup_registry_config *registry = &config->workers[w].registries[r];
            uint32_t shards, first;

            if (strlen(registry->name) != len || memcmp(registry->name, name, len) != 0)
                continue;
            sup_cluster_shards(config, registry->name, &shards, &first);
            return shards != 0 ? registry : NULL;
        }
    return NULL;
}

bool sup_control_is_far(const struct control_client *client, const char *actor)
{
    const char *slash = strchr(actor, '/');

    return slash != NULL && slash[1] != '\0' &&
           registry_of(client->control->sup->config, actor, (size_t)(slash - actor)) != NULL;
}

void sup_control_far_free(struct control_client *client)
{
    free(client->far);
    client->far = NULL;
}

/* ---- what the gateway is asked ---- */

static void set_bytes(struct ax_bytes *field, const void *ptr, size_t len)
{
    *field =
        (struct ax_bytes){.off = (const char *)ptr - (const char *)field, .len = (uint32_t)len};
}

/* Asks or tells the gateway; `fixed` has fields that point anywhere. */
static int to_gateway(struct control_client *client, uint16_t method, const void *fixed,
                      sup_reply_fn *fn)
{
    struct sup *sup = client->control->sup;
    const struct ax_layout *layout = gateway_contract.methods[method].msg;
    uint64_t ref, now = sup_clock(),
                  left = client->far->deadline > now ? client->far->deadline - now : 1;
    size_t room = layout->size + client->far->size + SUP_ARGS_MAX, size = 0;
    uint8_t *image = calloc(1, room);
    int error = image == NULL ? -ENOMEM : sup_actor_lookup(sup, GATEWAY_NAME, &ref, NULL);

    if (error == 0)
        error = ax_layout_flatten(layout, fixed, image, room, &size);
    if (error == 0)
        error = fn != NULL
                    ? sup_ask(sup, ref, &gateway_contract, method, image, size, left, fn, client)
                    : sup_tell(sup, ref, &gateway_contract, method, image, size);
    free(image);
    return error;
}

static void reply_came(void *ctx, int error, const void *body, size_t size)
{
    struct control_client *client = ctx;
    const struct gateway_call_reply *reply = body;
    const struct ax_layout *layout = client->method->reply;
    const void *image = NULL;

    (void)size;
    if (error == 0) {
        image = ax_bytes(&reply->body);
        size = reply->body.len;
        if (image == NULL || ax_layout_validate(layout, image, size) != 0)
            error = AX_E_INVALID;
    }
    sup_control_far_free(client);
    sup_control_replied(client, error, image, size);
}

static void found(void *ctx, int error, const void *body, size_t size)
{
    struct control_client *client = ctx;
    const struct gateway_key_reply *reply = body;
    const struct control_far *far = client->far;
    uint16_t message = (uint16_t)(far->method - far->contract->methods);
    uint64_t hash = ax_contract_hash(far->contract), now = sup_clock();

    (void)size;
    if (error == 0 && far->method->is_ask) {
        struct gateway_call call = {.node = GATEWAY_VIA,
                                    .addr = reply->who.addr,
                                    .contract = hash,
                                    .timeout_ns = far->deadline > now ? far->deadline - now : 1,
                                    .message = message};
        set_bytes(&call.body, far->image, far->size);
        error = to_gateway(client, gateway_method_call, &call, reply_came);
        if (error == 0)
            return;
    } else if (error == 0) {
        struct gateway_post post = {
            .node = GATEWAY_VIA, .addr = reply->who.addr, .contract = hash, .message = message};
        set_bytes(&post.body, far->image, far->size);
        error = to_gateway(client, gateway_method_post, &post, NULL);
    }
    sup_control_far_free(client);
    if (error != 0)
        sup_control_replied(client, error, NULL, 0);
    else
        sup_control_sent(client);
}

/* ---- from the client ---- */

static int prepare(struct control_client *client, const struct ax_contract *contract,
                   const struct ax_method *method, const struct sup_request *request)
{
    char why[SUP_MESSAGE_WHY_MAX] = "";
    void *image = NULL;
    size_t size;
    uint64_t timeout = request->timeout_ns ? request->timeout_ns : SUP_CONTROL_TIMEOUT_NS;
    int error = sup_message_make(method->msg, request->args ? request->args : "{}",
                                 client->control->sup->config->max_message, &image, &size, why);

    if (error == AX_E_INVALID) {
        sup_control_refuse_usage(client, "%s.%s: %s", request->actor, method->name, why);
        return error;
    }
    size_t padded = (size + 7) & ~(size_t)7;
    client->far = error == 0 ? calloc(1, sizeof *client->far + padded) : NULL;
    if (client->far != NULL) {
        *client->far = (struct control_far){contract, method, sup_clock() + timeout, padded};
        memcpy(client->far->image, image, size);
    } else {
        error = error == 0 ? -ENOMEM : error;
        sup_control_refuse(client, error, "%s", *why ? why : ax_strerror(error));
    }
    free(image);
    return error;
}

static int ask_for(struct control_client *client, const char *registry, const char *key)
{
    struct gateway_key ask = {.contract = ax_contract_hash(client->far->contract)};

    ask.registry = (struct ax_str){.off = registry - (const char *)&ask.registry,
                                   .len = (uint32_t)strlen(registry)};
    set_bytes(&ask.key, key, strlen(key));
    return to_gateway(client, gateway_method_key, &ask, found);
}

void sup_control_serve_far(struct control_client *client, const struct sup_request *request)
{
    struct sup *sup = client->control->sup;
    const char *slash = strchr(request->actor, '/');
    const struct sup_registry_config *registry =
        registry_of(sup->config, request->actor, (size_t)(slash - request->actor));
    const struct ax_contract *contract = sup_contract_by_name(sup, registry->contract);
    const struct ax_method *method = sup_control_method(client, contract, request);
    char *what;

    if (method == NULL)
        return;
    if (strlen(slash + 1) > AX_KEY_MAX) {
        sup_control_refuse_usage(client, "%zu bytes are too many for a key: at most %u",
                                 strlen(slash + 1), AX_KEY_MAX);
        return;
    }
    if (prepare(client, contract, method, request) != 0)
        return;
    if (asprintf(&what, "%s.%s", request->actor, method->name) < 0) {
        sup_control_far_free(client);
        sup_control_refuse(client, -ENOMEM, "%s", ax_strerror(-ENOMEM));
        return;
    }
    int error = ask_for(client, registry->name, slash + 1);
    if (error != 0) {
        sup_control_far_free(client);
        sup_control_refuse_sent(client, what, error, sup_cluster_slot(sup));
        free(what);
        return;
    }
    client->state = CONTROL_ASKING;
    client->method = method;
    client->what = what;
}
