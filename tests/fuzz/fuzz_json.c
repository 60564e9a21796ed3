/* SPDX-License-Identifier: MIT */
/* Any JSON as any message: the first byte says which. What is taken is a valid image within its
 * room, and the image says the same as what it was made of; what is refused has a reason. */
#include <stdlib.h>

#include "libax/json.h"
#include "tests/lib/everything.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define ROOM 512u

/* Through JSON and back the image stays what it is. */
static void compare(const struct ax_layout *layout, const void *image, size_t size)
{
    static _Alignas(16) unsigned char other[ROOM];
    json_t *shown = ax_image_to_json(layout, image, size);
    char error[100];
    size_t again;

    REQUIRE(shown);
    REQUIRE(ax_json_to_image(layout, shown, other, ROOM, &again, error, sizeof(error)) == 0);
    json_decref(shown);
    shown = ax_image_to_json(layout, other, again);
    REQUIRE(again == size && shown);
    json_decref(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ax_method *method;
    unsigned char *image;
    char error[100];
    json_t *object;
    size_t used;
    int result;

    if (size == 0)
        return 0;
    method = &everything_contract.methods[data[0] % everything_contract.nmethods];
    object = json_loadb((const char *)data + 1, size - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!object)
        return 0;
    image = malloc(ROOM); /* so that the sanitizer sees its end */
    REQUIRE(image);
    result = ax_json_to_image(method->msg, object, image, ROOM, &used, error, sizeof(error));
    if (result == 0) {
        REQUIRE(used <= ROOM && ax_layout_validate(method->msg, image, used) == 0);
        compare(method->msg, image, used);
    } else {
        REQUIRE(result == AX_E_INVALID || result == AX_E_TOO_BIG);
        REQUIRE(error[0] != 0);
    }
    free(image);
    json_decref(object);
    return 0;
}
