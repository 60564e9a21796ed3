/* SPDX-License-Identifier: MIT */
/* nearest.h - what somebody may have meant who mistyped a name. */
#ifndef SUP_NEAREST_H
#define SUP_NEAREST_H

#include <stddef.h>

/* A search: give it the names there are, one after another; `best` is then the nearest, NULL where
 * none is near enough to be worth naming. */
struct sup_nearest {
    const char *meant; /* what was typed */
    const char *best;  /* one of the names given, by its address */
    unsigned distance; /* of best */
};

void sup_nearest_init(struct sup_nearest *search, const char *meant);
void sup_nearest_try(struct sup_nearest *search, const char *name);

/* Letters to add, take away, change or swap with their neighbour to get from one name to the other;
 * at least the difference in length for names above 64 bytes. */
unsigned sup_edit_distance(const char *a, const char *b);

#endif
