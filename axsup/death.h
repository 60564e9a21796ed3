/* SPDX-License-Identifier: MIT */
/* death.h - the end of a worker process: the notice, the status, what follows. Part of child.h. */
#ifndef SUP_DEATH_H
#define SUP_DEATH_H

#include "axsup/report.h"

struct sup_ending { /* how a process has ended */
    int signal, code;
};

/* Hears of the death by the pidfd. 0 or -errno. */
int sup_death_watch(struct sup_slot *slot);
/* And by the futex, which the process has taken. */
void sup_death_watch_futex(struct sup_slot *slot);
/* Decides what follows, tells all slots, packs the next order. */
void sup_death_notice(struct sup_slot *slot, const struct sup_ending *end);
/* Told to stop while others wait for its next process: there will be none. */
void sup_death_for_good(struct sup_slot *slot);
/* The end as it is to be reported; taken before sup_death_follow, for the next incarnation may end
 * before this one is reported. */
struct sup_ended sup_death_ended(const struct sup_slot *slot);
/* Reports an end whose report has been put off, if there is one. */
void sup_death_report(struct sup_slot *slot);
/* Does what was decided: nothing, or a start now or later. */
void sup_death_follow(struct sup_slot *slot);
/* Closes what belongs to a process that has been reaped. */
void sup_death_forget(struct sup_slot *slot);
/* Reaps what is left of the processes of a slot, killing one that lives. Blocks. */
void sup_death_reap(struct sup_slot *slot);

#endif
