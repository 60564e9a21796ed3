/* SPDX-License-Identifier: MIT */
/* request.c - bytes from a client of the control socket become a request, or a reason why not.
 *
 * Before JSON is parsed, one look over the bytes turns away whatever nests or has more members than
 * there are keys, so that no request can cost more memory than its own size a few times over. */
#include "axsup/request.h"
#include "axsup/config_error.h"
#include "axsup/nearest.h"

#include <ax/errors.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, FLAG };

static const struct command {
    const char *name;
    unsigned may, must;
} commands[] = {
#define COMMAND_ROW(symbol, name, may, must) {name, may, must},
    SUP_REQUESTS(COMMAND_ROW)
#undef COMMAND_ROW
};

static const struct key {
    const char *name;
    enum kind kind;
    size_t offset;
    uint64_t least, most;
} keys[] = {
#define KEY_ROW(symbol, name, kind, field, least, most)                                            \
    {name, kind, offsetof(struct sup_request, field), least, most},
    SUP_REQUEST_KEYS(KEY_ROW)
#undef KEY_ROW
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

const char *sup_request_name(enum sup_request_command command)
{
    return commands[command].name;
}

__attribute__((format(printf, 2, 3))) static int refuse(char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, SUP_REQUEST_WHY_MAX, format, arguments);
    va_end(arguments);
    for (char *c = why; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    return AX_E_INVALID;
}

/* Whether the text is one object that holds no other and no list, and few members. Broken strings
 * are left to the parser. */
static bool is_flat(const char *text, size_t size)
{
    bool in_string = false;
    unsigned opened = 0, commas = 0;

    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            opened++;
        else if (!in_string && text[i] == ',')
            commas++;
    }
    return opened <= 1 && commas <= KEY_COUNT;
}

static int read_number(const struct sup_json *member, const struct key *key,
                       struct sup_request *out, char *why)
{
    char *end = NULL;

    errno = 0;
    unsigned long long n = member->kind == SUP_JSON_INTEGER && member->text[0] != '-'
                               ? strtoull(member->text, &end, 10)
                               : 0;
    if (!end || *end || errno != 0 || n < key->least || n > key->most)
        return refuse(why, "\"%s\" must be an integer of %llu to %llu", key->name,
                      (unsigned long long)key->least, (unsigned long long)key->most);
    *(uint64_t *)((char *)out + key->offset) = n;
    return 0;
}

static int read_value(const struct sup_json *member, const struct key *key, struct sup_request *out,
                      char *why)
{
    char *field = (char *)out + key->offset;

    switch (key->kind) {
    case TEXT:
        if (member->kind != SUP_JSON_STRING)
            return refuse(why, "\"%s\" must be a string, not %s", key->name,
                          sup_json_kind_text(member->kind));
        *(const char **)field = member->text;
        return 0;
    case NUMBER:
        return read_number(member, key, out, why);
    case FLAG:
        if (member->kind != SUP_JSON_TRUE && member->kind != SUP_JSON_FALSE)
            return refuse(why, "\"%s\" must be true or false", key->name);
        *(bool *)field = member->kind == SUP_JSON_TRUE;
        return 0;
    }
    return AX_E_INVALID;
}

static int read_member(const struct sup_json *member, struct sup_request *out, char *why)
{
    const struct command *command = &commands[out->command];

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(member->key, keys[i].name) == 0 &&
            ((command->may | SUP_WITH_SYSTEM) >> i & 1u)) {
            out->keys |= 1u << i;
            return read_value(member, &keys[i], out, why);
        }
    return refuse(why, "\"%s\" takes no \"%.40s\"", command->name, member->key);
}

static int read_command(const struct sup_json *root, struct sup_request *out, char *why)
{
    const struct sup_json *name = sup_json_get(root, "command");
    struct sup_nearest near;

    if (!name || name->kind != SUP_JSON_STRING)
        return refuse(why, "a request names its \"command\"");
    sup_nearest_init(&near, name->text);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name->text) == 0) {
            out->command = (enum sup_request_command)i;
            return 0;
        }
        sup_nearest_try(&near, commands[i].name);
    }
    return refuse(why, "there is no command \"%.40s\"%s%s%s", name->text,
                  near.best ? "; did you mean \"" : "", near.best ? near.best : "",
                  near.best ? "\"?" : "");
}

static int read_request(const struct sup_json *root, struct sup_request *out, char *why)
{
    int error = root->kind == SUP_JSON_OBJECT ? read_command(root, out, why)
                                              : refuse(why, "a request is a JSON object");
    unsigned missing;

    for (const struct sup_json *member = root->first; member && error == 0; member = member->next)
        if (strcmp(member->key, "command") != 0)
            error = read_member(member, out, why);
    if (error != 0)
        return error;
    missing = commands[out->command].must & ~out->keys;
    if (missing != 0)
        return refuse(why, "\"%s\" needs \"%s\"", commands[out->command].name,
                      keys[__builtin_ctz(missing)].name);
    return 0;
}

int sup_request_parse(const char *text, size_t size, struct sup_request *out,
                      char why[SUP_REQUEST_WHY_MAX])
{
    struct sup_config_errors errors = {0};
    const struct sup_json *root;
    int error;

    memset(out, 0, sizeof(*out));
    why[0] = '\0';
    if (!is_flat(text, size))
        return refuse(why, "a request is one JSON object without objects and lists in it");
    root = sup_json_parse(text, size, &out->pool, &errors);
    if (errors.no_memory)
        error = -ENOMEM;
    else if (errors.first)
        error = refuse(why, "column %u: %s", errors.first->at.column, errors.first->message);
    else
        error = root ? read_request(root, out, why) : -ENOMEM;
    sup_config_errors_deinit(&errors);
    return error;
}

void sup_request_deinit(struct sup_request *request)
{
    sup_pool_empty(&request->pool);
}
