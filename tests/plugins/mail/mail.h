/* SPDX-License-Identifier: MIT */
/* What the parts of the plugin share: one of each in a worker's process. */
#ifndef MAIL_H
#define MAIL_H

#include "clerk.h"
#include "desk.h"
#include "echo.h"

#define MS UINT64_C(1000000)

extern bool mail_open;       /* the gate: clerks that were told to hold go on */
extern uint32_t mail_passes; /* how many clerks that were told to pass may go on */
extern char mail_trace[128]; /* what clerks did */
extern int mail_result[16];  /* of clerks' calls; -1: not over */

void mail_say(char letter);
/* Lets others run. 0 or an error. */
int mail_pause(struct ax_ctx *ctx);

#endif
