/* SPDX-License-Identifier: MIT */
/* Reading the text of a contract that another process sent.
 *
 * The text (see contract.c) is trusted in nothing: sizes and offsets are computed from the types,
 * names must be C identifiers, the hash is computed again and compared, and every number has a
 * limit. What is read lives in chunks that hang on the contract, so one call frees it, also when
 * reading stopped half-way. */
#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "libax/contract.h"

struct chunk {
    struct chunk *next;
    max_align_t bytes[];
};

struct parsed {
    struct ax_contract contract; /* first: what the caller holds */
    struct chunk *chunks;
};

static void *take_chunk(struct parsed *parsed, size_t size)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

    if (!chunk)
        return NULL;
    chunk->next = parsed->chunks;
    parsed->chunks = chunk;
    return chunk->bytes;
}

struct ax_contract *ax_contract_free(struct ax_contract *contract)
{
    struct parsed *parsed = (struct parsed *)contract;

    if (!parsed)
        return NULL;
    for (struct chunk *next, *chunk = parsed->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(parsed);
    return NULL;
}

/* ---- words ---- */

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of the identifier at the start of `text`, 0 for none or one that is too long. */
static size_t word_length(const char *text)
{
    size_t len = 0;

    if (*text >= '0' && *text <= '9')
        return 0;
    while (len <= AX_NAME_MAX && is_word_byte(text[len]))
        len++;
    return len <= AX_NAME_MAX ? len : 0;
}

static int copy_word(struct parsed *parsed, const char *text, size_t len, const char **word)
{
    char *copy = take_chunk(parsed, len + 1);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, text, len);
    *word = copy;
    return 0;
}

/* A member that is an identifier. */
static int read_name(struct parsed *parsed, const json_t *object, const char *key,
                     const char **name)
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t len = text ? word_length(text) : 0;

    if (len == 0 || text[len] != 0)
        return AX_E_INVALID;
    return copy_word(parsed, text, len, name);
}

/* ---- types ---- */

static bool take_byte(const char **text, char byte)
{
    if (**text != byte)
        return false;
    *text += 1;
    return true;
}

/* A number from 1 to AX_FIXED_MAX, as it is printed. */
static bool take_count(const char **text, uint32_t *count)
{
    uint32_t n = 0;

    if (**text == '0')
        return false;
    for (; **text >= '0' && **text <= '9' && n <= AX_FIXED_MAX; *text += 1)
        n = n * 10 + (uint32_t)(**text - '0');
    *count = n;
    return n >= 1 && n <= AX_FIXED_MAX;
}

static int take_argument(struct parsed *parsed, const char **text, const char **word)
{
    size_t len;

    if (!take_byte(text, '(') || (len = word_length(*text)) == 0 || (*text)[len] != ')')
        return AX_E_INVALID;
    *text += len + 1;
    return copy_word(parsed, *text - len - 1, len, word);
}

/* A type that is no array. *size is 0 for a nested struct, whose name goes to *nested. */
static int take_type(struct parsed *parsed, const char **text, struct ax_field *field,
                     uint32_t *size, const char **nested)
{
    size_t len = word_length(*text);
    unsigned type = 0;

    while (type < AX_TYPE_COUNT && (strlen(ax_type_table[type].word) != len ||
                                    strncmp(ax_type_table[type].word, *text, len) != 0))
        type++;
    if (type == AX_TYPE_COUNT)
        return AX_E_INVALID;
    *text += len;
    field->type = (uint8_t)type;
    *size = ax_type_table[type].size;
    if (type == AX_TYPE_NESTED)
        return take_argument(parsed, text, nested);
    if (type == AX_TYPE_REF_TO)
        return take_argument(parsed, text, &field->ref_to);
    if (type == AX_TYPE_TEXT) {
        if (!take_byte(text, '(') || !take_count(text, size) || !take_byte(text, ')'))
            return AX_E_INVALID;
        field->count = *size;
    }
    return 0;
}

