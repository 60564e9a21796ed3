/* SPDX-License-Identifier: MIT */
/* json_pos.c - the JSON reader of the config.
 *
 * Why not jansson, which the rest of ax uses: its values do not remember where they stood, it stops
 * at the first mistake, and of duplicate keys it cannot say where the first one was. A config is
 * written by hand, and the most useful thing that its reader can do is to point at everything that
 * is wrong in it. What is accepted is the same (a fuzzer compares the two); only the answers
 * differ.
 *
 * Two sorts of mistakes. Where the structure stays clear (wrong escape, missing or trailing comma,
 * unquoted word, comment, duplicate key), the mistake is added to the list, the node becomes
 * SUP_JSON_BAD and reading goes on. Where it does not (wrong bracket, end of file, a string without
 * an end, too deep), the scan is stopped and there is no tree: what follows would only be told
 * wrong.
 *
 * The text is from outside. The recursion ends at SUP_JSON_DEPTH_MAX; every loop consumes input or
 * ends; memory is at most a node and a copy for each byte; numbers are checked by their grammar and
 * never converted here; duplicates are found by sorting. */
#include "axsup/json_pos_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct sup_json *read_value(struct sup_json_scan *s, struct sup_json *parent,
                                   const char *key, struct sup_pos key_at);

void sup_json_fault(struct sup_json_scan *s, struct sup_pos at, const char *format, ...)
{
    char path[256] = "top level";
    va_list arguments;

    if (s->here)
        sup_json_path(s->here, NULL, path, sizeof(path));
    va_start(arguments, format);
    sup_config_verror_at(s->errors, at, path, format, arguments);
    va_end(arguments);
}

/* Names what stands at the cursor; the buffer of 32 bytes is for a text that is not static. */
static const char *found(const struct sup_json_scan *s, char *buffer)
{
    int c = sup_json_peek(s);

    if (c == SUP_JSON_END)
        return "the end of the file";
    if (c > 0x20 && c < 0x7F)
        snprintf(buffer, 32, "'%c'", c);
    else
        snprintf(buffer, 32, "the byte 0x%02X", (unsigned)c);
    return buffer;
}

static void stop_at(struct sup_json_scan *s, const char *expected)
{
    char what[32];

    sup_json_fault(s, s->pos, "expected %s, found %s", expected, found(s, what));
    s->stopped = true;
}

/* Goes over a comment, which JSON has not; false where there is none. */
static bool skip_comment(struct sup_json_scan *s)
{
    int c = sup_json_peek(s);
    int then = s->at + 1 < s->size ? s->text[s->at + 1] : SUP_JSON_END;
    bool block = c == '/' && then == '*';

    if (!block && c != '#' && !(c == '/' && then == '/'))
        return false;
    sup_json_fault(s, s->pos, "JSON has no comments: take it out");
    sup_json_step(s);
    if (block)
        sup_json_step(s);
    for (; sup_json_peek(s) != SUP_JSON_END; sup_json_step(s)) {
        if (!block && sup_json_peek(s) == '\n')
            return true;
        if (block && s->text[s->at] == '*' && s->at + 1 < s->size && s->text[s->at + 1] == '/') {
            sup_json_step(s);
            sup_json_step(s);
            return true;
        }
    }
    return true;
}

static void skip_space(struct sup_json_scan *s)
{
    for (;;) {
        int c = sup_json_peek(s);

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            sup_json_step(s);
        else if (!skip_comment(s))
            return;
    }
}

static bool in_word(int c)
{
    return c == '+' || c == '-' || c == '.' || c == '_' || (c != SUP_JSON_END && isalnum(c));
}

/* Takes the word at the cursor: a literal, a number, or what its writer took for one. */
static const char *take_word(struct sup_json_scan *s)
{
    size_t begin = s->at;
    char *word;

    while (in_word(sup_json_peek(s)))
        sup_json_step(s);
    word = sup_pool_text(s->pool, (const char *)s->text + begin, s->at - begin);
    if (!word)
        s->errors->no_memory = s->stopped = true;
    return word;
}

