/* SPDX-License-Identifier: MIT */
/* stream.h - the lifecycle stream between workers (libax/stream.h): what axsup reads of the starts,
 * restarts and ends of actors in one worker it tells those that have a listener. Where the lane to
 * one is half full it is left out and counted, and the next notice says how many were. */
#ifndef SUP_STREAM_H
#define SUP_STREAM_H

#include "shm/private.h"

struct sup;

/* An event that slot `from` has written. */
void sup_stream_tell(struct sup *sup, uint32_t from, const struct shm_event *event);
/* So many were overwritten before they were seen; some may have been of another sort. */
void sup_stream_left_out(struct sup *sup, uint32_t from, uint64_t count);
/* Publishes what was told. */
void sup_stream_flush(struct sup *sup);

#endif