static int take_array(struct parsed *parsed, const char **text, struct ax_field *field,
                      uint32_t *size, const char **nested)
{
    int error;

    if (strncmp(*text, "array(", 6) != 0)
        return take_type(parsed, text, field, size, nested);
    *text += 6;
    error = take_type(parsed, text, field, size, nested);
    if (error)
        return error;
    field->flags = AX_FIELD_ARRAY;
    if (field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES || !take_byte(text, ',') ||
        !take_count(text, &field->count) || !take_byte(text, ')'))
        return AX_E_INVALID;
    return 0;
}

/* ---- fields ---- */

static int read_layout(struct parsed *parsed, const json_t *list, const char *name, uint32_t depth,
                       bool var_allowed, struct ax_layout *layout);

static int read_nested(struct parsed *parsed, const json_t *list, const char *name, uint32_t depth,
                       struct ax_field *field, uint32_t *size)
{
    struct ax_layout *nested = take_chunk(parsed, sizeof(*nested));
    int error;

    if (!nested)
        return -ENOMEM;
    error = read_layout(parsed, list, name, depth + 1, false, nested);
    field->nested = nested;
    *size = nested->size;
    return error ? error : (nested->nfields ? 0 : AX_E_INVALID);
}

static int read_field(struct parsed *parsed, const json_t *object, uint32_t depth,
                      struct ax_field *field)
{
    const char *text = json_string_value(json_object_get(object, "type"));
    const char *nested = NULL;
    uint32_t size;
    uint64_t all;
    int error;

    error = text ? read_name(parsed, object, "name", &field->name) : AX_E_INVALID;
    if (!error)
        error = take_array(parsed, &text, field, &size, &nested);
    if (error)
        return error;
    if (*text != 0 || json_object_size(object) != (nested ? 3 : 2))
        return AX_E_INVALID;
    if (nested)
        error = read_nested(parsed, json_object_get(object, "fields"), nested, depth, field, &size);
    all = (uint64_t)size * (field->flags & AX_FIELD_ARRAY ? field->count : 1);
    if (!error && all > AX_FIXED_MAX)
        error = AX_E_LIMIT;
    field->size = (uint32_t)all;
    return error;
}

static bool field_plain(const struct ax_field *field)
{
    switch (field->type) {
    case AX_TYPE_BOOL:
    case AX_TYPE_STR:
    case AX_TYPE_BYTES:
    case AX_TYPE_TEXT:
        return false;
    case AX_TYPE_NESTED:
        return field->nested->plain;
    default:
        return true;
    }
}

/* The field's name is new, and it may be here. Puts it behind the others. */
static int place_field(struct ax_layout *layout, const struct ax_field *fields, uint32_t i,
                       struct ax_field *field, bool var_allowed)
{
    bool var = field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES;
    uint32_t align = ax_field_align(field);

    if (var && !var_allowed)
        return AX_E_INVALID;
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(fields[j].name, field->name) == 0)
            return AX_E_INVALID;
    field->offset = (layout->size + align - 1) & ~(align - 1);
    if ((uint64_t)field->offset + field->size > AX_FIXED_MAX)
        return AX_E_LIMIT;
    layout->size = field->offset + field->size;
    layout->has_var |= var;
    layout->plain &= field_plain(field);
    return 0;
}

static int read_layout(struct parsed *parsed, const json_t *list, const char *name, uint32_t depth,
                       bool var_allowed, struct ax_layout *layout)
{
    size_t n = json_array_size(list);
    struct ax_field *fields;
    uint32_t align;
    int error;

    if (!json_is_array(list))
        return AX_E_INVALID;
    if (n > AX_FIELDS_MAX || depth > AX_NESTING_MAX)
        return AX_E_LIMIT;
    fields = take_chunk(parsed, (n + 1) * sizeof(*fields));
    if (!fields)
        return -ENOMEM;
    *layout = (struct ax_layout){.name = name, .fields = fields, .plain = true};
    for (uint32_t i = 0; i < n; i++) {
        error = read_field(parsed, json_array_get(list, i), depth, &fields[i]);
        if (!error)
            error = place_field(layout, fields, i, &fields[i], var_allowed);
        if (error)
            return error;
        layout->nfields++;
    }
    align = ax_layout_align(layout);
    layout->size = (layout->size + align - 1) & ~(align - 1);
    return layout->size > AX_FIXED_MAX ? AX_E_LIMIT : 0;
}

