/* SPDX-License-Identifier: MIT */
#include "axsup/cluster.h"

#include "axsup/message.h"
#include "axsup/sup.h"
#include "libax/gateway.h"
#include "overlay/core/ident.h"

#include <ax/errors.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int choose_boot(uint64_t *boot)
{
    uint8_t chance[8];

    for (*boot = 0; *boot <= GATEWAY_VIA;) {
        ssize_t n = getrandom(chance, sizeof chance, 0);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == (ssize_t)sizeof chance)
            *boot = ov_boot_nonce(chance);
    }
    return 0;
}

int sup_cluster_open(struct sup *sup)
{
    if (sup->config->cluster.json == NULL)
        return 0;
    int error = choose_boot(&sup->cluster.boot);
    if (error != 0)
        return error;
    sup->cluster.args = sup_cluster_args(sup->config, sup->cluster.boot);
    return sup->cluster.args != NULL ? 0 : -ENOMEM;
}

void sup_cluster_close(struct sup *sup)
{
    free(sup->cluster.args);
    sup->cluster = (struct sup_cluster){0};
}

uint32_t sup_cluster_slot(const struct sup *sup)
{
    return sup->cluster.boot != 0 ? sup->n_slots - 1 : 0;
}

static bool is_gateway(const struct sup_slot *slot)
{
    return slot->number != 0 && slot->number == sup_cluster_slot(slot->sup);
}

uint32_t sup_cluster_listeners(const struct sup_slot *slot)
{
    bool not_its = slot->sup->cluster.boot != 0 && !is_gateway(slot);

    return slot->sup->listeners.count - not_its;
}

const char *sup_cluster_args_of(const struct sup_slot *slot, const struct sup_actor_config *actor)
{
    return is_gateway(slot) ? slot->sup->cluster.args : actor->args;
}

uint32_t sup_cluster_leases(const struct sup_config *config)
{
    uint32_t leases = 0;

    for (size_t i = 0; i < config->cluster.n_registries; i++)
        leases += config->cluster.registries[i].shards;
    return leases;
}

void sup_cluster_shards(const struct sup_config *config, const char *registry, uint32_t *shards,
                        uint32_t *first)
{
    *first = 1;
    *shards = 0;
    for (size_t i = 0; i < config->cluster.n_registries; i++) {
        const struct sup_spread_config *spread = &config->cluster.registries[i];

        if (strcmp(spread->name, registry) == 0) {
            *shards = spread->shards;
            return;
        }
        *first += spread->shards;
    }
}

int sup_cluster_drain(struct sup *sup, uint64_t timeout_ns, sup_reply_fn *fn, void *ctx)
{
    const struct ax_contract *contract = NULL;
    char why[SUP_MESSAGE_WHY_MAX];
    uint64_t ref;
    void *image;
    size_t size;
    int error = sup_actor_lookup(sup, GATEWAY_NAME, &ref, &contract);

    if (error != 0)
        return error;
    const struct ax_method *drain = contract != NULL ? ax_contract_find(contract, "drain") : NULL;
    if (drain == NULL)
        return AX_E_WRONG_CONTRACT;
    error = sup_message_make(drain->msg, "{}", sup->config->max_message, &image, &size, why);
    if (error != 0)
        return error;
    error = sup_ask(sup, ref, contract, (uint16_t)(drain - contract->methods), image, size,
                    timeout_ns, fn, ctx);
    free(image);
    return error;
}
