/* SPDX-License-Identifier: MIT */
/* message.h - the text of a JSON object becomes the image of a message. */
#ifndef SUP_MESSAGE_H
#define SUP_MESSAGE_H

#include <ax/reflect.h>

#define SUP_MESSAGE_WHY_MAX 400

/* Makes the image of a message with this layout, of at most `most` bytes where its fixed part does
 * not need more: malloc'd, the caller's. 0, -ENOMEM, AX_E_TOO_BIG, or AX_E_INVALID with the field
 * and what would be right in `why`. */
int sup_message_make(const struct ax_layout *layout, const char *json, size_t most, void **image,
                     size_t *size, char why[SUP_MESSAGE_WHY_MAX]);

#endif
