/* SPDX-License-Identifier: MIT */
#include "axsup/json_pos.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows in a buffer of fixed size, counting also what has no room. */
struct writer {
    char *buffer;
    size_t size, length;
};

static void put(struct writer *w, const char *text, size_t length)
{
    if (w->length < w->size) {
        size_t room = w->size - w->length;

        memcpy(w->buffer + w->length, text, length < room ? length : room);
    }
    w->length += length;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void end(struct writer *w)
{
    if (w->size > 0)
        w->buffer[w->length < w->size ? w->length : w->size - 1] = '\0';
}

struct sup_json *sup_json_get(const struct sup_json *object, const char *key)
{
    if (object->kind != SUP_JSON_OBJECT)
        return NULL;
    for (struct sup_json *m = object->first; m; m = m->next)
        if (m->key && strcmp(m->key, key) == 0)
            return m;
    return NULL;
}

static void put_path(struct writer *w, const struct sup_json *node)
{
    if (!node->parent)
        return;
    put_path(w, node->parent);
    if (node->key) {
        put(w, ".", w->length > 0);
        put_text(w, node->key);
    } else {
        char index[16];

        put(w, index, (size_t)snprintf(index, sizeof(index), "[%u]", node->index));
    }
}

void sup_json_path(const struct sup_json *node, const char *key, char *buffer, size_t size)
{
    struct writer w = {buffer, size, 0};

    put_path(&w, node);
    if (key) {
        put(&w, ".", w.length > 0);
        put_text(&w, key);
    }
    if (w.length == 0)
        put_text(&w, "top level");
    end(&w);
}

static void put_string(struct writer *w, const char *text)
{
    put(w, "\"", 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escape[8];

        if (c == '"' || c == '\\')
            put(w, "\\", 1);
        if (c >= 0x20)
            put(w, text, 1);
        else
            put(w, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
    }
    put(w, "\"", 1);
}

/* The recursion is as deep as the parser let the tree be. */
static void put_node(struct writer *w, const struct sup_json *node)
{
    bool object = node->kind == SUP_JSON_OBJECT;

    switch (node->kind) {
    case SUP_JSON_BAD:
    case SUP_JSON_NULL:
        put_text(w, "null");
        return;
    case SUP_JSON_FALSE:
        put_text(w, "false");
        return;
    case SUP_JSON_TRUE:
        put_text(w, "true");
        return;
    case SUP_JSON_INTEGER:
    case SUP_JSON_REAL:
        put_text(w, node->text);
        return;
    case SUP_JSON_STRING:
        put_string(w, node->text);
        return;
    case SUP_JSON_LIST:
    case SUP_JSON_OBJECT:
        break;
    }
    put_text(w, object ? "{" : "[");
    for (const struct sup_json *m = node->first; m; m = m->next) {
        if (object) {
            put_string(w, m->key ? m->key : "?");
            put(w, ":", 1);
        }
        put_node(w, m);
        put(w, ",", m->next != NULL);
    }
    put_text(w, object ? "}" : "]");
}

size_t sup_json_write(const struct sup_json *node, char *buffer, size_t size)
{
    struct writer w = {buffer, size, 0};

    put_node(&w, node);
    end(&w);
    return w.length;
}

const char *sup_json_kind_text(enum sup_json_kind kind)
{
    static const char *const texts[] = {
        [SUP_JSON_BAD] = "a mistake",      [SUP_JSON_NULL] = "null",
        [SUP_JSON_FALSE] = "false",        [SUP_JSON_TRUE] = "true",
        [SUP_JSON_INTEGER] = "an integer", [SUP_JSON_REAL] = "a number with a fraction",
        [SUP_JSON_STRING] = "a string",    [SUP_JSON_LIST] = "an array",
        [SUP_JSON_OBJECT] = "an object",
    };

    return texts[kind];
}
