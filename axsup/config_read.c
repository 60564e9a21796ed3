/* SPDX-License-Identifier: MIT */
/* config_read.c - from the tree of JSON nodes to the structs, by the table of keys.
 *
 * For each key of an object its value is read into the field that the row names; where it is absent
 * or wrong, the default is, by the same code. So a struct is always complete, and whatever is wrong
 * with one key does not hide what is wrong with another. A node with a mistake becomes
 * SUP_JSON_BAD, and the checks that follow pass over it: nobody is told twice about one mistake. */
#include "axsup/config_reader.h"

#include <string.h>

static void read_object(struct sup_reader *r, struct sup_json *node,
                        const struct sup_key_object *object, void *out);

bool sup_read_wrong(struct sup_reader *r, struct sup_json *node, const char *format, ...)
{
    char path[256];
    va_list arguments;

    sup_json_path(node, NULL, path, sizeof(path));
    va_start(arguments, format);
    sup_config_verror_at(r->errors, node->at, path, format, arguments);
    va_end(arguments);
    node->kind = SUP_JSON_BAD;
    return false;
}

bool sup_read_wrong_type(struct sup_reader *r, struct sup_json *node, const struct sup_key *key)
{
    char takes[SUP_KEY_TAKES_ROOM];

    if (key->kind == SUP_KEY_INTEGER && node->kind == SUP_JSON_REAL && strpbrk(node->text, "eE"))
        return sup_read_wrong(r, node, "expected %s, without an exponent, found %.40s",
                              sup_key_takes(key, takes), node->text);
    return sup_read_wrong(r, node, "expected %s, found %s", sup_key_takes(key, takes),
                          sup_json_kind_text(node->kind));
}

static bool wrong_value(struct sup_reader *r, struct sup_json *node, const struct sup_key *key)
{
    char takes[SUP_KEY_TAKES_ROOM];
    const char *quote = node->kind == SUP_JSON_STRING ? "\"" : "";
    size_t length = strlen(node->text);

    sup_key_takes(key, takes);
    if (length > 72)
        return sup_read_wrong(r, node, "expected %s, found %s%.48s...%s, of %zu bytes", takes,
                              quote, node->text, quote, length);
    return sup_read_wrong(r, node, "expected %s, found %s%s%s", takes, quote, node->text, quote);
}

/* Whether the character is of a class such as "A-Za-z_". */
static bool in_class(const char *class, char c)
{
    for (; *class; class ++) {
        if (class[1] == '-' && class[2]) {
            if (c >= class[0] && c <= class[2])
                return true;
            class += 2;
        } else if (*class == c) {
            return true;
        }
    }
    return false;
}

static bool is_name(const struct sup_key *key, const char *text)
{
    size_t length = strlen(text);

    if (length < key->min || length > key->max)
        return false;
    if (key->first && !in_class(key->first, *text))
        return false;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (key->rest ? !in_class(key->rest, *text) : c == '/' || c < 0x20 || c == 0x7F)
            return false;
    }
    return true;
}

static bool read_text(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong_type(r, node, key);
    if (key->kind == SUP_KEY_NAME && !is_name(key, node->text))
        return wrong_value(r, node, key);
    if (*node->text == '\0')
        return sup_read_wrong(r, node, "expected a path, found an empty string");
    if (key->kind == SUP_KEY_PATH && *node->text == '~') /* that is a shell's */
        return sup_read_wrong(r, node,
                              "~ is not a home directory here: expected a path from / or from "
                              "the folder of the config; write ./~ for a name that begins so");
    memcpy(field, &node->text, sizeof(node->text));
    return true;
}

static bool in_range(const struct sup_key *key, uint64_t value)
{
    return (value >= key->min && value <= key->max) || (key->or_zero && value == 0);
}

static void store(const struct sup_key *key, void *field, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;

    if (key->width == sizeof(narrow))
        memcpy(field, &narrow, sizeof(narrow));
    else
        memcpy(field, &value, sizeof(value));
}

static bool read_integer(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                         void *field)
{
    uint64_t value = 0;

    if (node->kind != SUP_JSON_INTEGER)
        return sup_read_wrong_type(r, node, key);
    for (const char *t = node->text; *t; t++)
        if (*t == '-' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*t - '0'), &value))
            return wrong_value(r, node, key);
    if (!in_range(key, value))
        return wrong_value(r, node, key);
    store(key, field, value);
    return true;
}

