/* SPDX-License-Identifier: MIT */
/* What people and editors are told of the config: units, the manual page, the schema, the listing
 * of keys. The schema and the section KEYS of the page are in the source tree as the table of keys
 * prints them; with --write this program puts them there anew. */
#include "axsup/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAN "man/axsup.json.5"
#define SCHEMA "conf/axsup.schema.json"
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(path, "r");

    if (!from)
        fail_msg("%s: %s", path, strerror(errno));
    if (getdelim(&text, &size, '\0', from) < 0)
        *text = '\0';
    fclose(from);
    return text;
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
        const char *back;
    } good[] = {{"0s", 0, "0s"},
                {"50ns", 50, "50ns"},
                {"100us", 100000, "100us"},
                {"10ms", 10000000, "10ms"},
                {"1.5s", 1500000000, "1500ms"},
                {"0.000000001s", 1, "1ns"},
                {"90s", 90000000000, "90s"},
                {"2m", 120000000000, "2m"},
                {"60m", 3600000000000, "1h"},
                {"18446744073709551615ns", UINT64_MAX, "18446744073709551615ns"}};
    static const char *const bad[] = {"",
                                      "s",
                                      "5",
                                      "5 s",
                                      "-5s",
                                      "+5s",
                                      "5S",
                                      "5d",
                                      ".5s",
                                      "5.s",
                                      "1.5ns",
                                      "1e3s",
                                      "0x10s",
                                      "5s ",
                                      "5sec",
                                      "1..s",
                                      "99999999h",
                                      "0.0000000001s",
                                      "18446744073709551616ns"};
    char buffer[SUP_UNIT_ROOM];
    uint64_t ns;

    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        assert_null(sup_parse_duration(good[i].text, &ns));
        assert_true(ns == good[i].ns);
        assert_string_equal(sup_format_duration(ns, buffer), good[i].back);
    }
    for (size_t i = 0; i < LEN(bad); i++)
        if (!sup_parse_duration(bad[i], &ns))
            fail_msg("\"%s\" passed as a duration", bad[i]);
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *back;
    } good[] = {
        {"0", 0, "0"},         {"4095", 4095, "4095"},   {"4096", 4096, "4K"},
        {"64K", 65536, "64K"}, {"1024M", 1 << 30, "1G"}, {"64G", UINT64_C(64) << 30, "64G"}};
    static const char *const bad[] = {
        "",     "K",  "1.5G", "64k", "64KB",         "64KiB", "-1",
        "64 K", "1T", " 1",   "1 ",  "17179869184G", "0x10",  "18446744073709551616"};
    char buffer[SUP_UNIT_ROOM];
    uint64_t bytes;

    (void)state;
    for (size_t i = 0; i < LEN(good); i++) {
        assert_null(sup_parse_size(good[i].text, &bytes));
        assert_true(bytes == good[i].bytes);
        assert_string_equal(sup_format_size(bytes, buffer), good[i].back);
    }
    for (size_t i = 0; i < LEN(bad); i++)
        if (!sup_parse_size(bad[i], &bytes))
            fail_msg("\"%s\" passed as a size", bad[i]);
}

/* What one of the printers of the table prints. */
static char *from_table(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    print(to);
    fclose(to);
    return text;
}

/* The beginning and the end of the section KEYS in the page. */
static char *find_section(char *page, char **behind)
{
    char *begin = strstr(page, ".Sh KEYS\n");

    *behind = begin ? strstr(begin + 1, "\n.Sh ") : NULL;
    if (!*behind)
        fail_msg(MAN " has no section KEYS with another one behind it");
    ++*behind;
    return begin;
}

static void manual(void **state)
{
    char *page = read_file(MAN), *behind, *begin = find_section(page, &behind);
    char *keys = from_table(sup_config_print_man);

    (void)state;
    *behind = '\0';
    if (strcmp(begin, keys) != 0)
        fail_msg("KEYS in " MAN " is not what the table says: run test_config_docs --write");
    free(keys);
    free(page);
}

static void schema(void **state)
{
    char *there = read_file(SCHEMA), *made = from_table(sup_config_schema);

    (void)state;
    if (strcmp(there, made) != 0)
        fail_msg(SCHEMA " is not what the table says: run test_config_docs --write");
    free(there);
    free(made);
}

static void listing(void **state)
{
    static const char *const some[] = {"  system ", "  workers[].actors[].restart.backoff ",
                                       "  workers[].limits.cpu ",
                                       "  workers[].actors[].overload.high "};
    char *list = from_table(sup_config_print_keys);

    (void)state;
    for (size_t i = 0; i < LEN(some); i++)
        assert_non_null(strstr(list, some[i]));
    free(list);
}

static int write_all(void)
{
    char *page = read_file(MAN), *behind, *begin = find_section(page, &behind);
    FILE *to = fopen(MAN, "w");

    if (!to)
        return 1;
    fprintf(to, "%.*s", (int)(begin - page), page);
    sup_config_print_man(to);
    fputs(behind, to);
    if (fclose(to) != 0)
        return 1;
    free(page);
    to = fopen(SCHEMA, "w");
    if (!to)
        return 1;
    sup_config_schema(to);
    return fclose(to) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations), cmocka_unit_test(sizes),   cmocka_unit_test(manual),
        cmocka_unit_test(schema),    cmocka_unit_test(listing),
    };
    const char *root = getenv("AX_ROOT");

    if (root && chdir(root) != 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_all();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
