/* SPDX-License-Identifier: MIT */
/* evict.c - who stands for a key or a name makes room for another one, when there are as many as
 * can be: one that nobody monitors, and that was not used since this was last looked at (second
 * chance, Corbato 1968). Whoever still has a ref to it gets AX_E_NO_ACTOR. */
#include "overlay/gateway/gw.h"

void gw_evict_used(struct ax_ctx *ctx, uint64_t addr)
{
    if (gw_table_put(&gw.used_stand_ins, addr, 1) != 0)
        gw_die(ctx, "no memory");
}

static bool is_needed(struct ax_ctx *ctx, uint64_t addr, const struct gw_identity *identity)
{
    return identity->watched || far_is_watched(ctx, (struct ax_ref){addr, 0}) ||
           gw_table_get(&gw.monitor_of_stand_in, addr, NULL) ||
           gw_table_get(&gw.lingering, addr, NULL);
}

/* From where it stopped last, at most twice around. */
bool gw_evict(struct ax_ctx *ctx)
{
    static uint64_t cursor;
    for (uint64_t left = 2 * ax_map_count(ctx, gateway_stand_ins) + 2; left > 0; left--) {
        struct gw_identity identity;
        uint64_t addr;
        if (!gw_stand_in_next(ctx, &cursor, &addr, &identity)) {
            cursor = 0;
            continue;
        }
        if (is_needed(ctx, addr, &identity) || gw_table_take(&gw.used_stand_ins, addr, NULL))
            continue;
        gw_stand_in_end(ctx, addr, AX_NORMAL);
        return true;
    }
    return false;
}
