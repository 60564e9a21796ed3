/* SPDX-License-Identifier: MIT */
/* glob.h - the patterns of KEYS, SCAN and CONFIG GET. */
#ifndef KV_GLOB_H
#define KV_GLOB_H

#include <ax/types.h>

/* `*` any bytes, `?` one, `[a-z]`, `[^a]` one of a set or none of it, `\` the next byte as it is. A
 * set that is not closed ends with the pattern. Takes time in proportion to pattern times text at
 * most. */
bool glob_match(struct ax_span pattern, struct ax_span text, bool ignore_case);

#endif
