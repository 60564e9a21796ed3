/* SPDX-License-Identifier: MIT */
/* control_serve.c - from a request to its answer. A request that has to wait for something leaves
 * the client in a state that says for what; all others are answered before it returns. */
#include "axsup/control_client.h"
#include "axsup/message.h"
#include "axsup/show.h"
#include "libax/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

/* Begins a result, which whoever calls writes; where it ended in an error a refusal replaces it. */
static size_t begin_result(struct control_client *client)
{
    size_t start = client->out.size;

    sup_out_text(&client->out, SUP_CONTROL_OK);
    return start;
}

static void end_result(struct control_client *client, size_t start, int error)
{
    sup_out_text(&client->out, "}\n");
    if (error == 0)
        error = client->out.error;
    if (error == 0)
        return;
    sup_out_cut(&client->out, start);
    if (error == AX_E_LIMIT)
        sup_control_refuse(client, error, "the answer has more than %u MiB",
                           SUP_CONTROL_ANSWER_MAX >> 20);
    else
        sup_control_refuse(client, error, "%s", ax_strerror(error));
}

void sup_control_answer_nothing(struct control_client *client)
{
    sup_out_text(&client->out, SUP_CONTROL_OK "{}}\n");
}

/* ---- messages ---- */

static void reply_came(void *ctx, int error, const void *body, size_t size)
{
    struct control_client *client = ctx;

    client->state = CONTROL_READING;
    if (error == 0) {
        json_t *object = ax_image_to_json(client->method->reply, body, size);
        char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        size_t start = begin_result(client);
        sup_out_text(&client->out, text ? text : "");
        end_result(client, start, text ? 0 : object ? -ENOMEM : AX_E_INVALID);
        free(text);
        json_decref(object);
    } else {
        sup_control_refuse(client, error, "%s: %s", client->what, ax_strerror(error));
    }
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
        error = method->is_ask
                    ? sup_ask(sup, ref, contract, number, image, size, timeout, reply_came, client)
                    : sup_tell(sup, ref, contract, number, image, size);
    if (error != 0)
        sup_control_refuse(client, error, "%s: %s", what, *why ? why : ax_strerror(error));
    free(image);
    return error;
}

