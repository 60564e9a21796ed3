/* SPDX-License-Identifier: MIT */
/* cluster_reload.c - a node that runs gets another address book and other secrets, from its config
 * as that is by now. The rest of the config is as it was when the system was started. */
#include "axsup/cluster.h"
#include "axsup/control.h"
#include "axsup/order.h"
#include "axsup/sup.h"
#include "libax/gateway.h"

#include <ax/errors.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The lines of the list, as many as fit. */
static void tell_mistakes(const struct sup_config_errors *errors, char *why, size_t room)
{
    FILE *to = fmemopen(why, room, "w");

    if (to == NULL)
        return;
    sup_config_errors_print(errors, to);
    fclose(to);
    why[room - 1] = '\0'; /* it was cut */
    size_t len = strlen(why);
    if (len > 0 && why[len - 1] == '\n')
        why[len - 1] = '\0';
}

/* What the gateway is told from now on; NULL without memory. */
static char *args_with(const struct sup *sup, const struct sup_config *next)
{
    struct sup_config config = *sup->config;
    struct sup_cluster_config *cluster = &config.cluster;

    cluster->peers = next->cluster.peers;
    cluster->n_peers = next->cluster.n_peers;
    cluster->token_file = next->cluster.token_file;
    cluster->accepted = next->cluster.accepted;
    cluster->n_accepted = next->cluster.n_accepted;
    cluster->pins = next->cluster.pins;
    cluster->n_pins = next->cluster.n_pins;
    return sup_cluster_args(&config, sup->cluster.boot);
}

/* The order of a process that is being started is on its way: that one is asked, too. */
static void take(struct sup *sup, char *args)
{
    struct sup_slot *slot = &sup->slots[sup_cluster_slot(sup)];

    free(sup->cluster.args);
    sup->cluster.args = args;
    if (!slot->child.ordered)
        sup_order_drop(slot);
}

static int ask(struct sup *sup, sup_reply_fn *fn, void *ctx)
{
    json_t *object = json_pack("{s:s}", "args", sup->cluster.args);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    int error = text == NULL ? -ENOMEM
                             : sup_cluster_ask(sup, "learn", text, SUP_CONTROL_TIMEOUT_NS, fn, ctx);

    free(text);
    json_decref(object);
    return error;
}

static int load(const struct sup *sup, struct sup_config **next, char *why, size_t room)
{
    struct sup_config_errors errors = {0};
    int error = sup_config_load(sup->config->file, next, &errors);

    if (error == 0)
        sup_config_check_change(sup->config, *next, &errors);
    if (sup_config_errors_any(&errors)) {
        tell_mistakes(&errors, why, room);
        error = error != 0 ? error : AX_E_INVALID;
    }
    sup_config_errors_deinit(&errors);
    return error;
}

int sup_cluster_reload(struct sup *sup, char *why, size_t room, sup_reply_fn *fn, void *ctx)
{
    struct sup_config *next = NULL;
    char *args = NULL;

    snprintf(why, room, "%s", ax_strerror(-ENOMEM));
    int error = load(sup, &next, why, room);
    if (error == 0) {
        args = args_with(sup, next);
        error = args != NULL ? 0 : -ENOMEM;
    }
    sup_config_free(next);
    if (error != 0)
        return error;
    take(sup, args);
    error = ask(sup, fn, ctx);
    if (error != 0)
        snprintf(why, room,
                 GATEWAY_NAME ": %s; its next process begins with what the config says by now",
                 ax_strerror(error));
    return error;
}