static void read_word(struct sup_json_scan *s, struct sup_json *node)
{
    const char *word = take_word(s);
    bool whole = false;

    if (!word)
        return;
    if (strcmp(word, "null") == 0) {
        node->kind = SUP_JSON_NULL;
    } else if (strcmp(word, "true") == 0) {
        node->kind = SUP_JSON_TRUE;
    } else if (strcmp(word, "false") == 0) {
        node->kind = SUP_JSON_FALSE;
    } else if (sup_json_is_number(word, &whole)) {
        node->kind = whole ? SUP_JSON_INTEGER : SUP_JSON_REAL;
        node->text = word;
    } else if (strchr("+-.0123456789", *word) && strspn(word, "+-.0123456789eE") == strlen(word)) {
        sup_json_fault(s, node->at, "%.40s is no number: JSON writes them like 10 or -1.5", word);
    } else {
        sup_json_fault(s, node->at, "expected a value, found %.40s: a string is written \"%.40s\"",
                       word, word);
    }
}

/* Says whether another member or element begins at the cursor, and goes over the comma before it
 * or the bracket behind the last one. */
static bool next_item(struct sup_json_scan *s, const struct sup_json *node, char close)
{
    struct sup_pos comma;
    char what[32];
    int c;

    skip_space(s);
    c = sup_json_peek(s);
    if (c == close) {
        sup_json_step(s);
        return false;
    }
    if (node->count == 0 && c != SUP_JSON_END)
        return true;
    if (c == ',') {
        comma = s->pos;
        sup_json_step(s);
        skip_space(s);
        if (sup_json_peek(s) != close)
            return true;
        sup_json_fault(s, comma, "no comma may stand before '%c'", close);
        sup_json_step(s);
        return false;
    }
    if (c == '"' || c == '{' || c == '[' || in_word(c)) {
        sup_json_fault(s, s->pos, "expected ',' before %s", found(s, what));
        return true;
    }
    sup_json_fault(s, s->pos, "expected ',' or '%c', found %s: %s was opened at line %u column %u",
                   close, found(s, what), sup_json_kind_text(node->kind), node->at.line,
                   node->at.column);
    s->stopped = true;
    return false;
}

static void append(struct sup_json *parent, struct sup_json **last, struct sup_json *node)
{
    if (*last)
        (*last)->next = node;
    else
        parent->first = node;
    *last = node;
    parent->count++;
}

/* The key at the cursor and the colon behind it. NULL where it is no good; there is a value behind
 * it all the same, unless the scan is stopped. */
static const char *read_key(struct sup_json_scan *s)
{
    struct sup_pos at = s->pos;
    const char *key = NULL;

    if (sup_json_peek(s) == '"') {
        key = sup_json_string(s);
    } else if (in_word(sup_json_peek(s))) {
        key = take_word(s);
        if (key)
            sup_json_fault(s, at, "a key is written in double quotes: \"%.40s\"", key);
    } else {
        stop_at(s, "a key in double quotes");
    }
    if (s->stopped)
        return NULL;
    skip_space(s);
    if (sup_json_peek(s) == ':')
        sup_json_step(s);
    else
        stop_at(s, "':' behind the key");
    return key;
}

