/* SPDX-License-Identifier: MIT */
/* plan.h - what the actors are told to do in a round, by dice. */
#ifndef PLAN_H
#define PLAN_H

#include "model.h"

struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice, uint64_t sides);

/* The same dice and the same model make the same orders. Their number; `orders` has room for it. */
#define PLAN_MOST 160u
uint32_t plan_make(const struct model *model, struct dice *dice, struct order *orders);

#endif
