/* SPDX-License-Identifier: MIT */
/* heir.h - a child of a crown. */
#ifndef TEST_HEIR_H
#define TEST_HEIR_H

#define AX_CONTRACT heir
#define AX_MESSAGES(TELL, ASK) TELL(note, ())
#include <ax/contract.h>

/* The key of the crown of this process, once that has begun in it. */
extern char crowned[];

#endif
