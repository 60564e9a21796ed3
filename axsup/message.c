/* SPDX-License-Identifier: MIT */
/* message.c - jansson reads the text, libax makes the image and names the field that is wrong. But
 * jansson gives up at the first integer beyond 2^63 and knows no field. What it does not take is
 * read once more with json_pos.h, which keeps numbers as they are written: where the field is a u64
 * the number becomes a string of digits, which libax takes as well; elsewhere it is out of range.
 * json_pos.h also tells what is no JSON, as it does of a config. */
#include "axsup/message.h"

#include "axsup/config_error.h"
#include "libax/contract.h"
#include "libax/json.h"

#include <ax/errors.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct ax_layout *layout;
    char *why;
    struct sup_pool pool;
};

__attribute__((format(printf, 3, 4))) static int
refuse(struct reading *reading, const struct sup_json *node, const char *format, ...)
{
    char path[80], what[120];
    va_list arguments;

    sup_json_path(node, NULL, path, sizeof(path));
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    snprintf(reading->why, SUP_MESSAGE_WHY_MAX, "%.79s: %.118s", path, what);
    return AX_E_INVALID;
}

/* The field that a value is for, NULL where there is none. An element is for its array's. */
static const struct ax_field *field_of(const struct ax_layout *layout, const struct sup_json *node)
{
    const struct ax_field *outer;

    if (!node->parent)
        return NULL;
    outer = field_of(layout, node->parent);
    if (!node->key)
        return outer;
    if (node->parent->parent)
        layout = outer ? outer->nested : NULL;
    for (uint32_t i = 0; layout && i < layout->nfields; i++)
        if (strcmp(layout->fields[i].name, node->key) == 0)
            return &layout->fields[i];
    return NULL;
}

static bool is_long(const char *digits)
{
    errno = 0;
    (void)strtoll(digits, NULL, 10);
    return errno == ERANGE;
}

/* As a real number: what is an integer to JSON may be for a field that is none. */
static int make_real(struct reading *reading, struct sup_json *node)
{
    size_t length = strlen(node->text);
    char *text = sup_pool_alloc(&reading->pool, length + 3);

    if (!text)
        return -ENOMEM;
    memcpy(text, node->text, length);
    memcpy(text + length, ".0", 3);
    node->text = text;
    node->kind = SUP_JSON_REAL;
    return 0;
}

static int widen(struct reading *reading, struct sup_json *node)
{
    static const struct {
        int64_t least;
        uint64_t most;
    } range[AX_TYPE_COUNT] = {
        [AX_TYPE_I8] = {INT8_MIN, INT8_MAX},    [AX_TYPE_I16] = {INT16_MIN, INT16_MAX},
        [AX_TYPE_I32] = {INT32_MIN, INT32_MAX}, [AX_TYPE_I64] = {INT64_MIN, INT64_MAX},
        [AX_TYPE_U8] = {0, UINT8_MAX},          [AX_TYPE_U16] = {0, UINT16_MAX},
        [AX_TYPE_U32] = {0, UINT32_MAX},        [AX_TYPE_U64] = {0, UINT64_MAX},
    };
    const struct ax_field *field = field_of(reading->layout, node);

    if (!field || field->type >= AX_TYPE_COUNT)
        return make_real(reading, node); /* that there is no such field is told by others */
    if (field->type == AX_TYPE_F32 || field->type == AX_TYPE_F64)
        return make_real(reading, node);
    if (field->type == AX_TYPE_U64 && node->text[0] != '-') {
        node->kind = SUP_JSON_STRING;
        return 0;
    }
    if (range[field->type].most == 0)
        return refuse(reading, node, "%s expected, not an integer",
                      ax_type_table[field->type].word);
    return refuse(reading, node, "%.40s is out of range for %s (%" PRId64 " to %" PRIu64 ")",
                  node->text, ax_type_table[field->type].word, range[field->type].least,
                  range[field->type].most);
}

static bool is_too_big(const char *number)
{
    errno = 0;
    double value = strtod(number, NULL);
    return errno == ERANGE && (value > 1 || value < -1);
}

static const char *word_of(const struct ax_field *field)
{
    return ax_type_table[field && field->type < AX_TYPE_COUNT ? field->type : AX_TYPE_F64].word;
}

