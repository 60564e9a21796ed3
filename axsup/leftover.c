/* SPDX-License-Identifier: MIT */
#include "axsup/leftover.h"

#include "axsup/sup.h"

struct bin { /* the dead letters of one slot */
    struct sup *sup;
    uint32_t slot;
    uint64_t at; /* CLOCK_REALTIME ns */
};

static void add(void *ctx, uint32_t peer, const struct shm_frame *frame)
{
    const struct bin *bin = ctx;
    struct shm_event letter = {
        .what = SHM_DEADLETTER,
        .at = bin->at,
        .actor = shm_load(&frame->to),
        .other = shm_load(&frame->from),
        .method = shm_load(&frame->method),
        .kind = shm_load(&frame->kind),
        .error = AX_E_CANCELED,
        .incarnation = bin->sup->slots[bin->slot].incarnation,
    };

    if (letter.kind != SHM_TELL && letter.kind != SHM_ASK)
        return;
    /* in a lane nobody has looked yet whether that is its sender */
    if (peer != bin->slot && SHM_REF_SLOT(letter.other) != peer)
        letter.other = 0;
    sup_letter_add(bin->sup, bin->slot, &letter);
}

void sup_leftover_mail(struct sup *sup, uint32_t slot)
{
    struct bin bin = {sup, slot, sup_realtime()};

    sup_events_collect(sup, slot); /* those of its own come first */
    sup_memory_each_mail(sup, slot, add, &bin);
    sup_event_done(sup);
}

uint64_t sup_leftover_lanes(struct sup *sup, uint32_t slot)
{
    struct bin bin = {sup, slot, sup_realtime()};
    uint64_t count = sup_memory_each_unread(sup, slot, add, &bin);

    if (count > 0)
        sup_event_done(sup);
    return count;
}
