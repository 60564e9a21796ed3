/* SPDX-License-Identifier: MIT */
/* control_worker.c - kill, restart, reload: orders about a worker, of which the last two take their
 * time. */
#include "axsup/cluster.h"
#include "axsup/control_client.h"
#include "libax/gateway.h"

#include <signal.h>
#include <string.h>

static void restart(struct control_client *client, struct sup_slot *slot)
{
    client->slot = slot->number;
    client->life = slot->incarnation;
    int error = sup_restart(client->control->sup, slot->number);
    if (error != 0)
        sup_control_refuse(client, error, "%s: %s", slot->name, ax_strerror(error));
    else
        client->state = CONTROL_RESTARTING;
}

static void kill_process(struct control_client *client, struct sup_slot *slot, int signal)
{
    int error = sup_kill(client->control->sup, slot->number, signal);

    if (error == AX_E_NO_ACTOR)
        sup_control_refuse(client, error, "%s has no process: it %s", slot->name,
                           slot->state == SHM_SLOT_BACKOFF   ? "waits for its restart"
                           : slot->state == SHM_SLOT_FAILED  ? "has failed"
                           : slot->state == SHM_SLOT_STOPPED ? "has stopped"
                                                             : "is being started");
    else if (error != 0)
        sup_control_refuse(client, error, "%s: %s", slot->name, ax_strerror(error));
    else
        sup_control_answer_nothing(client);
}

void sup_control_serve_worker(struct control_client *client, const struct sup_request *request)
{
    struct sup_slot *slot = sup_slot_find(client->control->sup, request->worker);

    if (!slot || slot->number == 0)
        sup_control_refuse_worker(client, request->worker);
    else if (request->command == SUP_REQUEST_KILL)
        kill_process(client, slot, request->signal ? (int)request->signal : SIGKILL);
    else
        restart(client, slot);
}

/* What the gateway says to another address book: nothing, or why not. */
static void learnt(void *ctx, int error, const void *body, size_t size)
{
    struct control_client *client = ctx;
    const struct gateway_learn_reply *reply = body;
    const char *why = error != 0 ? ax_strerror(error) : ax_str(&reply->why);

    (void)size;
    if (error == 0)
        error = reply->error;
    client->state = CONTROL_READING;
    if (error == 0)
        sup_control_answer_nothing(client);
    else
        sup_control_refuse(
            client, error,
            GATEWAY_NAME ": %s; its next process begins with what the config says by now", why);
    sup_control_pump(client);
}

/* The gateway's plugin is axsup's own: what may be new is whom it is to know. */
static void reload_cluster(struct control_client *client, struct sup_slot *gateway)
{
    char why[900];
    int error = sup_cluster_reload(client->control->sup, why, sizeof why, learnt, client);

    if (error == AX_E_CLOSED && sup_slot_is_over(gateway))
        restart(client, gateway);
    else if (error == AX_E_INVALID) /* of the config, and nothing was done */
        sup_control_refuse_usage(client, "%s", why);
    else if (error != 0)
        sup_control_refuse(client, error, "%s", why);
    else
        client->state = CONTROL_ASKING;
}

/* An entry's plugin is loaded once, for all its workers: each of their names will do. */
void sup_control_serve_reload(struct control_client *client, const char *worker)
{
    struct sup *sup = client->control->sup;
    struct sup_template *template = NULL;
    int error;

    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (strcmp(sup->slots[s].name, worker) == 0 ||
            strcmp(sup->slots[s].config->name, worker) == 0)
            template = sup->slots[s].template;
    if (!template) {
        sup_control_refuse_worker(client, worker);
        return;
    }
    if (sup_config_is_gateway(sup->config, template->config)) {
        reload_cluster(client, &sup->slots[sup_cluster_slot(sup)]);
        return;
    }
    error = sup_reload(sup, template);
    if (error == AX_E_NOT_ALLOWED)
        sup_control_refuse(client, error, "%s: its plugin is being loaded anew already",
                           template->config->name);
    else if (error != 0)
        sup_control_refuse(client, error, "%s: %s", template->config->name, ax_strerror(error));
    else {
        client->template = template;
        client->state = CONTROL_RELOADING;
    }
}

/* The slot itself says how a restart went: events may be many, and are forgotten. An incarnation
 * that has run and ended by now was a restart too. */
static bool look_at_restart(struct control_client *client)
{
    const struct sup_slot *slot = &client->control->sup->slots[client->slot];

    if (slot->incarnation != client->life && slot->child.ready_once)
        sup_control_answer_nothing(client);
    else if (sup_slot_is_over(slot))
        sup_control_refuse(client, 0, "%s has %s: %s", slot->name, sup_slot_state_name(slot->state),
                           *slot->last_exit.why ? slot->last_exit.why
                                                : ax_reason_name(slot->last_exit.reason));
    else
        return false;
    client->state = CONTROL_READING;
    return true;
}

static bool look_at_reload(struct control_client *client)
{
    const struct sup_reload *reload = &client->template->reload;

    if (reload->phase != SUP_RELOAD_NONE)
        return false;
    if (reload->error == 0)
        sup_control_answer_nothing(client);
    else
        sup_control_refuse(client, reload->error, "%s: %s", client->template->config->name,
                           reload->why);
    client->state = CONTROL_READING;
    return true;
}

bool sup_control_look(struct control_client *client)
{
    return client->state == CONTROL_RELOADING ? look_at_reload(client) : look_at_restart(client);
}
