/* SPDX-License-Identifier: MIT */
/* line.h - what shows who believes to act: a line "EPOCH TIME PID". */
#ifndef TEST_LINE_H
#define TEST_LINE_H

#include <ax/actor.h>

/* At the end of the file at `path`; fails the actor where that cannot be. */
void add_line(struct ax_ctx *ctx, const char *path);

#endif
