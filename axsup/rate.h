/* SPDX-License-Identifier: MIT */
/* rate.h - how often something happens. Pure. */
#ifndef SUP_RATE_H
#define SUP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct sup_rate { /* counts what happens within a minute or so; begins zeroed */
    uint64_t window_at;
    unsigned count;
};

/* Counts one more; true when these are more than `max` within the window, which then begins anew.
 * max 0: never. */
bool sup_rate_add(struct sup_rate *rate, uint64_t now, uint64_t window_ns, unsigned max);

#endif