/* A duration or a size, or an element of a list of them. */
static bool read_unit(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      uint64_t *value)
{
    bool size = key->kind == SUP_KEY_SIZE;
    const char *error;

    if (node->kind == SUP_JSON_INTEGER || node->kind == SUP_JSON_REAL)
        return size ? sup_read_wrong(r, node, "a size is a string, such as \"%.24s\" or \"64K\"",
                                     node->text)
                    : sup_read_wrong(r, node,
                                     "a duration is a string with a unit, such as \"%.24ss\" or "
                                     "\"%.24sms\"",
                                     node->text, node->text);
    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong_type(r, node, key);
    error = size ? sup_parse_size(node->text, value) : sup_parse_duration(node->text, value);
    if (error)
        return sup_read_wrong(r, node, "found \"%.48s\": %s", node->text, error);
    return in_range(key, *value) || wrong_value(r, node, key);
}

static bool read_measure(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                         void *field)
{
    uint64_t value = 0;

    if (!read_unit(r, node, key, &value))
        return false;
    store(key, field, value);
    return true;
}

static bool read_backoff(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                         void *field)
{
    struct sup_json *low = node->first;
    uint64_t pair[2] = {0};
    bool good;

    if (node->kind != SUP_JSON_LIST)
        return sup_read_wrong_type(r, node, key);
    if (node->count != 2)
        return sup_read_wrong(r, node,
                              "expected two durations, the first wait and the longest, such as %s",
                              key->def);
    good = low->kind != SUP_JSON_BAD && read_unit(r, low, key, &pair[0]);
    good = low->next->kind != SUP_JSON_BAD && read_unit(r, low->next, key, &pair[1]) && good;
    if (!good)
        return false;
    if (pair[0] > pair[1])
        return sup_read_wrong(
            r, node, "the first wait (%.24s) is above the longest (%.24s): write the shorter first",
            low->text, low->next->text);
    memcpy(field, pair, sizeof(pair));
    return true;
}

static bool read_word(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong_type(r, node, key);
    for (unsigned i = 0; key->words[i]; i++) {
        if (strcmp(key->words[i], node->text) == 0) {
            memcpy(field, &i, sizeof(i));
            return true;
        }
    }
    return wrong_value(r, node, key);
}

static bool read_suspect(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                         void *field)
{
    struct sup_suspect_config *suspect = field;

    if (node->kind != SUP_JSON_OBJECT)
        return read_word(r, node, key, &suspect->policy);
    suspect->policy = SUP_SUSPECT_RETRY;
    read_object(r, node, key->object, suspect);
    return true;
}

static bool read_args(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    size_t length;
    char *text;

    if (node->kind != SUP_JSON_OBJECT)
        return sup_read_wrong_type(r, node, key);
    length = sup_json_write(node, NULL, 0);
    if (length > key->max)
        return sup_read_wrong(r, node, "%zu bytes as compact JSON: at most %u", length,
                              (unsigned)key->max);
    text = sup_pool_alloc(&r->config->pool, length + 1);
    if (!text) {
        r->errors->no_memory = true;
        return false;
    }
    sup_json_write(node, text, length + 1);
    memcpy(field, &text, sizeof(text));
    return true;
}

static bool read_bool(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    bool value = node->kind == SUP_JSON_TRUE;

    if (!value && node->kind != SUP_JSON_FALSE)
        return sup_read_wrong_type(r, node, key);
    memcpy(field, &value, sizeof(value));
    return true;
}

static bool read_inner(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                       void *field)
{
    if (node->kind != SUP_JSON_OBJECT)
        return sup_read_wrong_type(r, node, key);
    read_object(r, node, key->object, field);
    return true;
}

/* Each struct of a list begins with a pointer to its node. */
static bool read_list(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    size_t size = key->object->size, count = node->count;
    char *items;

    if (node->kind != SUP_JSON_LIST)
        return sup_read_wrong_type(r, node, key);
    if (count < key->min || count > key->max) {
        char takes[SUP_KEY_TAKES_ROOM];

        return sup_read_wrong(r, node, "expected %s, found %zu", sup_key_takes(key, takes), count);
    }
    items = sup_pool_alloc(&r->config->pool, count * size + 1);
    if (!items) {
        r->errors->no_memory = true;
        return false;
    }
    memcpy(field, &items, sizeof(items));
    memcpy((char *)field - key->offset + key->count_offset, &count, sizeof(count));
    for (struct sup_json *e = node->first; e; e = e->next, items += size) {
        memcpy(items, &e, sizeof(e));
        if (e->kind != SUP_JSON_OBJECT && e->kind != SUP_JSON_BAD)
            sup_read_wrong(r, e, "expected an object, found %s", sup_json_kind_text(e->kind));
        read_object(r, e->kind == SUP_JSON_OBJECT ? e : NULL, key->object, items);
    }
    return true;
}

