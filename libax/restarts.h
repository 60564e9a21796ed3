/* SPDX-License-Identifier: MIT */
/* libax/restarts.h - whether an actor has come back too often: `max` times within any span of
 * `window` before its last end, as supervisors and axsup count as well.
 *
 * Those count with a time for each restart that they allow. An actor has room for SHM_RESTARTS
 * times; where more are allowed, each stands for the first of several restarts, so that at most
 * one in SHM_RESTARTS is granted above max. Times are parts of the window, so that 32 bits are
 * enough: no two restarts in a row lie further apart than one window, or all is forgotten. */
#ifndef LIBAX_RESTARTS_H
#define LIBAX_RESTARTS_H

#include <stdbool.h>

#include "shm/private.h"

struct restarts_rule { /* what follows from `max` and `window` */
    uint32_t each;     /* restarts that one time stands for */
    uint32_t times;    /* that are looked back at; 0: no restart is allowed */
    uint64_t part_ns;
    uint64_t parts; /* of a window */
};

static inline struct restarts_rule restarts_rule(uint32_t max, uint64_t window_ns)
{
    uint32_t each = max / SHM_RESTARTS + (max % SHM_RESTARTS != 0);
    uint64_t part = window_ns / 65536 + 1;
    return (struct restarts_rule){
        .each = each,
        .times = max == 0 ? 0 : (max - 1) / each + 1,
        .part_ns = part,
        .parts = window_ns / part,
    };
}

/* The time that the next restart is to write, which the caller logs with the count. */
static inline uint32_t *restarts_next(struct shm_restarts *restarts,
                                      const struct restarts_rule *rule)
{
    return &restarts->at[restarts->count / rule->each % rule->times];
}

/* Counts a restart at `now`; false: it is one too many, and nothing has changed. `times` is not
 * 0. */
static inline bool restarts_add(struct shm_restarts *restarts, const struct restarts_rule *rule,
                                uint64_t now)
{
    uint32_t at = (uint32_t)(now / rule->part_ns), *time = restarts_next(restarts, rule);
    if (restarts->count % rule->each == 0) {
        if (restarts->count / rule->each >= rule->times && (uint32_t)(at - *time) < rule->parts)
            return false;
        *time = at;
    }
    restarts->count++;
    return true;
}

#endif
