/* SPDX-License-Identifier: MIT */
/* control_refuse.c - answers that are no results, and what somebody may have meant instead. */
#include "axsup/control_client.h"
#include "axsup/nearest.h"
#include "axsup/show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void refuse(struct control_client *client, int error, bool usage, const char *format,
                   va_list arguments)
{
    struct sup_out *out = &client->out;
    char text[1024];

    vsnprintf(text, sizeof(text), format, arguments);
    sup_out_open(out, '{');
    sup_out_key(out, "ok");
    sup_out_bool(out, false);
    sup_out_key(out, "error");
    sup_out_string(out, error != 0 ? ax_error_name(error) : "");
    sup_out_key(out, "message");
    sup_out_string(out, text);
    if (usage) {
        sup_out_key(out, "usage");
        sup_out_bool(out, true);
    }
    sup_out_text(out, "}\n");
}

void sup_control_refuse(struct control_client *client, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    refuse(client, error, false, format, arguments);
    va_end(arguments);
}

void sup_control_refuse_usage(struct control_client *client, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    refuse(client, AX_E_INVALID, true, format, arguments);
    va_end(arguments);
}

/* An actor lives only as long as it is shown, so the nearest name is kept. */
struct actor_search {
    struct sup_nearest near;
    char best[SHM_NAME_MAX + 1];
};

static int search_actor(void *ctx, const struct sup_actor *actor)
{
    struct actor_search *search = ctx;
    unsigned distance = search->near.distance;

    if (*actor->name)
        sup_nearest_try(&search->near, actor->name);
    if (search->near.distance < distance)
        memcpy(search->best, actor->name, sizeof(search->best));
    return 0;
}

/* No name of an actor has a "/", so a key of the cluster is meant. */
static void refuse_key(struct control_client *client, const char *who, size_t registry)
{
    const struct sup_cluster_config *cluster = &client->control->sup->config->cluster;
    char list[640] = "";

    for (size_t i = 0, n = 0; i < cluster->n_registries && n < sizeof(list); i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "",
                              cluster->registries[i].name);
    if (sup_control_is_far(client, who))
        sup_control_refuse(client, AX_E_NO_ACTOR,
                           "\"%.80s\" is a key of the cluster, and what is asked is told of actors "
                           "of this node alone, by name or ref: \"axsup actors\" lists them",
                           who);
    else if (who[registry + 1] == '\0')
        sup_control_refuse(client, AX_E_NO_ACTOR,
                           "there is no actor \"%.80s\": expected a key behind the \"/\"", who);
    else
        sup_control_refuse(client, AX_E_NO_ACTOR,
                           "there is no actor \"%.80s\", for the cluster has no registry "
                           "\"%.*s\"; it has: %s",
                           who, registry < 63 ? (int)registry : 63, who, *list ? list : "none");
}

void sup_control_refuse_actor(struct control_client *client, const char *who)
{
    struct sup *sup = client->control->sup;
    struct actor_search search = {0};
    const char *slash = strchr(who, '/');

    if (slash && sup->config->cluster.json) {
        refuse_key(client, who, (size_t)(slash - who));
        return;
    }
    sup_nearest_init(&search.near, who);
    for (uint32_t i = 1; i < sup->n_slots; i++)
        (void)sup_actors(sup, i, search_actor, &search);
    sup_control_refuse(client, AX_E_NO_ACTOR, "there is no actor \"%.80s\"%s%s%s", who,
                       *search.best ? "; did you mean \"" : "", search.best,
                       *search.best ? "\"?" : "");
}

void sup_control_refuse_worker(struct control_client *client, const char *name)
{
    const struct sup *sup = client->control->sup;
    struct sup_nearest near;

    sup_nearest_init(&near, name);
    for (uint32_t i = 1; i < sup->n_slots; i++) {
        const struct sup_slot *slot = &sup->slots[i];

        if (strcmp(slot->config->name, name) == 0 && slot->config->count > 1) {
            sup_control_refuse(client, AX_E_INVALID, "%s has %u workers: name one, %s/0 to %s/%u",
                               name, slot->config->count, name, name, slot->config->count - 1);
            return;
        }
        sup_nearest_try(&near, slot->name);
        sup_nearest_try(&near, slot->config->name);
    }
    sup_control_refuse(client, AX_E_INVALID, "there is no worker \"%.80s\"%s%s%s", name,
                       near.best ? "; did you mean \"" : "", near.best ? near.best : "",
                       near.best ? "\"?" : "");
}

void sup_control_refuse_sent(struct control_client *client, const char *what, int error,
                             uint32_t slot)
{
    const struct sup *sup = client->control->sup;
    const struct sup_slot *to = slot < sup->n_slots ? &sup->slots[slot] : NULL;

    if (error == AX_E_CLOSED && to != NULL && sup_slot_is_over(to))
        sup_control_refuse(client, error,
                           "%s: %s has %s: \"axsup restart\" with its name starts it again", what,
                           to->name, sup_slot_state_name(to->state));
    else
        sup_control_refuse(client, error, "%s: %s", what, ax_strerror(error));
}

/* "counter has no message \"gt\"; it has: inc, add, get" */
void sup_control_refuse_message(struct control_client *client, const struct ax_contract *contract,
                                const char *message)
{
    char list[640];
    size_t n = 0;

    for (uint32_t i = 0; i < contract->nmethods && n < sizeof(list) - AX_NAME_MAX - 8; i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "",
                              contract->methods[i].name);
    list[n] = '\0';
    sup_control_refuse(client, AX_E_INVALID, "%s has no message \"%.80s\"; it has: %s%s",
                       contract->name, message, n > 0 ? list : "none",
                       n >= sizeof(list) - AX_NAME_MAX - 8 ? " ..." : "");
}

/* ---- which actors are to be listed ---- */

/* False: it is none of the words, and refused. */
static bool is_word(struct control_client *client, const char *what, const char *word,
                    const char *const *words)
{
    char list[240];
    size_t n = 0;

    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    for (size_t i = 0; words[i] && n < sizeof(list); i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "", words[i]);
    sup_control_refuse_usage(client, "no such %s \"%.40s\": expected one of %s", what, word, list);
    return false;
}

static bool is_contract(struct control_client *client, const char *name)
{
    const struct sup *sup = client->control->sup;
    struct sup_nearest near;

    if (sup_contract_by_name(sup, name))
        return true;
    sup_nearest_init(&near, name);
    for (uint32_t i = 0; i < sup->n_templates; i++)
        for (uint32_t j = 0; j < sup->templates[i].n_types; j++)
            sup_nearest_try(&near, sup->templates[i].types[j].contract->name);
    sup_control_refuse(client, AX_E_INVALID, "no plugin implements a contract \"%.80s\"%s%s%s",
                       name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
                       near.best ? "\"?" : "");
    return false;
}

bool sup_control_refuse_filter(struct control_client *client, const struct sup_request *request)
{
    return (request->state && !is_word(client, "state", request->state, sup_actor_states)) ||
           (request->sort && !is_word(client, "order", request->sort, sup_actor_sorts)) ||
           (request->contract && !is_contract(client, request->contract));
}
