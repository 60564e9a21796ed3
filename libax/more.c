/* SPDX-License-Identifier: MIT */
#include "libax/more.h"

#include "libax/memory.h"

#include <string.h>

#define RESTARTS_UNITS (1u + (1u << SHM_MORE_ORDER))

struct shm_more *more_get(struct worker *w, uint32_t index)
{
    struct shm_more *more = more_of(&w->port, index);
    if (more != NULL)
        return more;
    uint32_t unit = shm_arena_take(&w->port, SHM_MORE_ORDER);
    if (unit == 0)
        return NULL;
    memset(shm_unit(&w->port, unit), 0, sizeof *more);
    shm_set(&w->port, &w->port.cold[index].more, unit);
    return more_of(&w->port, index);
}

struct shm_restarts *restarts_get(struct worker *w, uint32_t index)
{
    struct shm_more *more = more_of(&w->port, index);
    if ((more == NULL || more->restarts == 0) && !memory_room(w, RESTARTS_UNITS))
        return NULL;
    if ((more = more_get(w, index)) == NULL)
        return NULL;
    if (more->restarts == 0) {
        uint32_t unit = shm_arena_take(&w->port, 0);
        if (unit == 0)
            return NULL;
        memset(shm_unit(&w->port, unit), 0, sizeof(struct shm_restarts));
        shm_set(&w->port, &more->restarts, unit);
    }
    return shm_unit(&w->port, more->restarts);
}

void more_give(struct worker *w, uint32_t index)
{
    uint32_t unit = w->port.cold[index].more;
    if (unit == 0)
        return;
    const struct shm_more *more = more_of(&w->port, index);
    if (more->restarts != 0)
        shm_arena_give(&w->port, more->restarts, 0);
    if (more->leased != 0)
        shm_arena_give(&w->port, more->leased, 0);
    shm_arena_give(&w->port, unit, SHM_MORE_ORDER);
    shm_set(&w->port, &w->port.cold[index].more, 0);
}

bool more_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    uint32_t unit = port->cold[index].more;
    if (unit == 0)
        return true;
    if (!shm_mark(port, used, unit, SHM_MORE_ORDER))
        return false;
    const struct shm_more *more = more_of(port, index);
    return (more->restarts == 0 || shm_mark(port, used, more->restarts, 0)) &&
           (more->leased == 0 || shm_mark(port, used, more->leased, 0));
}