static void serve_message(struct control_client *client, const struct sup_request *request)
{
    const struct ax_contract *contract = NULL;
    const struct ax_method *method;
    uint64_t ref;
    char *what;

    if (sup_actor_lookup(client->control->sup, request->actor, &ref, &contract) != 0) {
        sup_control_refuse_actor(client, request->actor);
        return;
    }
    method = contract ? ax_contract_find(contract, request->message) : NULL;
    if (!contract) {
        sup_control_refuse(client, AX_E_WRONG_CONTRACT, "%.80s: its contract is not known",
                           request->actor);
        return;
    }
    if (!method) {
        sup_control_refuse_message(client, contract, request->message);
        return;
    }
    if (method->is_ask && request->command == SUP_REQUEST_SEND) {
        sup_control_refuse(client, AX_E_INVALID, "%s.%s has a reply: use \"axsup call\"",
                           contract->name, method->name);
        return;
    }
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

/* ---- the other commands ---- */

static void serve_state(struct control_client *client, const char *who)
{
    struct sup *sup = client->control->sup;
    struct sup_actor actor;
    uint64_t ref;
    size_t start;

    if (sup_actor_lookup(sup, who, &ref, NULL) != 0 || sup_actor_info(sup, ref, &actor) != 0) {
        sup_control_refuse_actor(client, who);
        return;
    }
    if (!actor.kept && actor.n_maps == 0) {
        sup_control_refuse(client, AX_E_NOT_ALLOWED, "%.80s: it keeps no state", who);
        return;
    }
    start = begin_result(client);
    end_result(client, start, sup_show_state(&client->out, sup, &actor));
}

static void serve_map(struct control_client *client, const struct sup_request *request)
{
    struct sup *sup = client->control->sup;
    struct sup_actor actor;
    uint64_t ref, limit = request->limit == 0 ? UINT64_MAX : request->limit;
    size_t start;

    if (sup_actor_lookup(sup, request->actor, &ref, NULL) != 0 ||
        sup_actor_info(sup, ref, &actor) != 0) {
        sup_control_refuse_actor(client, request->actor);
        return;
    }
    start = begin_result(client);
    if (!request->map)
        end_result(client, start, sup_show_map_counts(&client->out, sup, &actor));
    else
        end_result(client, start,
                   sup_show_map(&client->out, sup, &actor, request->map, request->prefix, limit,
                                request->cursor));
}

static void serve_inspect(struct control_client *client, const char *who)
{
    struct sup *sup = client->control->sup;
    uint64_t ref;

    if (sup_actor_lookup(sup, who, &ref, NULL) != 0) {
        sup_control_refuse_actor(client, who);
        return;
    }
    size_t start = begin_result(client);
    end_result(client, start, sup_show_inspect(&client->out, sup, ref));
}

static int list_actors(struct control_client *client, const struct sup_request *request)
{
    const struct sup_actor_filter filter = {
        .worker = request->worker,
        .contract = request->contract,
        .name = request->name,
        .state = request->state,
        .min_mail = request->min_mail,
        .sort = request->sort,
        .limit = request->limit,
    };

    return sup_show_actors(&client->out, client->control->sup, &filter);
}

static void serve_list(struct control_client *client, const struct sup_request *request)
{
    struct sup *sup = client->control->sup;
    int error = 0;

    if (request->command == SUP_REQUEST_ACTORS && sup_control_refuse_filter(client, request))
        return;
    size_t start = begin_result(client);
    if (request->command == SUP_REQUEST_STATUS)
        sup_show_status(&client->out, sup);
    else if (request->command == SUP_REQUEST_METRICS)
        sup_show_metrics(&client->out, sup);
    else if (request->command == SUP_REQUEST_CONTRACTS)
        sup_show_contracts(&client->out, sup);
    else if (request->command == SUP_REQUEST_EVENTS)
        sup_show_events(&client->out, sup);
    else if (request->command == SUP_REQUEST_DEADLETTERS)
        sup_show_letters(&client->out, sup);
    else
        error = list_actors(client, request);
    if (error == AX_E_NO_ACTOR) {
        sup_out_cut(&client->out, start);
        sup_control_refuse_worker(client, request->worker);
    } else {
        end_result(client, start, error);
    }
}

/* Whether a system that is still being started cannot answer it as it will in a moment. */
static bool needs_workers(enum sup_request_command command)
{
    switch (command) {
    case SUP_REQUEST_STATUS:
    case SUP_REQUEST_EVENTS:
    case SUP_REQUEST_CONTRACTS:
    case SUP_REQUEST_DEADLETTERS:
    case SUP_REQUEST_METRICS:
    case SUP_REQUEST_STOP:
        return false;
    default:
        return true;
    }
}

static void serve(struct control_client *client, const struct sup_request *request)
{
    if (!client->control->begun && needs_workers(request->command)) {
        client->state = CONTROL_EARLY;
        return;
    }
    switch (request->command) {
    case SUP_REQUEST_EVENTS:
        if (!request->follow) {
            serve_list(client, request);
            break;
        }
        sup_out_text(&client->out, SUP_CONTROL_OK "null}\n");
        client->seq = 0;
        client->since = client->control->sup->events.seq;
        client->state = CONTROL_FOLLOWING;
        break;
    case SUP_REQUEST_STATUS:
    case SUP_REQUEST_ACTORS:
    case SUP_REQUEST_CONTRACTS:
    case SUP_REQUEST_DEADLETTERS:
    case SUP_REQUEST_METRICS:
        serve_list(client, request);
        break;
    case SUP_REQUEST_INSPECT:
        serve_inspect(client, request->actor);
        break;
    case SUP_REQUEST_STATE:
        serve_state(client, request->actor);
        break;
    case SUP_REQUEST_MAP:
        serve_map(client, request);
        break;
    case SUP_REQUEST_CALL:
    case SUP_REQUEST_SEND:
        serve_message(client, request);
        break;
    case SUP_REQUEST_KILL:
    case SUP_REQUEST_RESTART:
        sup_control_serve_worker(client, request);
        break;
    case SUP_REQUEST_RELOAD:
        sup_control_serve_reload(client, request->worker);
        break;
    case SUP_REQUEST_STOP:
        client->state = CONTROL_STOPPING;
        sup_request_stop(client->control->sup, request->now);
        break;
    }
}

void sup_control_serve(struct control_client *client, const char *line, size_t size)
{
    const struct sup *sup = client->control->sup;
    struct sup_request request;
    char why[SUP_REQUEST_WHY_MAX];
    int error = sup_request_parse(line, size, &request, why);

    if (error == 0 && request.system && strcmp(request.system, sup->config->system) != 0)
        sup_control_refuse(client, AX_E_NOT_RUNNING, "%.80s: run_dir %s belongs to system %s",
                           request.system, sup->config->run_dir, sup->config->system);
    else if (error == 0)
        serve(client, &request);
    else
        sup_control_refuse(client, error, "the request: %s", *why ? why : ax_strerror(error));
    sup_request_deinit(&request);
}

void sup_control_forget(struct control_client *client)
{
    if (client->state == CONTROL_ASKING)
        sup_ask_forget(client->control->sup, client);
    free(client->what);
    client->what = NULL;
}

/* ---- what takes its time ---- */

void sup_control_missed(struct control_client *client, uint64_t next)
{
    uint64_t last = client->seq > client->since ? client->seq : client->since;

    if (next > last + 1)
        sup_out_format(&client->out, "{\"missed\":%llu}\n", (unsigned long long)(next - last - 1));
}

static int follow(void *ctx, const struct sup_event *event)
{
    struct control_client *client = ctx;

    sup_control_missed(client, event->seq);
    client->seq = event->seq;
    sup_show_event(&client->out, client->control->sup, event);
    sup_out_text(&client->out, "\n");
    return client->out.size > FOLLOW_AT_ONCE;
}

bool sup_control_advance(struct control_client *client)
{
    uint64_t seq = client->seq;

    if (client->state != CONTROL_FOLLOWING)
        return sup_control_look(client);
    (void)sup_event_since(client->control->sup, seq, follow, client);
    return client->seq != seq;
}