static bool read_value(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                       void *field)
{
    static bool (*const by_kind[])(struct sup_reader *, struct sup_json *, const struct sup_key *,
                                   void *) = {
        [SUP_KEY_NAME] = read_text,       [SUP_KEY_PATH] = read_text,
        [SUP_KEY_INTEGER] = read_integer, [SUP_KEY_DURATION] = read_measure,
        [SUP_KEY_SIZE] = read_measure,    [SUP_KEY_WORD] = read_word,
        [SUP_KEY_BACKOFF] = read_backoff, [SUP_KEY_SUSPECT] = read_suspect,
        [SUP_KEY_ARGS] = read_args,       [SUP_KEY_LISTEN] = sup_read_listen,
        [SUP_KEY_BOOL] = read_bool,       [SUP_KEY_ADDRESS] = sup_read_address,
        [SUP_KEY_PINS] = sup_read_pins,   [SUP_KEY_TEXTS] = sup_read_texts,
        [SUP_KEY_OBJECT] = read_inner,    [SUP_KEY_LIST] = read_list,
    };

    return node->kind != SUP_JSON_BAD && by_kind[key->kind](r, node, key, field);
}

/* What holds where a key is absent: the default of its row, which is never wrong; in an object,
 * those of its rows; all ones for a number that has none. */
static void read_default(struct sup_reader *r, const struct sup_key *key, void *field)
{
    if (key->kind == SUP_KEY_OBJECT) {
        read_object(r, NULL, key->object, field);
    } else if (key->def) {
        struct sup_pool *pool = &r->config->pool; /* a text goes on lying there */
        struct sup_json *node = sup_json_parse(key->def, strlen(key->def), pool, r->errors);

        if (node)
            read_value(r, node, key, field);
    } else if (!key->required && (key->kind == SUP_KEY_INTEGER || key->kind == SUP_KEY_DURATION ||
                                  key->kind == SUP_KEY_SIZE)) {
        store(key, field, UINT64_MAX);
    }
}

static void unknown_key(struct sup_reader *r, const struct sup_json *member,
                        const struct sup_key_object *object)
{
    const struct sup_key *meant = sup_key_near(object, member->key);
    char path[256], names[320] = "";
    size_t n = 0;

    sup_json_path(member, NULL, path, sizeof(path));
    if (meant) {
        sup_config_error_at(r->errors, member->key_at, path, "unknown key: did you mean \"%s\"?",
                            meant->name);
        return;
    }
    for (size_t i = 0; i < object->count && n < sizeof(names); i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i > 0 ? ", " : "",
                              object->keys[i].name);
    sup_config_error_at(r->errors, member->key_at, path, "unknown key: here are known %s", names);
}

static void read_key(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                     void *out)
{
    struct sup_json *member = node ? sup_json_get(node, key->name) : NULL;
    char takes[SUP_KEY_TAKES_ROOM];
    void *field = (char *)out + key->offset;

    if (member && read_value(r, member, key, field))
        return;
    if (!member && node && key->required)
        sup_config_error(r->errors, node, key->name, "missing: expected %s",
                         sup_key_takes(key, takes));
    read_default(r, key, field);
}

/* Fills `out` from an object; from defaults alone where `node` is NULL. */
static void read_object(struct sup_reader *r, struct sup_json *node,
                        const struct sup_key_object *object, void *out)
{
    for (size_t i = 0; i < object->count; i++)
        read_key(r, node, &object->keys[i], out);
    for (struct sup_json *m = node ? node->first : NULL; m; m = m->next)
        if (m->key && m->kind != SUP_JSON_BAD && !sup_key_find(object, m->key))
            unknown_key(r, m, object);
}

void sup_config_read_place(struct sup_config *config, struct sup_json *root,
                           struct sup_config_errors *errors)
{
    struct sup_reader r = {config, errors};

    config->node = root;
    read_key(&r, root, sup_key_find(&sup_key_top, "system"), config);
    read_key(&r, root, sup_key_find(&sup_key_top, "run_dir"), config);
}

void sup_config_read(struct sup_config *config, struct sup_json *root,
                     struct sup_config_errors *errors)
{
    struct sup_reader r = {config, errors};

    config->node = root;
    read_object(&r, root, &sup_key_top, config);
}

void sup_config_read_defaults(struct sup_config *config, const struct sup_key_object *object,
                              void *out, struct sup_config_errors *errors)
{
    struct sup_reader r = {config, errors};

    read_object(&r, NULL, object, out);
}
