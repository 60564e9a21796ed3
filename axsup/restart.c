/* SPDX-License-Identifier: MIT */
#include "axsup/restart.h"

/* Counts one more event of a window that the first event begins. The count with it. */
static unsigned count_in_window(uint64_t *window_at, unsigned *count, uint64_t now,
                                uint64_t window_ns)
{
    if (*window_at == 0 || now - *window_at >= window_ns) {
        *window_at = now == 0 ? 1 : now;
        *count = 0;
    }
    return ++*count;
}

static uint64_t backoff(const uint64_t bounds[2], unsigned nth)
{
    uint64_t wait = bounds[0] < bounds[1] ? bounds[0] : bounds[1];

    while (--nth > 0 && wait > 0 && wait < bounds[1])
        wait = wait > bounds[1] / 2 ? bounds[1] : wait * 2;
    return wait;
}

enum sup_verdict sup_restart_decide(struct sup_restart *restart,
                                    const struct sup_restart_config *config, uint64_t now,
                                    enum sup_end end, uint64_t *start_at)
{
    if (config->policy == SUP_RESTART_NEVER)
        return end == SUP_END_NORMAL ? SUP_REST : SUP_GIVE_UP;
    if (config->policy == SUP_RESTART_ON_FAILURE && end == SUP_END_NORMAL)
        return SUP_REST;
    unsigned nth = count_in_window(&restart->window_at, &restart->count, now, config->window_ns);
    if (nth > config->max)
        return SUP_GIVE_UP;
    *start_at = now + backoff(config->backoff_ns, nth);
    return SUP_AGAIN;
}

void sup_restart_forget(struct sup_restart *restart)
{
    *restart = (struct sup_restart){0};
}

bool sup_rate_add(struct sup_rate *rate, uint64_t now, uint64_t window_ns, unsigned max)
{
    if (max == 0 || count_in_window(&rate->window_at, &rate->count, now, window_ns) <= max)
        return false;
    *rate = (struct sup_rate){0};
    return true;
}
