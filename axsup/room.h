/* SPDX-License-Identifier: MIT */
/* room.h - whether the machine has the memory that a system takes.
 *
 * The shared memory of a system is allocated when it starts, page by page, and the kernel does not
 * refuse pages that it does not have: it ends processes, others' too. So it is asked first. What is
 * not known (no /proc, another version of cgroups) limits nothing. */
#ifndef SUP_ROOM_H
#define SUP_ROOM_H

#include "axsup/config.h"
#include "axsup/config_error.h"

struct sup_room {  /* bytes, swap included; UINT64_MAX: not known */
    uint64_t now;  /* that processes can have now */
    uint64_t ever; /* that they could have if there were no others */
};

/* From the text of /proc/meminfo. */
void sup_room_machine(struct sup_room *room, const char *meminfo);
/* Lowers it to what a cgroup allows, from the texts of its memory.max, memory.current and
 * memory.stat; NULL where there is no such file. `swap` is added. */
void sup_room_cgroup(struct sup_room *room, uint64_t swap, const char *max, const char *current,
                     const char *stat);
/* Of this process: the machine, and its cgroup with all that are above it. */
void sup_room_read(struct sup_room *room);

/* AX_E_INVALID with a mistake added where the system can never have what it takes; 0. */
int sup_room_check(const struct sup_room *room, const struct sup_config *config,
                   struct sup_config_errors *errors);
/* AX_E_NO_MEMORY where it cannot have that now, and `text` says why; 0. */
#define SUP_ROOM_TEXT 512
int sup_room_try(const struct sup_room *room, const struct sup_config *config,
                 char text[SUP_ROOM_TEXT]);

#endif
