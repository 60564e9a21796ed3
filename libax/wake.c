/* SPDX-License-Identifier: MIT */
#include "libax/wake.h"

#include "libax/turn.h"

#include <errno.h>
#include <stdlib.h>

int wakes_open(struct worker *w)
{
    w->wakes = calloc(w->port.geo.actors, sizeof *w->wakes); /* pages that are not used are none */
    w->wake_places = calloc(w->port.geo.actors, sizeof *w->wake_places);
    return w->wakes == NULL || w->wake_places == NULL ? -ENOMEM : 0;
}

void wakes_close(struct worker *w)
{
    free(w->wakes);
    free(w->wake_places);
    w->wakes = NULL;
    w->wake_places = NULL;
    w->nwakes = 0;
}

static void put(struct worker *w, uint32_t here, struct wake wake)
{
    w->wakes[here] = wake;
    w->wake_places[wake.actor] = here + 1;
}

static void up(struct worker *w, uint32_t here, struct wake wake)
{
    for (; here > 0 && wake.at < w->wakes[(here - 1) / 2].at; here = (here - 1) / 2)
        put(w, here, w->wakes[(here - 1) / 2]);
    put(w, here, wake);
}

static void down(struct worker *w, uint32_t here, struct wake wake)
{
    for (uint32_t child; (child = 2 * here + 1) < w->nwakes; here = child) {
        if (child + 1 < w->nwakes && w->wakes[child + 1].at < w->wakes[child].at)
            child++;
        if (wake.at <= w->wakes[child].at)
            break;
        put(w, here, w->wakes[child]);
    }
    put(w, here, wake);
}

void wake_at(struct worker *w, uint32_t actor, uint64_t at)
{
    uint32_t place = w->wake_places[actor];
    if (place == 0)
        place = ++w->nwakes;
    else if (w->wakes[place - 1].at <= at)
        return;
    up(w, place - 1, (struct wake){.at = at, .actor = actor});
}

static uint32_t pop(struct worker *w)
{
    uint32_t actor = w->wakes[0].actor;
    struct wake last = w->wakes[--w->nwakes];
    if (w->nwakes != 0)
        down(w, 0, last);
    w->wake_places[actor] = 0;
    return actor;
}

uint32_t wakes_run(struct worker *w)
{
    uint32_t woken = 0;
    while (wake_next(w) <= w->now) {
        uint32_t actor = pop(w);
        if (actor_at(w, actor)->state == SHM_FREE)
            continue;
        runq_push(w, actor);
        woken++;
    }
    return woken;
}
