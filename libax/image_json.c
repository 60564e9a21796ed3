/* SPDX-License-Identifier: MIT */
/* From images to JSON; json.c has the other way. The image is validated before anything is read
 * from it, and read through memcpy, because it may lie at any address. */
#include <math.h>
#include <stdlib.h>

#include "libax/json.h"
#include "libax/utf8.h"

#include <sodium.h>

/* The text with U+FFFD in the place of each byte that is not UTF-8. */
static json_t *mended_string(const char *text, size_t len)
{
    char *mended = malloc(len * 3);
    size_t end = 0;
    json_t *string;

    if (!mended)
        return NULL;
    for (size_t at = 0; at < len;) {
        size_t n = ax_utf8_char(text + at, len - at);

        memcpy(mended + end, n ? text + at : "\xef\xbf\xbd", n ? n : 3);
        end += n ? n : 3;
        at += n ? n : 1;
    }
    string = json_stringn(mended, end);
    free(mended);
    return string;
}

static json_t *write_string(const char *text, size_t len)
{
    return ax_utf8_valid(text, len) ? json_stringn(text, len) : mended_string(text, len);
}

static json_t *write_bytes(const unsigned char *data, size_t len)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(room);
    json_t *string;

    if (!text)
        return NULL;
    sodium_bin2base64(text, room, data, len, sodium_base64_VARIANT_ORIGINAL);
    string = json_string(text);
    free(text);
    return string;
}

static json_t *write_float(double number)
{
    if (isnan(number))
        return json_string("NaN");
    if (isinf(number))
        return json_string(number > 0 ? "Infinity" : "-Infinity");
    return json_real(number);
}

static json_t *write_u64(uint64_t number)
{
    return number > INT64_MAX ? json_sprintf("%llu", (unsigned long long)number)
                              : json_integer((json_int_t)number);
}

static json_t *write_ref(struct ax_ref ref)
{
    char text[AX_REF_TEXT];

    return ref.addr || ref.node ? json_string(ax_ref_format(ref, text)) : json_null();
}

static json_t *write_object(const struct ax_layout *layout, const unsigned char *at);

static json_t *write_integer(const struct ax_field *field, const unsigned char *at)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } n;

    memcpy(&n, at, ax_field_element(field));
    switch (field->type) {
    case AX_TYPE_I8:
        return json_integer(n.i8);
    case AX_TYPE_I16:
        return json_integer(n.i16);
    case AX_TYPE_I32:
        return json_integer(n.i32);
    case AX_TYPE_I64:
        return json_integer(n.i64);
    case AX_TYPE_U8:
        return json_integer(n.u8);
    case AX_TYPE_U16:
        return json_integer(n.u16);
    case AX_TYPE_U32:
        return json_integer(n.u32);
    default:
        return write_u64(n.u64);
    }
}

static json_t *write_element(const struct ax_field *field, const unsigned char *at)
{
    struct ax_str var;
    struct ax_ref ref;
    double f64;
    float f32;

    switch (field->type) {
    case AX_TYPE_BOOL:
        return json_boolean(*at);
    case AX_TYPE_F32:
        memcpy(&f32, at, sizeof(f32));
        return write_float((double)f32);
    case AX_TYPE_F64:
        memcpy(&f64, at, sizeof(f64));
        return write_float(f64);
    case AX_TYPE_STR:
        memcpy(&var, at, sizeof(var));
        return write_string((const char *)at + var.off, var.len);
    case AX_TYPE_BYTES:
        memcpy(&var, at, sizeof(var));
        return write_bytes(at + var.off, var.len);
    case AX_TYPE_REF:
    case AX_TYPE_REF_TO:
        memcpy(&ref, at, sizeof(ref));
        return write_ref(ref);
    case AX_TYPE_TEXT:
        return write_string((const char *)at, strlen((const char *)at));
    case AX_TYPE_NESTED:
        return write_object(field->nested, at);
    default:
        return write_integer(field, at);
    }
}

static json_t *write_array(const struct ax_field *field, const unsigned char *at)
{
    json_t *array = json_array();

    for (uint32_t i = 0; array && i < field->count; i++) {
        const unsigned char *element = at + (size_t)i * ax_field_element(field);

        if (json_array_append_new(array, write_element(field, element)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *write_object(const struct ax_layout *layout, const unsigned char *at)
{
    json_t *object = json_object();

    for (uint32_t i = 0; object && i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];
        json_t *value = field->flags & AX_FIELD_ARRAY ? write_array(field, at + field->offset)
                                                      : write_element(field, at + field->offset);

        if (json_object_set_new(object, field->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *ax_image_to_json(const struct ax_layout *layout, const void *image, size_t size)
{
    return ax_layout_validate(layout, image, size) == 0 ? write_object(layout, image) : NULL;
}
