/* SPDX-License-Identifier: MIT */
#include "libax/known.h"

#include <errno.h>
#include <stdlib.h>

int known_open(struct known *known, uint32_t units)
{
    known->set = calloc(units / 64 + 1, sizeof *known->set);
    return known->set == NULL ? -ENOMEM : 0;
}

void known_settle(struct known *known, bool committed)
{
    for (uint32_t i = 0; i < known->turned && !committed; i++)
        known->set[known->turn[i] / 64] ^= 1ull << (known->turn[i] % 64);
    known->turned = 0;
}
