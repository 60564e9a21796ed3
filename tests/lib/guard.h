/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stdbool.h>

/* From now on every mapping of a shared file has a page on both sides that faults when touched. */
void guard_mappings(void);

#endif
