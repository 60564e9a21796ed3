/* SPDX-License-Identifier: MIT */
/* control_serve.c - from a request to its answer. A request that has to wait for something leaves
 * the client in a state that says for what; all others are answered before it returns. */
#include "axsup/control_client.h"
#include "axsup/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

size_t sup_control_begin(struct control_client *client)
{
    size_t start = client->out.size;

    sup_out_text(&client->out, SUP_CONTROL_OK);
    return start;
}

void sup_control_end(struct control_client *client, size_t start, int error)
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
    start = sup_control_begin(client);
    sup_control_end(client, start, sup_show_state(&client->out, sup, &actor));
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
    start = sup_control_begin(client);
    if (!request->map)
        sup_control_end(client, start, sup_show_map_counts(&client->out, sup, &actor));
    else
        sup_control_end(client, start,
                        sup_show_map(&client->out, sup, &actor, request->map, request->prefix,
                                     limit, request->cursor));
}

static void serve_inspect(struct control_client *client, const char *who)
{
    struct sup *sup = client->control->sup;
    uint64_t ref;

    if (sup_actor_lookup(sup, who, &ref, NULL) != 0) {
        sup_control_refuse_actor(client, who);
        return;
    }
    size_t start = sup_control_begin(client);
    sup_control_end(client, start, sup_show_inspect(&client->out, sup, ref));
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
    size_t start = sup_control_begin(client);
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
        sup_control_end(client, start, error);
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
        sup_control_serve_message(client, request);
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
    sup_control_far_free(client);
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
