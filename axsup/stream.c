/* SPDX-License-Identifier: MIT */
#include "axsup/stream.h"

#include "axsup/sup.h"

static bool listens(const struct sup *sup, uint32_t slot, uint32_t from)
{
    return slot != from && shm_load(&sup->hub.port.peers[slot]->listens) != 0;
}

static void leave_out(struct sup *sup, uint32_t slot, uint64_t count)
{
    uint32_t *unheard = &sup->events.unheard[slot];

    *unheard = count > UINT32_MAX - *unheard ? UINT32_MAX : *unheard + (uint32_t)count;
}

void sup_stream_tell(struct sup *sup, uint32_t from, const struct shm_event *event)
{
    const struct shm_frame head = {.kind = SHM_LIFE};
    struct shm_life_body body = {
        .who = event->actor,
        .incarnation = event->incarnation,
        .what = event->what,
        .reason = event->reason,
        .stop = event->what == SHM_ACTOR_STOPPED ? event->kind : 0,
    };

    if (event->what < SHM_ACTOR_STARTED || event->what > SHM_ACTOR_STOPPED)
        return;
    for (uint32_t slot = 1; slot < sup->n_slots; slot++) {
        if (!listens(sup, slot, from))
            continue;
        body.missed = sup->events.unheard[slot];
        if (sup_hub_notice(sup, slot, &head, &body, sizeof body))
            sup->events.unheard[slot] = 0;
        else
            leave_out(sup, slot, 1);
    }
}

void sup_stream_left_out(struct sup *sup, uint32_t from, uint64_t count)
{
    for (uint32_t slot = 1; slot < sup->n_slots; slot++)
        if (listens(sup, slot, from))
            leave_out(sup, slot, count);
}

void sup_stream_flush(struct sup *sup)
{
    sup_hub_flush(sup);
}