static int widen_all(struct reading *reading, struct sup_json *node)
{
    int error = 0;

    if (node->kind == SUP_JSON_INTEGER && is_long(node->text))
        error = widen(reading, node);
    if (error == 0 && node->kind == SUP_JSON_REAL && is_too_big(node->text))
        error = refuse(reading, node, "%.40s is out of range for %s", node->text,
                       word_of(field_of(reading->layout, node)));
    for (struct sup_json *inner = node->first; inner && error == 0; inner = inner->next)
        error = widen_all(reading, inner);
    return error;
}

/* ---- what is no object ---- */

#define EXAMPLE_MAX 120 /* longer ones do not help */

/* A message with this layout as JSON, all of it 0 or empty. */
static char *example_of(const struct ax_layout *layout)
{
    void *zeros = calloc(1, layout->size + 1);
    json_t *object = zeros ? ax_image_to_json(layout, zeros, layout->size) : NULL;
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    free(zeros);
    return text;
}

static void expect_object(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void expect_object(struct reading *reading, const char *format, ...)
{
    char *example = example_of(reading->layout);
    char what[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (example && strlen(example) <= EXAMPLE_MAX)
        snprintf(reading->why, SUP_MESSAGE_WHY_MAX, "%sa JSON object is expected, such as %s", what,
                 example);
    else
        snprintf(reading->why, SUP_MESSAGE_WHY_MAX, "%sa JSON object is expected", what);
    free(example);
}

static void expect_object_at(struct reading *reading, int line, int column, const char *what)
{
    if (line > 1)
        expect_object(reading, "line %d, column %d: %.140s; ", line, column, what);
    else
        expect_object(reading, "column %d: %.160s; ", column, what);
}

static bool begins_object(const char *json)
{
    return json[strspn(json, " \t\r\n")] == '{';
}

/* ---- reading ---- */

/* Reads a text again that jansson does not take, which may be for a number that is too long for it.
 * NULL: `why` says what is wrong with it, or nothing where it is for jansson to say. */
static json_t *load_again(struct reading *reading, const char *json)
{
    struct sup_config_errors errors = {0};
    struct sup_json *root = sup_json_parse(json, strlen(json), &reading->pool, &errors);
    json_t *object = NULL;

    if (errors.first)
        expect_object_at(reading, (int)errors.first->at.line, (int)errors.first->at.column,
                         errors.first->message);
    else if (root && !errors.no_memory && widen_all(reading, root) == 0) {
        size_t size = sup_json_write(root, NULL, 0) + 1;
        char *text = sup_pool_alloc(&reading->pool, size);

        if (text) {
            sup_json_write(root, text, size);
            object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        }
    }
    sup_config_errors_deinit(&errors);
    sup_pool_empty(&reading->pool);
    return object;
}

static json_t *load(struct reading *reading, const char *json)
{
    json_error_t wrong;

    if (!begins_object(json)) {
        expect_object(reading, "%s", "");
        return NULL;
    }
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &wrong);
    if (!object && json_error_code(&wrong) == json_error_null_character)
        snprintf(reading->why, SUP_MESSAGE_WHY_MAX,
                 "column %d: \\u0000: no text of a message holds "
                 "a NUL",
                 wrong.column);
    else if (!object)
        object = load_again(reading, json);
    if (!object && !*reading->why)
        snprintf(reading->why, SUP_MESSAGE_WHY_MAX, "column %d: %.160s", wrong.column, wrong.text);
    return object;
}

int sup_message_make(const struct ax_layout *layout, const char *json, size_t most, void **image,
                     size_t *size, char why[SUP_MESSAGE_WHY_MAX])
{
    struct reading reading = {.layout = layout, .why = why};
    size_t room = most > layout->size ? most : layout->size;
    json_t *object;
    int error;

    *image = NULL;
    why[0] = '\0';
    object = load(&reading, json);
    if (!object)
        return AX_E_INVALID;
    *image = malloc(room);
    error = *image ? ax_json_to_image(layout, object, *image, room, size, why, SUP_MESSAGE_WHY_MAX)
                   : -ENOMEM;
    json_decref(object);
    if (error != 0) {
        free(*image);
        *image = NULL;
    }
    return error;
}
