/* SPDX-License-Identifier: MIT */
/* number.h - numbers as Redis reads and writes them. */
#ifndef KV_NUMBER_H
#define KV_NUMBER_H

#include <ax/types.h>

/* A whole number in its shortest form: no sign but '-', no leading zero, no blank, within 64 bits.
 * False for all else. */
bool number_read(struct ax_span text, int64_t *value);

/* Writes it, without a NUL; returns how many bytes, NUMBER_MAX at most. */
#define NUMBER_MAX 20
uint32_t number_write(int64_t value, uint8_t text[static NUMBER_MAX]);

#endif
