/* SPDX-License-Identifier: MIT */
#include "libax/wake.h"

#include "libax/turn.h"

#include <stdlib.h>

static void swap(struct wake *a, struct wake *b)
{
    struct wake old = *a;
    *a = *b;
    *b = old;
}

static bool has_room(struct worker *w)
{
    if (w->nwakes < w->wake_room)
        return true;
    uint32_t room = w->wake_room == 0 ? 64 : w->wake_room * 2;
    struct wake *wakes = realloc(w->wakes, room * sizeof *wakes);
    if (wakes == NULL)
        return false;
    w->wakes = wakes;
    w->wake_room = room;
    return true;
}

void wake_at(struct worker *w, uint32_t actor, uint64_t at)
{
    if (!has_room(w))
        return;
    uint32_t here = w->nwakes++;
    w->wakes[here] = (struct wake){.at = at, .actor = actor};
    for (; here > 0 && w->wakes[here].at < w->wakes[(here - 1) / 2].at; here = (here - 1) / 2)
        swap(&w->wakes[here], &w->wakes[(here - 1) / 2]);
}

static struct wake pop(struct worker *w)
{
    struct wake top = w->wakes[0];
    w->wakes[0] = w->wakes[--w->nwakes];
    for (uint32_t here = 0, child; (child = 2 * here + 1) < w->nwakes; here = child) {
        if (child + 1 < w->nwakes && w->wakes[child + 1].at < w->wakes[child].at)
            child++;
        if (w->wakes[here].at <= w->wakes[child].at)
            break;
        swap(&w->wakes[here], &w->wakes[child]);
    }
    return top;
}

uint32_t wakes_run(struct worker *w)
{
    uint32_t woken = 0;
    while (wake_next(w) <= w->now) {
        struct wake top = pop(w);
        if (actor_at(w, top.actor)->state == SHM_FREE)
            continue;
        runq_push(w, top.actor);
        woken++;
    }
    return woken;
}
