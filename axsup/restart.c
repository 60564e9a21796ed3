/* SPDX-License-Identifier: MIT */
#include "axsup/restart.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the wait ---- */

/* splitmix64 (Steele, Lea, Flood 2014): any state will do, and one addition moves it on. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t sup_restart_backoff(const uint64_t bounds[2], unsigned nth, uint64_t random)
{
    uint64_t least = bounds[0] < bounds[1] ? bounds[0] : bounds[1], most = bounds[1];
    uint64_t wait = least;

    while (--nth > 0 && wait > 0 && wait < most)
        wait = wait > most / 2 ? most : wait * 2;
    uint64_t tenth = wait / 10;
    uint64_t high = wait > most - tenth ? most : wait + tenth;
    uint64_t low = high - tenth > least ? high - tenth : least;
    return low + random % (high - low + 1);
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
                                          next_random(&restart->randomness));
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
