/* SPDX-License-Identifier: MIT */
/* template_load.c - the first load of all plugins, and what is wrong with them in terms of the
 * config. It blocks: nothing runs yet that could have to wait. */
#include "axsup/nearest.h"
#include "axsup/sup.h"
#include "axsup/template_exec.h"
#include "libax/boot.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define READ_NS UINT64_C(20000000)

/* ---- contracts ---- */

static void list_contracts(const struct sup_template *template, char *text, size_t room)
{
    size_t at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < template->n_types && at < room; i++) {
        int n = snprintf(text + at, room - at, "%s%s", i > 0 ? ", " : "",
                         template->types[i].contract->name);
        at += (size_t)(n > 0 ? n : 0);
    }
}

static void check_contract(const struct sup_template *template, const struct sup_json *node,
                           const char *contract, struct sup_config_errors *errors)
{
    struct sup_nearest search;
    char has[512];

    if (contract == NULL || sup_template_type(template, contract, NULL) != NULL)
        return;
    list_contracts(template, has, sizeof has);
    sup_nearest_init(&search, contract);
    for (uint32_t i = 0; i < template->n_types; i++)
        sup_nearest_try(&search, template->types[i].contract->name);
    if (search.best != NULL)
        sup_config_error(errors, node, "contract",
                         "the plugin %s has no actor of contract %s; did you mean %s? It has: %s",
                         template->plugin, contract, search.best, has);
    else
        sup_config_error(errors, node, "contract",
                         "the plugin %s has no actor of contract %s; it has: %s", template->plugin,
                         contract, has[0] != '\0' ? has : "none");
}

/* The bytes that it is to begin from would be nobody's. */
static void check_restore(const struct sup_template *template, const struct sup_actor_config *actor,
                          struct sup_config_errors *errors)
{
    const struct sup_type *type =
        actor->contract == NULL ? NULL : sup_template_type(template, actor->contract, NULL);

    if (actor->snapshot_file != NULL && type != NULL && !type->restores)
        sup_config_error(errors, actor->node, "initial_snapshot",
                         "the actor of contract %s in the plugin %s has no restore hook: give it "
                         "one, or take this key out",
                         actor->contract, template->plugin);
}

static void check_contracts(const struct sup_template *template, struct sup_config_errors *errors)
{
    const struct sup_worker_config *config = template->config;

    for (size_t i = 0; i < config->n_actors; i++) {
        check_contract(template, config->actors[i].node, config->actors[i].contract, errors);
        check_restore(template, &config->actors[i], errors);
    }
    for (size_t i = 0; i < config->n_registries; i++)
        check_contract(template, config->registries[i].node, config->registries[i].contract,
                       errors);
}

/* ---- loading ---- */

static void tell_death(struct sup_template *template, struct sup_config_errors *errors)
{
    char text[96];

    sup_config_error(errors, template->config->node, "plugin", "%s %s while it was loaded",
                     template->config->plugin, sup_template_status(template, text));
}

static void tell_hang(struct sup_template *template, struct sup_config_errors *errors)
{
    char text[SUP_UNIT_ROOM];

    sup_config_error(errors, template->config->node, "plugin",
                     "%s has not finished loading within %s (load_timeout): a constructor hangs, "
                     "or needs more time",
                     template->config->plugin,
                     sup_format_duration(template->config->load_timeout_ns, text));
}

static void take_answer(struct sup_template *template, const struct boot_message *message,
                        struct sup_config_errors *errors)
{
    const char *wrong = NULL;

    if (message->type == BOOT_LOADED)
        wrong = sup_template_learn(template, message->payload, message->size);
    else if (message->type == BOOT_ERROR)
        wrong = message->payload;
    else
        wrong = "does not keep to the protocol of templates";
    if (wrong != NULL) {
        sup_config_error(errors, template->config->node, "plugin", "%s %s",
                         template->config->plugin, wrong);
        return;
    }
    template->state = SUP_TEMPLATE_READY;
    check_contracts(template, errors);
}

/* What it says, or its end: what a constructor has started may hold the socket open. */
static int receive(const struct sup_template *template, struct boot_message *message, uint64_t left)
{
    struct pollfd polls[] = {{.fd = template->socket, .events = POLLIN},
                             {.fd = template->pidfd, .events = POLLIN}};
    int n;

    do
        n = poll(polls, 2, (int)(left / 1000000 + 1)); /* an hour at most */
    while (n < 0 && errno == EINTR);
    if (n > 0 && polls[0].revents == 0)
        return -EPIPE;
    return n > 0 ? boot_receive(template->socket, message, left) : -ETIMEDOUT;
}

static void collect(struct sup_template *template, uint64_t started_at,
                    struct sup_config_errors *errors)
{
    struct boot_message message = {0};
    uint64_t until = started_at + template->config->load_timeout_ns, now = sup_clock();
    /* what it has said while another one was waited for is there at once */
    uint64_t left = until > now + READ_NS ? until - now : READ_NS;
    int error = receive(template, &message, left);

    if (error == 0)
        take_answer(template, &message, errors);
    else if (error == -ETIMEDOUT)
        tell_hang(template, errors);
    else if (error == -EPIPE || error == -ECONNRESET)
        tell_death(template, errors);
    else
        sup_config_error(errors, template->config->node, "plugin",
                         "the template that loads %s does not keep to the protocol: %s",
                         template->config->plugin, ax_strerror(error));
    boot_message_deinit(&message);
    if (template->state != SUP_TEMPLATE_READY)
        sup_template_end(template);
}

int sup_templates_load(struct sup_template *templates, uint32_t count,
                       struct sup_config_errors *errors)
{
    unsigned before = errors->count + errors->dropped;
    uint64_t started_at = sup_clock();
    int error = 0;

    for (uint32_t i = 0; i < count && error == 0; i++) {
        if (templates[i].config->plugin == NULL) /* not found; told already */
            continue;
        error = sup_template_exec(&templates[i]);
        if (error != 0)
            sup_log(AX_ERROR, "cannot start a template for %s: %s", templates[i].config->name,
                    ax_strerror(error));
    }
    for (uint32_t i = 0; i < count && error == 0; i++)
        if (templates[i].state == SUP_TEMPLATE_LOADING)
            collect(&templates[i], started_at, errors);
    if (error == 0 && errors->count + errors->dropped != before)
        error = AX_E_INVALID;
    return error;
}

void sup_templates_init(struct sup_template *templates, struct sup *sup,
                        const struct sup_config *config)
{
    for (size_t i = 0; i < config->n_workers; i++) {
        templates[i] = (struct sup_template){
            .sup = sup, .config = &config->workers[i], .pidfd = -1, .socket = -1};
        sup_spare_init(&templates[i].spare);
    }
}

void sup_templates_close(struct sup_template *templates, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sup_reload_close(&templates[i]);
        sup_template_end(&templates[i]);
        for (uint32_t k = 0; k < templates[i].n_types; k++) {
            ax_contract_free(templates[i].types[k].contract);
            free(templates[i].types[k].maps);
        }
        free(templates[i].types);
        free(templates[i].described);
        templates[i].types = NULL;
        templates[i].described = NULL;
        templates[i].n_types = 0;
    }
}

int sup_check_plugins(const struct sup_config *config, struct sup_config_errors *errors)
{
    struct sup_template *templates = calloc(config->n_workers + 1, sizeof *templates);

    if (templates == NULL)
        return -ENOMEM;
    sup_templates_init(templates, NULL, config);
    int error = sup_templates_load(templates, (uint32_t)config->n_workers, errors);
    sup_templates_close(templates, (uint32_t)config->n_workers);
    free(templates);
    return error;
}
