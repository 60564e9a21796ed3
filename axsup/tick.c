/* SPDX-License-Identifier: MIT */
/* tick.c - a count in axsup's public memory that grows with time, for shm/meter.h: eight ticks in
 * the shortest slow_after and 80 a second at least. While no worker runs, a message that begins
 * meanwhile will see two ticks all the same if these are half of slow_after apart; a fast one that
 * no tick meets is no loss, for a worker that wakes reads the clock. */
#include "axsup/tick.h"

#include "axsup/sup.h"

#define TICK_NS UINT64_C(12500000) /* at most */
#define IDLE_NS UINT64_C(50000000)

static uint64_t shortest(const struct sup *sup)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].config->slow_after_ns != 0 && sup->slots[s].config->slow_after_ns < least)
            least = sup->slots[s].config->slow_after_ns;
    return least;
}

static bool all_parked(const struct sup *sup)
{
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].pid != 0 && shm_load(&sup->hub.port.peers[s]->parked) == 0)
            return false;
    return true;
}

static void on_tick(void *ctx)
{
    struct sup *sup = ctx;
    uint64_t least = shortest(sup), next = least / 8 < TICK_NS ? least / 8 : TICK_NS;

    if (all_parked(sup))
        next = least / 2 < IDLE_NS ? least / 2 : IDLE_NS;
    shm_store(&sup->hub.port.pub->ticks, sup->hub.port.pub->ticks + 1);
    sup_timer_set(sup, &sup->tick, sup_clock_next(next));
}

void sup_tick_start(struct sup *sup)
{
    sup->tick = (struct sup_timer){.fn = on_tick, .ctx = sup};
    on_tick(sup);
}
