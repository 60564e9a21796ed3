/* SPDX-License-Identifier: MIT */
/* From JSON to images; image_json.c has the other way.
 *
 * The reader walks the layout, not the JSON: the depth of recursion is that of the layout, and what
 * the layout does not name is an error. */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <sodium.h>

#include "libax/contract.h"
#include "libax/json.h"
#include "libax/json_reader.h"
#include "libax/utf8.h"

/* ---- numbers ---- */

static int out_of_range(struct ax_reader *reader, unsigned type, const char *value)
{
    static const struct {
        int64_t min;
        uint64_t max;
    } range[] = {
        [AX_TYPE_I8] = {INT8_MIN, INT8_MAX},    [AX_TYPE_I16] = {INT16_MIN, INT16_MAX},
        [AX_TYPE_I32] = {INT32_MIN, INT32_MAX}, [AX_TYPE_I64] = {INT64_MIN, INT64_MAX},
        [AX_TYPE_U8] = {0, UINT8_MAX},          [AX_TYPE_U16] = {0, UINT16_MAX},
        [AX_TYPE_U32] = {0, UINT32_MAX},        [AX_TYPE_U64] = {0, UINT64_MAX},
    };

    return ax_reader_fail(reader, "%.40s is out of range for %s (%" PRId64 " to %" PRIu64 ")",
                          value, ax_type_table[type].word, range[type].min, range[type].max);
}

/* Stores the low bytes of `value`, and tells whether they stand for it. */
static bool store_integer(unsigned type, int64_t value, unsigned char *at)
{
    switch (type) {
#define AX_STORE(symbol, c)                                                                        \
    case AX_TYPE_##symbol:                                                                         \
        memcpy(at, &(c){(c)value}, sizeof(c));                                                     \
        return (c)value == value;
        AX_STORE(I8, int8_t)
        AX_STORE(I16, int16_t)
        AX_STORE(I32, int32_t)
        AX_STORE(I64, int64_t)
        AX_STORE(U8, uint8_t)
        AX_STORE(U16, uint16_t)
        AX_STORE(U32, uint32_t)
#undef AX_STORE
    default:
        memcpy(at, &value, sizeof(value));
        return value >= 0;
    }
}

static int read_integer(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                        unsigned char *at)
{
    char text[32];

    if (!json_is_integer(value))
        return ax_reader_wrong_kind(reader, field, value);
    if (store_integer(field->type, json_integer_value(value), at))
        return 0;
    snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return out_of_range(reader, field->type, text);
}

static int read_u64(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    uint64_t n = 0;

    if (!text)
        return read_integer(reader, field, value, at);
    if (text[0] == 0 || strspn(text, "0123456789") != json_string_length(value))
        return ax_reader_fail(reader, "u64 expected: an integer, or a string of digits");
    for (; *text; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (n > (UINT64_MAX - digit) / 10)
            return out_of_range(reader, AX_TYPE_U64, json_string_value(value));
        n = n * 10 + digit;
    }
    memcpy(at, &n, sizeof(n));
    return 0;
}

static int read_float(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                      unsigned char *at)
{
    const char *text = json_string_value(value);
    double number;

    if (json_is_number(value))
        number = json_number_value(value);
    else if (text && strcmp(text, "NaN") == 0)
        number = (double)NAN;
    else if (text && strcmp(text, "Infinity") == 0)
        number = (double)INFINITY;
    else if (text && strcmp(text, "-Infinity") == 0)
        number = -(double)INFINITY;
    else
        return ax_reader_wrong_kind(reader, field, value);
    if (field->type == AX_TYPE_F64) {
        memcpy(at, &number, sizeof(number));
        return 0;
    }
    if (isfinite(number) && fabs(number) > (double)FLT_MAX)
        return ax_reader_fail(reader, "%g is out of range for f32", number);
    memcpy(at, &(float){(float)number}, sizeof(float));
    return 0;
}

/* ---- texts, bytes, refs ---- */

static int too_big(struct ax_reader *reader)
{
    ax_reader_fail(reader, "does not fit: a message has room for %zu bytes", reader->cap);
    return AX_E_TOO_BIG;
}

static int check_text(struct ax_reader *reader, const char *text, size_t len)
{
    if (memchr(text, 0, len))
        return ax_reader_fail(reader, "holds a NUL; only bytes can");
    return ax_utf8_valid(text, len) ? 0 : ax_reader_fail(reader, "is not UTF-8");
}

/* Room for `len` bytes of data and `nul` more at the end of the image, and the field that says so.
 * *data is NULL where there are none. */
static int append(struct ax_reader *reader, unsigned char *at, size_t len, size_t nul,
                  unsigned char **data)
{
    struct ax_str var = {0, (uint32_t)len, 0};

    *data = NULL;
    if (len == 0)
        return 0;
    if (len >= UINT32_MAX || reader->cap - reader->end < len + nul)
        return too_big(reader);
    *data = reader->buf + reader->end;
    var.off = *data - at;
    memcpy(at, &var, sizeof(var));
    memset(*data + len, 0, nul);
    reader->end += len + nul;
    return 0;
}

static int read_str(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    unsigned char *data;
    int error;

    if (!text)
        return ax_reader_wrong_kind(reader, field, value);
    error = check_text(reader, text, len);
    if (!error)
        error = append(reader, at, len, 1, &data);
    if (!error && data)
        memcpy(data, text, len);
    return error;
}

