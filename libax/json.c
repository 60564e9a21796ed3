/* SPDX-License-Identifier: MIT */
/* From JSON to images; image_json.c has the other way.
 *
 * The reader walks the layout, not the JSON: the depth of recursion is that of the layout, and what
 * the layout does not name is an error. `path` is where it stands, "a.b[3]", for error texts. */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <sodium.h>

#include "libax/contract.h"
#include "libax/json.h"
#include "libax/utf8.h"

struct reader {
    unsigned char *buf;
    size_t cap, end; /* end of the image so far */
    char *error;
    size_t errorlen;
    size_t path_len;
    char path[256];
};

/* ---- errors ---- */

__attribute__((format(printf, 2, 3))) static int fail(struct reader *reader, const char *format,
                                                      ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (reader->errorlen)
        snprintf(reader->error, reader->errorlen, "%s%s%s", reader->path,
                 reader->path_len ? ": " : "", text);
    return AX_E_INVALID;
}

static int too_big(struct reader *reader)
{
    fail(reader, "does not fit: a message has room for %zu bytes", reader->cap);
    return AX_E_TOO_BIG;
}

/* Goes down one step; `leave` with what this returned comes back. */
__attribute__((format(printf, 2, 3))) static size_t enter(struct reader *reader, const char *format,
                                                          ...)
{
    size_t before = reader->path_len, room = sizeof(reader->path) - before;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(reader->path + before, room, format, args);
    va_end(args);
    reader->path_len += (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

static void leave(struct reader *reader, size_t before)
{
    reader->path_len = before;
    reader->path[before] = 0;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

static int wrong_kind(struct reader *reader, const struct ax_field *field, const json_t *value)
{
    return fail(reader, "%s expected, not %s", ax_type_table[field->type].word, kind_of(value));
}

/* How many letters to insert, delete or replace. Both names have at most AX_NAME_MAX bytes. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[AX_NAME_MAX + 1];
    size_t blen = strlen(b);

    for (unsigned j = 0; j <= blen; j++)
        row[j] = j;
    for (unsigned i = 0; a[i]; i++) {
        unsigned diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < blen; j++) {
            unsigned best = diagonal + (a[i] != b[j]);

            best = best < row[j] + 1 ? best : row[j] + 1;
            best = best < row[j + 1] + 1 ? best : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[blen];
}

/* The field's name that is most like `key`, or NULL if none is. */
static const char *nearest(const struct ax_layout *layout, const char *key)
{
    unsigned best = (unsigned)strlen(key) / 2 + 1;
    const char *name = NULL;

    if (strlen(key) > AX_NAME_MAX)
        return NULL;
    for (uint32_t i = 0; i < layout->nfields; i++) {
        const char *candidate = layout->fields[i].name;
        unsigned d = strlen(candidate) <= AX_NAME_MAX ? distance(key, candidate) : UINT32_MAX;

        if (d <= best && d < strlen(candidate)) {
            best = d;
            name = candidate;
        }
    }
    return name;
}

static int unknown_field(struct reader *reader, const struct ax_layout *layout, const char *key)
{
    const char *near = nearest(layout, key);
    char shown[AX_NAME_MAX + 1];
    size_t n = 0;

    for (; key[n] && n < AX_NAME_MAX; n++)
        shown[n] = (unsigned char)key[n] < 0x20 || key[n] == 0x7f ? '?' : key[n];
    shown[n] = 0;
    enter(reader, "%s%s", reader->path_len ? "." : "", shown);
    if (near)
        return fail(reader, "no such field; did you mean '%s'?", near);
    return fail(reader, "no such field");
}

/* ---- numbers ---- */

static int out_of_range(struct reader *reader, unsigned type, const char *value)
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

    return fail(reader, "%.40s is out of range for %s (%" PRId64 " to %" PRIu64 ")", value,
                ax_type_table[type].word, range[type].min, range[type].max);
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

static int read_integer(struct reader *reader, const struct ax_field *field, const json_t *value,
                        unsigned char *at)
{
    char text[32];

    if (!json_is_integer(value))
        return wrong_kind(reader, field, value);
    if (store_integer(field->type, json_integer_value(value), at))
        return 0;
    snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return out_of_range(reader, field->type, text);
}

static int read_u64(struct reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    uint64_t n = 0;

    if (!text)
        return read_integer(reader, field, value, at);
    if (text[0] == 0 || strspn(text, "0123456789") != json_string_length(value))
        return fail(reader, "u64 expected: an integer, or a string of digits");
    for (; *text; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (n > (UINT64_MAX - digit) / 10)
            return out_of_range(reader, AX_TYPE_U64, json_string_value(value));
        n = n * 10 + digit;
    }
    memcpy(at, &n, sizeof(n));
    return 0;
}

static int read_float(struct reader *reader, const struct ax_field *field, const json_t *value,
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
        return wrong_kind(reader, field, value);
    if (field->type == AX_TYPE_F64) {
        memcpy(at, &number, sizeof(number));
        return 0;
    }
    if (isfinite(number) && fabs(number) > (double)FLT_MAX)
        return fail(reader, "%g is out of range for f32", number);
    memcpy(at, &(float){(float)number}, sizeof(float));
    return 0;
}

/* ---- texts, bytes, refs ---- */

static int check_text(struct reader *reader, const char *text, size_t len)
{
    if (memchr(text, 0, len))
        return fail(reader, "holds a NUL; only bytes can");
    return ax_utf8_valid(text, len) ? 0 : fail(reader, "is not UTF-8");
}

/* Room for `len` bytes of data and `nul` more at the end of the image, and the field that says so.
 * *data is NULL where there are none. */
static int append(struct reader *reader, unsigned char *at, size_t len, size_t nul,
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

static int read_str(struct reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    unsigned char *data;
    int error;

    if (!text)
        return wrong_kind(reader, field, value);
    error = check_text(reader, text, len);
    if (!error)
        error = append(reader, at, len, 1, &data);
    if (!error && data)
        memcpy(data, text, len);
    return error;
}

static int read_text(struct reader *reader, const struct ax_field *field, const json_t *value,
                     unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), room = ax_field_element(field);

    if (!text)
        return wrong_kind(reader, field, value);
    if (len >= room)
        return fail(reader, "%zu bytes do not fit text(%zu), which holds %zu and a NUL", len, room,
                    room - 1);
    memcpy(at, text, len);
    return check_text(reader, text, len);
}

static int read_bytes(struct reader *reader, const struct ax_field *field, const json_t *value,
                      unsigned char *at)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), size = len / 4 * 3, written = 0;
    unsigned char *data;
    int error;

    if (!text)
        return wrong_kind(reader, field, value);
    for (size_t i = 0; i < 2 && len >= 4; i++)
        size -= text[len - 1 - i] == '=';
    error = append(reader, at, size, 0, &data);
    if (error)
        return error;
    if (sodium_base642bin(data, size, text, len, NULL, &written, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        written != size)
        return fail(reader, "is not base64 with padding");
    return 0;
}

static int read_ref(struct reader *reader, const struct ax_field *field, const json_t *value,
                    unsigned char *at)
{
    const char *text = json_string_value(value);
    struct ax_ref ref;

    if (json_is_null(value))
        return 0;
    if (!text)
        return wrong_kind(reader, field, value);
    if (strlen(text) != json_string_length(value) || !ax_ref_parse(text, &ref))
        return fail(reader, "%s expected: \"slot.index.generation\" or null",
                    ax_type_table[field->type].word);
    memcpy(at, &ref, sizeof(ref));
    return 0;
}

/* ---- the walk ---- */

static int read_object(struct reader *reader, const struct ax_layout *layout, const json_t *object,
                       unsigned char *at);

static int read_element(struct reader *reader, const struct ax_field *field, const json_t *value,
                        unsigned char *at)
{
    switch (field->type) {
    case AX_TYPE_BOOL:
        *at = json_is_true(value);
        return json_is_boolean(value) ? 0 : wrong_kind(reader, field, value);
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

static int read_array(struct reader *reader, const struct ax_field *field, const json_t *value,
                      unsigned char *at)
{
    int error = 0;

    if (!json_is_array(value))
        return fail(reader, "an array of %u expected, not %s", field->count, kind_of(value));
    if (json_array_size(value) != field->count)
        return fail(reader, "%u elements expected, not %zu", field->count, json_array_size(value));
    for (uint32_t i = 0; i < field->count && !error; i++) {
        size_t here = enter(reader, "[%u]", i);

        error = read_element(reader, field, json_array_get(value, i),
                             at + (size_t)i * ax_field_element(field));
        leave(reader, here);
    }
    return error;
}

static int read_field(struct reader *reader, const struct ax_field *field, const json_t *object,
                      unsigned char *at)
{
    const json_t *value = json_object_get(object, field->name);
    size_t here = enter(reader, "%s%s", reader->path_len ? "." : "", field->name);
    int error;

    if (!value)
        error = fail(reader, "missing; the field is of type %s", ax_type_table[field->type].word);
    else if (field->flags & AX_FIELD_ARRAY)
        error = read_array(reader, field, value, at);
    else
        error = read_element(reader, field, value, at);
    leave(reader, here);
    return error;
}

static int read_object(struct reader *reader, const struct ax_layout *layout, const json_t *object,
                       unsigned char *at)
{
    const char *key;
    json_t *value;
    int error = 0;

    if (!json_is_object(object))
        return fail(reader, "an object expected, not %s", object ? kind_of(object) : "nothing");
    json_object_foreach((json_t *)object, key, value)
    {
        uint32_t i = 0;

        while (i < layout->nfields && strcmp(layout->fields[i].name, key) != 0)
            i++;
        if (i == layout->nfields)
            return unknown_field(reader, layout, key);
    }
    for (uint32_t i = 0; i < layout->nfields && !error; i++)
        error = read_field(reader, &layout->fields[i], object, at + layout->fields[i].offset);
    return error;
}

int ax_json_to_image(const struct ax_layout *layout, const json_t *object, void *buf, size_t cap,
                     size_t *size, char *error, size_t errorlen)
{
    struct reader reader = {
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