static int by_key(const void *a, const void *b)
{
    const struct sup_json *x = *(struct sup_json *const *)a, *y = *(struct sup_json *const *)b;
    int order = strcmp(x->key, y->key);

    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Reports all members but the first of each key, and makes them SUP_JSON_BAD. */
static void find_duplicates(struct sup_json_scan *s, struct sup_json *object)
{
    struct sup_pool pool = {0};
    struct sup_json **sorted, *m, *first;
    size_t n = 0;

    if (object->count < 2)
        return;
    sorted = sup_pool_alloc(&pool, object->count * sizeof(struct sup_json *));
    if (!sorted) {
        s->errors->no_memory = s->stopped = true;
        return;
    }
    for (m = object->first; m; m = m->next)
        if (m->key)
            sorted[n++] = m;
    qsort(sorted, n, sizeof(struct sup_json *), by_key);
    first = n > 0 ? sorted[0] : NULL;
    for (size_t i = 1; i < n; i++) {
        m = sorted[i];
        if (strcmp(first->key, m->key) != 0) {
            first = m;
            continue;
        }
        s->here = m;
        sup_json_fault(s, m->key_at, "duplicate key: it is already at line %u column %u",
                       first->key_at.line, first->key_at.column);
        m->kind = SUP_JSON_BAD;
    }
    sup_pool_empty(&pool);
}

static void read_object(struct sup_json_scan *s, struct sup_json *node)
{
    struct sup_json *last = NULL;

    node->kind = SUP_JSON_OBJECT;
    sup_json_step(s);
    while (next_item(s, node, '}')) {
        struct sup_pos key_at = s->pos;
        const char *key = read_key(s);
        struct sup_json *member;

        if (s->stopped)
            return;
        skip_space(s);
        member = read_value(s, node, key ? key : "?", key_at);
        if (s->stopped)
            return;
        if (!key) { /* not to be found by any key */
            member->key = NULL;
            member->kind = SUP_JSON_BAD;
        }
        append(node, &last, member);
    }
    if (!s->stopped)
        find_duplicates(s, node);
}

static void read_list(struct sup_json_scan *s, struct sup_json *node)
{
    struct sup_json *last = NULL;

    node->kind = SUP_JSON_LIST;
    sup_json_step(s);
    while (next_item(s, node, ']')) {
        struct sup_json *element = read_value(s, node, NULL, (struct sup_pos){0, 0});

        if (s->stopped)
            return;
        append(node, &last, element);
    }
}

static void read_inside(struct sup_json_scan *s, struct sup_json *node)
{
    if (s->depth == SUP_JSON_DEPTH_MAX) {
        sup_json_fault(s, s->pos, "nested too deep: at most %d objects and lists inside each other",
                       SUP_JSON_DEPTH_MAX);
        s->stopped = true;
        return;
    }
    s->depth++;
    if (sup_json_peek(s) == '{')
        read_object(s, node);
    else
        read_list(s, node);
    s->depth--;
}

static struct sup_json *read_value(struct sup_json_scan *s, struct sup_json *parent,
                                   const char *key, struct sup_pos key_at)
{
    struct sup_json *node = sup_pool_alloc(s->pool, sizeof(*node));
    int c = sup_json_peek(s);

    if (!node) {
        s->errors->no_memory = s->stopped = true;
        return NULL;
    }
    *node = (struct sup_json){.kind = SUP_JSON_BAD,
                              .at = s->pos,
                              .key_at = key_at,
                              .parent = parent,
                              .key = key,
                              .index = parent ? parent->count : 0};
    s->here = node;
    if (c == '{' || c == '[') {
        read_inside(s, node);
    } else if (c == '"') {
        node->text = sup_json_string(s);
        if (node->text)
            node->kind = SUP_JSON_STRING;
    } else if (in_word(c)) {
        read_word(s, node);
    } else {
        stop_at(s, "a value");
    }
    s->here = parent;
    return node;
}

/* By its mark, or by how an object begins. */
static bool is_utf16(const char *text, size_t size)
{
    return size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0 ||
                         memcmp(text, "{\0", 2) == 0 || memcmp(text, "\0{", 2) == 0);
}

struct sup_json *sup_json_parse(const char *text, size_t size, struct sup_pool *pool,
                                struct sup_config_errors *errors)
{
    struct sup_json_scan s = {.text = (const unsigned char *)text,
                              .size = size,
                              .pos = {1, 1},
                              .pool = pool,
                              .errors = errors};
    struct sup_json *root;

    if (is_utf16(text, size)) {
        sup_json_fault(&s, s.pos, "the file is UTF-16: save it as UTF-8");
        return NULL;
    }
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        sup_json_fault(&s, s.pos,
                       "the file begins with a byte order mark: save it as UTF-8 without one");
        s.at = 3;
    }
    skip_space(&s);
    if (s.at == s.size) {
        sup_json_fault(&s, (struct sup_pos){1, 1}, "the file is empty: expected a JSON object");
        return NULL;
    }
    root = read_value(&s, NULL, NULL, (struct sup_pos){0, 0});
    if (s.stopped)
        return NULL;
    skip_space(&s);
    if (s.at < s.size) {
        stop_at(&s, "the end of the file behind the value");
        return NULL;
    }
    return root;
}
