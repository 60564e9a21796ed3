/* SPDX-License-Identifier: MIT */
/* libax/json.h - messages, replies and kept state as JSON objects, by their layout.
 *
 *   bool                  true, false
 *   i8 .. i64, u8 .. u64  integer; u64 above 2^63-1: string of decimal digits, taken for any u64
 *   f32, f64              number, or "NaN", "Infinity", "-Infinity"
 *   str, text(N)          string
 *   bytes                 string, base64 with padding (RFC 4648, section 4)
 *   ref, ref_to(c)        string "slot.index.generation", with "@node" if not here; null for none
 *   array(T, N)           array of exactly N
 *   nested(S)             object
 *
 * An object has every field and no other. In a text that is not UTF-8, which only C code can have
 * put there, each wrong byte is shown as U+FFFD. */
#ifndef LIBAX_JSON_H
#define LIBAX_JSON_H

#include <jansson.h>

#include <ax/reflect.h>

/* Makes the image of `object` in `buf`, *size bytes of at most `cap`; it passes ax_layout_validate.
 * `buf` is aligned as the C struct. Allocates nothing. AX_E_INVALID or, beyond `cap`, AX_E_TOO_BIG;
 * then `error` says what is wrong with which field, "by: 300 is out of range for u8 (0 to 255)",
 * in at most `errorlen` bytes with its NUL. */
AX_MUST_USE int ax_json_to_image(const struct ax_layout *layout, const json_t *object, void *buf,
                                 size_t cap, size_t *size, char *error, size_t errorlen);

/* The object that an image stands for, a new reference. The image may come from anyone: NULL if it
 * is not valid, or there is no memory. */
json_t *ax_image_to_json(const struct ax_layout *layout, const void *image, size_t size);

#endif
