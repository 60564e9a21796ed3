/* SPDX-License-Identifier: MIT */
#include "axsup/restart.h"

#include "libax/backoff.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the wait ---- */

uint64_t sup_restart_backoff(const uint64_t bounds[2], unsigned nth, uint64_t random)
{
    return backoff_wait(bounds[0], bounds[1], nth, random);
}

/* ---- the window ---- */

/* Whether there have been `max` restarts within the window that ends now. */
static bool is_full(const struct sup_restart *restart, uint64_t now, uint64_t window_ns)
{
    return restart->n == restart->max &&
           (restart->max == 0 || now - restart->at[restart->next] < window_ns);
}

static void count(struct sup_restart *restart, uint64_t now, uint64_t window_ns)
{
    restart->at[restart->next] = now;
    restart->next = (restart->next + 1) % restart->max;
    restart->n += restart->n < restart->max;
    restart->row = restart->row > 0 && now - restart->last < window_ns ? restart->row + 1 : 1;
    restart->last = now;
}

/* ---- the whole ---- */

int sup_restart_init(struct sup_restart *restart, const struct sup_restart_config *config,
                     uint64_t seed)
{
    *restart = (struct sup_restart){.max = config->max, .randomness = seed};
    restart->at = calloc((size_t)config->max + 1, sizeof *restart->at);
    return restart->at != NULL ? 0 : -ENOMEM;
}

void sup_restart_deinit(struct sup_restart *restart)
{
    free(restart->at);
    restart->at = NULL;
}

enum sup_verdict sup_restart_decide(struct sup_restart *restart,
                                    const struct sup_restart_config *config, uint64_t now,
                                    enum sup_end end, uint64_t *start_at)
{
    if (config->policy == SUP_RESTART_NEVER)
        return end == SUP_END_NORMAL ? SUP_REST : SUP_GIVE_UP;
    if (config->policy == SUP_RESTART_ON_FAILURE && end == SUP_END_NORMAL)
        return SUP_REST;
    if (is_full(restart, now, config->window_ns))
        return SUP_GIVE_UP;
    count(restart, now, config->window_ns);
    *start_at = now + sup_restart_backoff(config->backoff_ns, restart->row,
                                          backoff_random(&restart->randomness));
    return SUP_AGAIN;
}

void sup_restart_forget(struct sup_restart *restart)
{
    restart->n = restart->next = restart->row = 0;
}

/* ---- rates ---- */

bool sup_rate_add(struct sup_rate *rate, uint64_t now, uint64_t window_ns, unsigned max)
{
    if (max == 0)
        return false;
    if (rate->window_at == 0 || now - rate->window_at >= window_ns)
        *rate = (struct sup_rate){.window_at = now == 0 ? 1 : now};
    if (++rate->count <= max)
        return false;
    *rate = (struct sup_rate){0};
    return true;
}