static int read_text(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                     unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), room = ax_field_element(field);

    if (!text)
        return ax_reader_wrong_kind(reader, field, value);
    if (len >= room)
        return ax_reader_fail(reader, "%zu bytes do not fit text(%zu), which holds %zu and a NUL",
                              len, room, room - 1);
    memcpy(at, text, len);
    return check_text(reader, text, len);
}

static int read_bytes(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                      unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), size = len / 4 * 3, written = 0;
    unsigned char *data;
    int error;

    if (!text)
        return ax_reader_wrong_kind(reader, field, value);
    for (size_t i = 0; i < 2 && len >= 4; i++)
        size -= text[len - 1 - i] == '=';
    error = append(reader, at, size, 0, &data);
    if (error || len == 0)
        return error;
    if (!data ||
        sodium_base642bin(data, size, text, len, NULL, &written, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        written != size)
        return ax_reader_fail(reader, "is not base64 with padding");
    return 0;
}

static int read_ref(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    struct ax_ref ref;

    if (json_is_null(value))
        return 0;
    if (!text)
        return ax_reader_wrong_kind(reader, field, value);
    if (strlen(text) != json_string_length(value) || !ax_ref_parse(text, &ref))
        return ax_reader_fail(reader, "%s expected: \"slot.index.generation\" or null",
                              ax_type_table[field->type].word);
    memcpy(at, &ref, sizeof(ref));
    return 0;
}

/* ---- the walk ---- */

static int read_object(struct ax_reader *reader, const struct ax_layout *layout,
                       const json_t *object, unsigned char *at);

static int read_element(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                        unsigned char *at)
{
    switch (field->type) {
    case AX_TYPE_BOOL:
        *at = json_is_true(value);
        return json_is_boolean(value) ? 0 : ax_reader_wrong_kind(reader, field, value);
    case AX_TYPE_U64:
        return read_u64(reader, field, value, at);
    case AX_TYPE_F32:
    case AX_TYPE_F64:
        return read_float(reader, field, value, at);
    case AX_TYPE_STR:
        return read_str(reader, field, value, at);
    case AX_TYPE_BYTES:
        return read_bytes(reader, field, value, at);
    case AX_TYPE_TEXT:
        return read_text(reader, field, value, at);
    case AX_TYPE_REF:
    case AX_TYPE_REF_TO:
        return read_ref(reader, field, value, at);
    case AX_TYPE_NESTED:
        return read_object(reader, field->nested, value, at);
    default:
        return read_integer(reader, field, value, at);
    }
}

static int read_array(struct ax_reader *reader, const struct ax_field *field, const json_t *value,
                      unsigned char *at)
{
    int error = 0;

    if (!json_is_array(value))
        return ax_reader_fail(reader, "an array of %u expected, not %s", field->count,
                              ax_reader_kind_of(value));
    if (json_array_size(value) != field->count)
        return ax_reader_fail(reader, "%u elements expected, not %zu", field->count,
                              json_array_size(value));
    for (uint32_t i = 0; i < field->count && !error; i++) {
        size_t here = ax_reader_enter(reader, "[%u]", i);

        error = read_element(reader, field, json_array_get(value, i),
                             at + (size_t)i * ax_field_element(field));
        ax_reader_leave(reader, here);
    }
    return error;
}

static int read_field(struct ax_reader *reader, const struct ax_field *field, const json_t *object,
                      unsigned char *at)
{
    const json_t *value = json_object_get(object, field->name);
    size_t here = ax_reader_enter(reader, "%s%s", reader->path_len ? "." : "", field->name);
    int error;

    if (!value)
        error = ax_reader_fail(reader, "missing; the field is of type %s",
                               ax_type_table[field->type].word);
    else if (field->flags & AX_FIELD_ARRAY)
        error = read_array(reader, field, value, at);
    else
        error = read_element(reader, field, value, at);
    ax_reader_leave(reader, here);
    return error;
}

static int read_object(struct ax_reader *reader, const struct ax_layout *layout,
                       const json_t *object, unsigned char *at)
{
    const char *key;
    json_t *value;
    int error = 0;

    if (!json_is_object(object))
        return ax_reader_fail(reader, "an object expected, not %s",
                              object ? ax_reader_kind_of(object) : "nothing");
    json_object_foreach((json_t *)object, key, value)
    {
        uint32_t i = 0;

        while (i < layout->nfields && strcmp(layout->fields[i].name, key) != 0)
            i++;
        if (i == layout->nfields)
            return ax_reader_unknown(reader, layout, key);
    }
    for (uint32_t i = 0; i < layout->nfields && !error; i++)
        error = read_field(reader, &layout->fields[i], object, at + layout->fields[i].offset);
    return error;
}

int ax_json_to_image(const struct ax_layout *layout, const json_t *object, void *buf, size_t cap,
                     size_t *size, char *error, size_t errorlen)
{
    struct ax_reader reader = {
        .buf = buf, .cap = cap, .end = layout->size, .error = error, .errorlen = errorlen};
    int result;

    if (errorlen)
        error[0] = 0;
    if (cap < layout->size)
        return too_big(&reader);
    if (layout->size)
        memset(buf, 0, layout->size);
    result = read_object(&reader, layout, object, buf);
    *size = reader.end;
    return result;
}
