/* SPDX-License-Identifier: MIT */
#include "axsup/cluster.h"

#include "axsup/sup.h"
#include "libax/gateway.h"
#include "overlay/core/ident.h"

#include <errno.h>
#include <stdlib.h>
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
    sup_timer_clear(sup, &sup->cluster.store_wait);
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
