/* SPDX-License-Identifier: MIT */
/* hang.h - ends a worker that handles one message for too long. Part of child.h. */
#ifndef SUP_HANG_H
#define SUP_HANG_H

struct sup_slot;

void sup_hang_init(struct sup_slot *slot);
/* From now on, where the config wants it; until the process ends. */
void sup_hang_watch(struct sup_slot *slot);

#endif
