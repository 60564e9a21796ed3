/* SPDX-License-Identifier: MIT */
/* leftover.h - messages that a slot has accepted and that, the system being stopped, no process of
 * it will handle: each is a dead letter, as it is one where a worker that stops in order gives its
 * mail up. Whoever asked has been told by the end of the worker. */
#ifndef SUP_LEFTOVER_H
#define SUP_LEFTOVER_H

#include <stdint.h>

struct sup;

/* What is in the mailboxes of a slot without a process. */
void sup_leftover_mail(struct sup *sup, uint32_t slot);
/* What lies unread in the lanes to it, when no process is left that could send. Returns how many
 * messages and replies that are. */
uint64_t sup_leftover_lanes(struct sup *sup, uint32_t slot);

#endif
