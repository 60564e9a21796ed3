/* SPDX-License-Identifier: MIT */
/* Any bytes as the image of any message, at any alignment: the first byte says which. What passes
 * ax_layout_validate can be read by a handler, moved, flattened and shown. */
#include <stdlib.h>

#include "libax/json.h"
#include "tests/lib/everything.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Reads what a handler would. */
static size_t read_all(const struct ax_layout *layout, const void *fixed)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];
        const char *at = (const char *)fixed + field->offset;

        if (field->type == AX_TYPE_STR) {
            const struct ax_str *str = (const struct ax_str *)at;

            REQUIRE(strlen(ax_str(str)) <= str->len);
        } else if (field->type == AX_TYPE_BYTES) {
            const struct ax_bytes *bytes = (const struct ax_bytes *)at;
            const unsigned char *data = ax_bytes(bytes);

            for (uint32_t j = 0; j < bytes->len; j++)
                sum += data[j];
        }
    }
    return sum;
}

static void use(const struct ax_layout *layout, const unsigned char *image, size_t size)
{
    /* Fields may share their data, so an image can become larger when it is flattened. */
    size_t room = layout->size + layout->nfields * (size + 1), flat;
    unsigned char *fixed = malloc(layout->size + 1), *buf = malloc(room);
    json_t *shown = ax_image_to_json(layout, image, size);

    REQUIRE(fixed && buf && shown);
    memcpy(fixed, image, layout->size);
    ax_layout_relocate(layout, fixed, image);
    read_all(layout, fixed);
    REQUIRE(ax_layout_flatten(layout, fixed, buf, room, &flat) == 0);
    REQUIRE(ax_layout_validate(layout, buf, flat) == 0);
    json_decref(shown);
    free(fixed);
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ax_method *method;
    unsigned char *image;

    if (size == 0)
        return 0;
    method = &everything_contract.methods[data[0] % everything_contract.nmethods];
    image = malloc(size);
    REQUIRE(image);
    memcpy(image, data + 1, size - 1);
    if (ax_layout_validate(method->msg, image, size - 1) == 0)
        use(method->msg, image, size - 1);
    /* A frame need not be aligned where it is only checked and shown. */
    else
        REQUIRE(!ax_image_to_json(method->msg, data + 1, size - 1));
    free(image);
    return 0;
}
