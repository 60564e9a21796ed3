/* SPDX-License-Identifier: MIT */
/* tests/lib/alone.h - the only victim of a test program, with the actors of subject.h, in a system
 * of its own that each test gets anew. */
#ifndef TESTS_ALONE_H
#define TESTS_ALONE_H

#include "tests/lib/subject.h"
#include "tests/lib/victim.h"

extern struct node node;
extern struct victim victim;
extern struct worker *const w;

/* Set-up and end of a test; it has done no round yet. */
int alone_begin(void **state);
int alone_end(void **state);
/* It dies, and the next process starts. */
void alone_die(void);
/* As many rounds as whatever was sent needs. */
void alone_rounds(void);

#endif
