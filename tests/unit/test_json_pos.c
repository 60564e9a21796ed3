/* SPDX-License-Identifier: MIT */
/* The JSON reader: positions, texts, what is accepted (the same as jansson accepts), and that no
 * input makes it slow. */
#include "axsup/config_error.h"

#include <glob.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct parsed {
    struct sup_pool pool;
    struct sup_config_errors errors;
    struct sup_json *root;
};

static struct parsed parse_bytes(const char *text, size_t size)
{
    struct parsed p = {0};

    p.root = sup_json_parse(text, size, &p.pool, &p.errors);
    return p;
}

static struct parsed parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void end(struct parsed *p)
{
    sup_pool_empty(&p->pool);
    sup_config_errors_deinit(&p->errors);
}

static void assert_at(const struct sup_json *node, unsigned line, unsigned column)
{
    assert_non_null(node);
    assert_int_equal(node->at.line, line);
    assert_int_equal(node->at.column, column);
}

static void positions(void **state)
{
    struct parsed p =
        parse("{ \"a\" :\n\t[ 1,\r\n  \"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\", -2e3 ] }");
    const struct sup_json *list = sup_json_get(p.root, "a"), *e = list->first;
    char path[64];

    (void)state;
    assert_false(sup_config_errors_any(&p.errors));
    assert_at(p.root, 1, 1);
    assert_int_equal(list->key_at.line, 1);
    assert_int_equal(list->key_at.column, 3);
    assert_at(list, 2, 2);
    assert_int_equal(list->count, 3);
    assert_at(e, 2, 4);
    assert_int_equal(e->kind, SUP_JSON_INTEGER);
    assert_at(e->next, 3, 3);
    assert_int_equal(e->next->kind, SUP_JSON_STRING);
    assert_at(e->next->next, 3, 10); /* three characters of 2, 3 and 4 bytes before it */
    assert_int_equal(e->next->next->kind, SUP_JSON_REAL);
    sup_json_path(e->next->next, NULL, path, sizeof(path));
    assert_string_equal(path, "a[2]");
    sup_json_path(e->next->next, "b", path, sizeof(path));
    assert_string_equal(path, "a[2].b");
    sup_json_path(e->next->next, "b", path, 4);
    assert_string_equal(path, "a[2");
    end(&p);
}

static void texts(void **state)
{
    struct parsed p = parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83d\\uDE00\"]");
    char compact[64];

    (void)state;
    assert_false(sup_config_errors_any(&p.errors));
    assert_string_equal(p.root->first->text,
                        "\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_int_equal(sup_json_write(p.root, compact, sizeof(compact)), 49);
    assert_string_equal(compact, "[\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009A\xC3\xA4"
                                 "\xE2\x82\xAC\xF0\x9F\x98\x80\"]");
    assert_int_equal(sup_json_write(p.root, compact, 5), 49);
    assert_string_equal(compact, "[\"\\\"");
    end(&p);
}

static void utf8(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xE2\x82",
                                      "\xE0\x80\xAF",
                                      "\xED\xA0\x80",
                                      "\xF0\x80\x80\xAF",
                                      "\xF4\x90\x80\x80",
                                      "\xF8\x88",
                                      "\xFF",
                                      "\xC3("};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(sup_utf8_char(bad[i], strlen(bad[i])), 0);
    assert_int_equal(sup_utf8_char("", 0), 0);
    assert_int_equal(sup_utf8_char("\xF4\x8F\xBF\xBF", 4), 4);
    assert_int_equal(sup_utf8_char("\xED\x9F\xBF", 3), 3);
}

