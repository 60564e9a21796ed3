/* SPDX-License-Identifier: MIT */
/* Options that cannot be. */
#ifndef TESTS_STORES_OPTIONS_H
#define TESTS_STORES_OPTIONS_H

void options_mistakes(void);

#endif
