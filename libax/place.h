/* SPDX-License-Identifier: MIT */
/* libax/place.h - addresses that all processes of one template have in common, so that what points
 * into private memory, a stack or a reply in one of them points there in the next as well.
 *
 * The template chooses a range of the address space at random before it forks; nothing is mapped
 * there until a process needs it, so it costs nobody anything. Where the range is taken in some
 * process, that process maps what it needs elsewhere, and its awaits end with it. */
#ifndef LIBAX_PLACE_H
#define LIBAX_PLACE_H

#include <stdint.h>

#define PLACE_STRANDS (1u << 20) /* that have a place */

/* Once in each template; in a process without one, before it needs a place. */
void place_choose(void);
/* Names the choice: another template has another one. 0: there is none. */
uint64_t place_id(void);

/* Where they go; NULL: anywhere. */
void *place_private(void);
void *place_stack(uint32_t strand);
void *place_reply(uint32_t strand);

/* Maps private memory of this process at `at`, or anywhere where it is NULL. NULL: it is taken. */
void *place_map(void *at, uint64_t bytes);

#endif