/* ---- messages ---- */

static int read_method(struct parsed *parsed, const json_t *object, struct ax_method *method)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    struct ax_layout *layouts = take_chunk(parsed, 2 * sizeof(*layouts));
    int error;

    if (!layouts)
        return -ENOMEM;
    if (!kind || (strcmp(kind, "ask") != 0 && strcmp(kind, "tell") != 0))
        return AX_E_INVALID;
    method->is_ask = kind[0] == 'a';
    if (json_object_size(object) != (method->is_ask ? 4 : 3))
        return AX_E_INVALID;
    method->msg = &layouts[0];
    method->reply = method->is_ask ? &layouts[1] : NULL;
    error = read_name(parsed, object, "name", &method->name);
    if (!error)
        error = read_layout(parsed, json_object_get(object, "fields"), method->name, 0, true,
                            &layouts[0]);
    if (!error && method->is_ask)
        error = read_layout(parsed, json_object_get(object, "reply"), method->name, 0, true,
                            &layouts[1]);
    return error;
}

static int read_methods(struct parsed *parsed, const json_t *list)
{
    size_t n = json_array_size(list);
    struct ax_method *methods;

    if (!json_is_array(list))
        return AX_E_INVALID;
    if (n > AX_METHODS_MAX)
        return AX_E_LIMIT;
    methods = take_chunk(parsed, (n + 1) * sizeof(*methods));
    if (!methods)
        return -ENOMEM;
    parsed->contract.methods = methods;
    for (size_t i = 0; i < n; i++) {
        int error = read_method(parsed, json_array_get(list, i), &methods[i]);

        if (error)
            return error;
        if (ax_contract_find(&parsed->contract, methods[i].name))
            return AX_E_INVALID;
        parsed->contract.nmethods++;
    }
    return 0;
}

static int read_state(struct parsed *parsed, const json_t *list, const struct ax_layout **state)
{
    struct ax_layout *layout;
    int error;

    *state = NULL;
    if (!list)
        return 0;
    layout = take_chunk(parsed, sizeof(*layout));
    if (!layout)
        return -ENOMEM;
    error = read_layout(parsed, list, parsed->contract.name, 0, false, layout);
    if (error)
        return error;
    *state = layout;
    return layout->nfields ? 0 : AX_E_INVALID;
}

static int read_contract(struct parsed *parsed, const json_t *root, const struct ax_layout **state)
{
    const char *hash = json_string_value(json_object_get(root, "hash"));
    const json_t *kept = json_object_get(root, "state");
    char computed[AX_HASH_TEXT];
    int error;

    if (!hash || json_object_size(root) != (kept ? 4 : 3))
        return AX_E_INVALID;
    error = read_name(parsed, root, "contract", &parsed->contract.name);
    if (!error)
        error = read_methods(parsed, json_object_get(root, "messages"));
    if (!error)
        error = read_state(parsed, kept, state);
    if (error)
        return error;
    ax_contract_hash_text(&parsed->contract, computed);
    return strcmp(hash, computed) == 0 ? 0 : AX_E_INVALID;
}

int ax_contract_parse(const char *text, size_t len, struct ax_contract **contract,
                      const struct ax_layout **state)
{
    const struct ax_layout *kept = NULL;
    struct parsed *parsed;
    json_error_t where;
    json_t *root;
    int error;

    if (len > AX_DESCRIPTION_MAX)
        return AX_E_LIMIT;
    parsed = calloc(1, sizeof(*parsed));
    if (!parsed)
        return -ENOMEM;
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (root)
        error = read_contract(parsed, root, &kept);
    else /* jansson tells some failed allocations so, and takes others for a mistake in the text */
        error = json_error_code(&where) == json_error_unknown ? -ENOMEM : AX_E_INVALID;
    json_decref(root);
    if (error) {
        ax_contract_free(&parsed->contract);
        return error;
    }
    *contract = &parsed->contract;
    if (state)
        *state = kept;
    return 0;
}
