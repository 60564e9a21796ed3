/* SPDX-License-Identifier: MIT */
/* shm/names.h - the table of names in axsup's public segment: axsup writes it, all read it.
 *
 * An entry is a seqlock: `seq` is odd while it changes. The table is open-addressed by hash with
 * linear probing, which ends at an entry whose `hash` is 0. An entry that is on the way to a name
 * in use is never that, and no name moves, so probing never stops short. */
#ifndef SHM_NAMES_H
#define SHM_NAMES_H

#include "shm/port.h"

/* FNV-1a, 64 bits, (Fowler, Noll, Vo) but never 0. */
uint64_t shm_name_hash(const char *name);

/* 1..SHM_NAME_MAX bytes, none of them '/' or a control character; and no ref. */
bool shm_name_valid(const char *name);
/* Whether it has the form of a ref, and so would hide one where either may stand. */
bool shm_name_is_ref(const char *name);

/* The ref under a name, 0 when there is none. `entry` may be NULL. */
uint64_t shm_name_find(const struct shm_port *port, const char *name, uint32_t *entry);

/* Copies the name of an entry, "" when it is none; `text` has SHM_NAME_MAX + 1 bytes. */
void shm_name_text(const struct shm_port *port, uint32_t entry, char *text);

#endif
