/* SPDX-License-Identifier: MIT */
/* tests/lib/shrink.h - the least of a list that still fails, by leaving out parts of it (after
 * Zeller and Hildebrandt, TSE 2002): first large ones, at last each by itself, until none can go.
 */
#ifndef TESTS_LIB_SHRINK_H
#define TESTS_LIB_SHRINK_H

#include <stdbool.h>

#define SHRINK_MOST 8192u /* of a list */

/* `off` says of each of `n` whether it is left out: at the beginning, so that it fails; then, more.
 * `fails` must always say the same of the same. Returns how many are left. */
unsigned shrink(bool *off, unsigned n, bool (*fails)(void *of, const bool *off), void *of);

#endif
