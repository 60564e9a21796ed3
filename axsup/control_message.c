/* SPDX-License-Identifier: MIT */
/* control_message.c - messages of the command line to actors of this node. */
#include "axsup/control_client.h"
#include "axsup/message.h"
#include "libax/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sup_control_replied(void *ctx, int error, const void *body, size_t size)
{
    struct control_client *client = ctx;

    client->state = CONTROL_READING;
    if (error == 0) {
        json_t *object = ax_image_to_json(client->method->reply, body, size);
        char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        size_t start = sup_control_begin(client);
        sup_out_text(&client->out, text ? text : "");
        sup_control_end(client, start, text ? 0 : object ? -ENOMEM : AX_E_INVALID);
        free(text);
        json_decref(object);
    } else {
        sup_control_refuse(client, error, "%s: %s%s", client->what, ax_strerror(error),
                           error == AX_E_STALE ? ", or none that was found in time: \"axsup "
                                                 "leases\" and \"axsup events\" say more"
                                               : "");
    }
    free(client->what);
    client->what = NULL;
    sup_control_pump(client);
}

void sup_control_sent(struct control_client *client)
{
    client->state = CONTROL_READING;
    sup_control_answer_nothing(client);
    free(client->what);
    client->what = NULL;
    sup_control_pump(client);
}

/* Sends or asks, and writes why it could not. What does not fit the message is a mistake of whoever
 * wrote it, as a wrong option is; all else is an outcome. */
static int deliver(struct control_client *client, uint64_t ref, const struct ax_contract *contract,
                   const struct ax_method *method, const struct sup_request *request,
                   const char *what)
{
    struct sup *sup = client->control->sup;
    uint16_t number = (uint16_t)(method - contract->methods);
    uint64_t timeout = request->timeout_ns ? request->timeout_ns : SUP_CONTROL_TIMEOUT_NS;
    char why[SUP_MESSAGE_WHY_MAX];
    void *image;
    size_t size;
    int error = sup_message_make(method->msg, request->args ? request->args : "{}",
                                 sup->config->max_message, &image, &size, why);

    if (error == AX_E_INVALID) {
        sup_control_refuse_usage(client, "%s: %s", what, why);
        return error;
    }
    if (error == 0)
        error = method->is_ask ? sup_ask(sup, ref, contract, number, image, size, timeout,
                                         sup_control_replied, client)
                               : sup_tell(sup, ref, contract, number, image, size);
    if (error != 0 && *why)
        sup_control_refuse(client, error, "%s: %s", what, why);
    else if (error != 0)
        sup_control_refuse_sent(client, what, error, SHM_REF_SLOT(ref));
    free(image);
    return error;
}

const struct ax_method *sup_control_method(struct control_client *client,
                                           const struct ax_contract *contract,
                                           const struct sup_request *request)
{
    const struct ax_method *method = contract ? ax_contract_find(contract, request->message) : NULL;

    if (!contract)
        sup_control_refuse(client, AX_E_WRONG_CONTRACT, "%.80s: its contract is not known",
                           request->actor);
    else if (!method)
        sup_control_refuse_message(client, contract, request->message);
    else if (method->is_ask && request->command == SUP_REQUEST_SEND)
        sup_control_refuse(client, AX_E_INVALID, "%s.%s has a reply: use \"axsup call\"",
                           contract->name, method->name);
    else
        return method;
    return NULL;
}

void sup_control_serve_message(struct control_client *client, const struct sup_request *request)
{
    const struct ax_contract *contract = NULL;
    const struct ax_method *method;
    uint64_t ref;
    char *what;

    if (sup_control_is_far(client, request->actor)) {
        sup_control_serve_far(client, request);
        return;
    }
    if (sup_actor_lookup(client->control->sup, request->actor, &ref, &contract) != 0) {
        sup_control_refuse_actor(client, request->actor);
        return;
    }
    method = sup_control_method(client, contract, request);
    if (!method)
        return;
    if (asprintf(&what, "%s.%s", request->actor, method->name) < 0) {
        sup_control_refuse(client, -ENOMEM, "%s", ax_strerror(-ENOMEM));
        return;
    }
    if (deliver(client, ref, contract, method, request, what) != 0) {
        free(what);
    } else if (method->is_ask) {
        client->state = CONTROL_ASKING;
        client->method = method;
        client->what = what;
    } else {
        sup_control_answer_nothing(client);
        free(what);
    }
}