/* Whether both readers say the same of a text: a mistake, or the same value. */
static void compare(const char *text, size_t size, const char *name)
{
    struct parsed p = parse_bytes(text, size);
    bool good = p.root && !sup_config_errors_any(&p.errors);
    json_error_t why;
    json_t *other = json_loadb(
        text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);

    if (good != (other != NULL))
        fail_msg("%s: read here: %d, by jansson: %d (%s)", name, good, other != NULL, why.text);
    if (good) {
        size_t length = sup_json_write(p.root, NULL, 0);
        char *compact = malloc(length + 1);
        json_t *again;

        sup_json_write(p.root, compact, length + 1);
        again = json_loads(compact, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
        assert_true(json_equal(other, again));
        json_decref(again);
        free(compact);
    }
    json_decref(other);
    end(&p);
}

static void same_as_jansson(void **state)
{
    static const char *const some[] = {
        "0",
        "-0",
        "-",
        "01",
        "1.",
        ".1",
        "1.5",
        "1e5",
        "1E+05",
        "1e",
        "1e+",
        "-1.0e-1",
        "+1",
        "1x",
        "0x1",
        "null",
        "nul",
        "nulll",
        "true",
        "false",
        "True",
        "\"\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\t\"",
        "\"\\u0000\"",
        "\"\x7f\"",
        "\"\xff\"",
        "[",
        "]",
        "[]",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1,2]",
        "[[]",
        "{}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1}{",
        "1 2",
        "",
        " ",
        "\n[\t]\r ",
        "//\n1",
        "/**/1",
        "'a'",
        "\xEF\xBB\xBF{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
        compare(some[i], strlen(some[i]), some[i]);
}

static void corpus_same_as_jansson(void **state)
{
    static char text[1 << 20];
    glob_t found;

    (void)state;
    assert_int_equal(glob("tests/conf-invalid/*.json", 0, NULL, &found), 0);
    assert_int_equal(glob("tests/fuzz/corpus/config/*", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *from = fopen(found.gl_pathv[i], "r");
        size_t size = fread(text, 1, sizeof(text), from);

        fclose(from);
        if (size > 0 && !strstr(found.gl_pathv[i], "depth-")) /* jansson allows 2048 */
            compare(text, size, found.gl_pathv[i]);
    }
    globfree(&found);
}

/* Reads a text made of a piece repeated to 1 MiB; returns the number of mistakes. */
static unsigned flood(const char *begin, const char *piece)
{
    static char text[1 << 20];
    size_t n = strlen(begin), length = strlen(piece);
    struct parsed p;
    unsigned mistakes;

    for (size_t i = 0; i < n; i++)
        text[i] = begin[i];
    for (size_t i = 0; n < sizeof(text); i++)
        text[n++] = piece[i % length];
    p = parse_bytes(text, n);
    mistakes = p.errors.count + p.errors.dropped;
    end(&p);
    return mistakes;
}

static void floods(void **state)
{
    static char keys[1 << 20];
    struct timespec begin, now;
    struct parsed p;
    size_t n = 1;

    (void)state;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    assert_int_equal(flood("", "["), 1);
    assert_int_equal(flood("", "{\"a\":"), 1);
    assert_int_equal(flood("", "[{\"a\":"), 1);
    assert_true(flood("\"", "\\u0041") > 0);
    assert_true(flood("[0", ",0") == 1);
    assert_true(flood("[", "/**/") > SUP_CONFIG_ERRORS_MAX);
    assert_true(flood("[", "1 ") > SUP_CONFIG_ERRORS_MAX);
    assert_true(flood("[", "\"\\x\",") > SUP_CONFIG_ERRORS_MAX);
    assert_true(flood("{\"a\":0", ",\"a\":0") > 0);
    keys[0] = '{';
    for (unsigned i = 0; n < sizeof(keys) - 32; i++)
        n += (size_t)sprintf(keys + n, "%s\"%u\":0", i > 0 ? "," : "", i / 2);
    keys[n++] = '}';
    p = parse_bytes(keys, n);
    assert_true(p.errors.count + p.errors.dropped > 40000); /* every second one is a duplicate */
    end(&p);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    assert_true(now.tv_sec - begin.tv_sec < 20); /* quadratic would be minutes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions),
        cmocka_unit_test(texts),
        cmocka_unit_test(utf8),
        cmocka_unit_test(same_as_jansson),
        cmocka_unit_test(corpus_same_as_jansson),
        cmocka_unit_test(floods),
    };
    const char *root = getenv("AX_ROOT");

    if (root && chdir(root) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
