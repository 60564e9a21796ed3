/* SPDX-License-Identifier: MIT */
/* tick.h - the ticks by which workers tell slow messages and their actors' busy time. Part of
 * sup.h. */
#ifndef SUP_TICK_H
#define SUP_TICK_H

struct sup;

/* From now on, until the loop ends. */
void sup_tick_start(struct sup *sup);

#endif
