/* SPDX-License-Identifier: MIT */
#include "axsup/config_error.h"

#include <string.h>

#define KEY_ROOM 256
#define MESSAGE_ROOM 640

/* Copies a text so that a terminal shows it as it is: control characters become \xNN and what is
 * no UTF-8 (a character cut by a length limit) becomes "?". */
static const char *printable(struct sup_config_errors *errors, const char *text)
{
    size_t left = strlen(text);
    char *copy = sup_pool_alloc(&errors->pool, 4 * left + 1), *to = copy;

    if (!copy) {
        errors->no_memory = true;
        return NULL;
    }
    while (left > 0) {
        size_t length = sup_utf8_char(text, left);
        unsigned char c = (unsigned char)*text;
        bool c1 = length == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0;

        if (length == 0) {
            *to++ = '?';
            length = 1;
        } else if (c < 0x20 || c == 0x7F || c1) {
            to += sprintf(to, "\\x%02X", c1 ? (unsigned char)text[1] : c);
        } else {
            memcpy(to, text, length);
            to += length;
        }
        text += length;
        left -= length;
    }
    *to = '\0';
    return copy;
}

/* Puts an error behind all that stand before it or at the same place. */
static void insert(struct sup_config_errors *errors, struct sup_config_error *error)
{
    struct sup_config_error **link = &errors->first;

    while (*link && ((*link)->at.line < error->at.line || ((*link)->at.line == error->at.line &&
                                                           (*link)->at.column <= error->at.column)))
        link = &(*link)->next;
    error->next = *link;
    *link = error;
    errors->count++;
}

void sup_config_verror_at(struct sup_config_errors *errors, struct sup_pos at, const char *key,
                          const char *format, va_list arguments)
{
    char message[MESSAGE_ROOM];
    struct sup_config_error *error;

    if (errors->count == SUP_CONFIG_ERRORS_MAX) {
        errors->dropped++;
        return;
    }
    (void)vsnprintf(message, sizeof(message), format, arguments);
    error = sup_pool_alloc(&errors->pool, sizeof(*error));
    if (!error) {
        errors->no_memory = true;
        return;
    }
    error->at = at;
    error->key = printable(errors, key);
    error->message = printable(errors, message);
    if (error->key && error->message)
        insert(errors, error);
}

void sup_config_error_at(struct sup_config_errors *errors, struct sup_pos at, const char *key,
                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    sup_config_verror_at(errors, at, key, format, arguments);
    va_end(arguments);
}

void sup_config_error(struct sup_config_errors *errors, const struct sup_json *node,
                      const char *key, const char *format, ...)
{
    const struct sup_json *member = key ? sup_json_get(node, key) : NULL;
    char path[KEY_ROOM];
    va_list arguments;

    sup_json_path(node, key, path, sizeof(path));
    va_start(arguments, format);
    sup_config_verror_at(errors, member ? member->at : node->at, path, format, arguments);
    va_end(arguments);
}

void sup_config_errors_name(struct sup_config_errors *errors, const char *file)
{
    errors->file = printable(errors, file);
}

void sup_config_errors_print(const struct sup_config_errors *errors, FILE *to)
{
    const char *file = errors->file ? errors->file : "config";

    for (const struct sup_config_error *e = errors->first; e; e = e->next) {
        if (e->at.line == 0)
            fprintf(to, "%s: %s\n", file, e->message);
        else
            fprintf(to, "%s:%u:%u: %s: %s\n", file, e->at.line, e->at.column, e->key, e->message);
    }
    if (errors->dropped > 0)
        fprintf(to, "%s: %u more mistakes are not shown\n", file, errors->dropped);
    if (errors->no_memory)
        fprintf(to, "%s: out of memory while the config was read\n", file);
}

bool sup_config_errors_any(const struct sup_config_errors *errors)
{
    return errors->first || errors->dropped > 0 || errors->no_memory;
}

void sup_config_errors_deinit(struct sup_config_errors *errors)
{
    sup_pool_empty(&errors->pool);
    *errors = (struct sup_config_errors){0};
}
