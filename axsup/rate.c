/* SPDX-License-Identifier: MIT */
#include "axsup/rate.h"

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
