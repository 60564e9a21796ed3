/* SPDX-License-Identifier: MIT */
/* book.h - what lasts while nodes are restarted: files in the folder of the environment's ROLLING.
 */
#ifndef TEST_ROLLING_BOOK_H
#define TEST_ROLLING_BOOK_H

#include <ax/actor.h>

/* At the end of that file, in one piece; fails the actor where that cannot be. */
__attribute__((format(printf, 3, 4))) void book_add(struct ax_ctx *ctx, const char *name,
                                                    const char *format, ...);

#endif
