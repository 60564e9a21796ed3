/* SPDX-License-Identifier: MIT */
/* names.h - the table of names, in axsup's public segment, read by all.
 *
 * Names are unique in the system because one process grants them. An entry is a seqlock: odd while
 * it changes. A name whose owner is gone is given to the next who claims it, and forgotten when
 * there is need of room. */
#ifndef SUP_NAMES_H
#define SUP_NAMES_H

#include "shm/layout.h"

struct sup;

#define SUP_SPARE_NAMES 4096u /* of a slot, for actors that are spawned with a name */

/* Entries that the table needs for that many names: a power of two. */
uint32_t sup_names_room(uint64_t names);
/* Grants a name to an address. 0 with *entry set; AX_E_NAME_TAKEN, AX_E_INVALID; AX_E_LIMIT when
 * the slot has as many as are its share, or had nearly as many less than 50 ms ago. */
int sup_name_claim(struct sup *sup, const char *name, uint64_t ref, uint32_t *entry);
/* Gives a name to a configured actor of a slot that no process is in. 0, AX_E_NAME_TAKEN,
 * AX_E_LIMIT. */
int sup_name_assign(struct sup *sup, const char *name, uint64_t ref, uint32_t *entry);
/* Who has the name: an address, 0: nobody. */
uint64_t sup_name_find(const struct sup *sup, const char *name);
/* The name that an address has, in `name`; `hint` is an entry + 1 that the slot gave, 0: none.
 * False: none. */
bool sup_name_of(const struct sup *sup, uint64_t ref, uint32_t hint, char name[SHM_NAME_MAX + 1]);

#endif
