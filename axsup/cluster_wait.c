/* SPDX-License-Identifier: MIT */
/* cluster_wait.c - for how long the first answer of the lease store is waited for.
 *
 * That it has come is known from the gateway's events, of which the last ones reach axsup and the
 * first ones may not, where there are more at once than the rings hold: so many come with leases
 * alone, so a lease is as good as store_up. */
#include "axsup/cluster.h"
#include "axsup/sup.h"

static void on_store_wait(void *ctx)
{
    struct sup *sup = ctx;
    char text[SUP_UNIT_ROOM];

    sup_events_collect(sup, sup_cluster_slot(sup)); /* it may have been told by now */
    if (sup->cluster.answered || sup->stop.phase != SUP_STOP_NO)
        return;
    sup_log(AX_ERROR, "the system stops: its lease store has not answered for %s (store_wait)",
            sup_format_duration(sup->config->cluster.store_wait_ns, text));
    sup->stop.failed = true;
    sup_request_stop(sup, false);
}

void sup_cluster_start(struct sup *sup)
{
    const struct sup_cluster_config *config = &sup->config->cluster;

    if (config->store_wait_ns == 0 || config->n_registries == 0)
        return;
    sup->cluster.store_wait = (struct sup_timer){.fn = on_store_wait, .ctx = sup};
    sup_timer_set(sup, &sup->cluster.store_wait, sup_clock() + config->store_wait_ns);
}

void sup_cluster_told(struct sup *sup, const struct sup_event *event)
{
    if (event->what == SUP_STORE_UP || event->what == SUP_LEASE_ACQUIRED)
        sup->cluster.answered = true;
}
