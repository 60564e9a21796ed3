/* SPDX-License-Identifier: MIT */
/* The command line: what is understood, what is said of a wrong one, and that --help and axsup(8)
 * say the same as the tables. With --write this program puts the sections COMMANDS, OPTIONS and
 * EXIT STATUS of the page into the source tree anew. */
#include "axsup/command.h"
#include "axsup/nearest.h"
#include "axsup/show.h"
#include "axsup/table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAN "man/axsup.8"
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

struct said {
    int result;
    struct sup_arguments arguments;
    char *output, *errors;
};

/* `line` is split at blanks. */
static struct said parse(const char *line)
{
    static char words[512];
    char *argv[32] = {"axsup"}, *rest = words;
    struct said said;
    size_t size;
    int argc = 1;

    snprintf(words, sizeof(words), "%s", line);
    while ((argv[argc] = strsep(&rest, " ")) != NULL && *argv[argc] != '\0')
        argc++;
    FILE *output = open_memstream(&said.output, &size);
    FILE *errors = open_memstream(&said.errors, &size);
    said.result = sup_arguments_parse(argc, argv, &said.arguments, output, errors);
    fclose(output);
    fclose(errors);
    return said;
}

static void end(struct said *said)
{
    free(said->output);
    free(said->errors);
}

static void understood(void **state)
{
    struct said s = parse("call --timeout=250ms a.json counter add {\"by\":5}");

    (void)state;
    assert_int_equal(s.result, 0);
    assert_string_equal(s.arguments.command->name, "call");
    assert_int_equal(s.arguments.count, 4);
    assert_string_equal(s.arguments.operands[0], "a.json");
    assert_string_equal(s.arguments.operands[3], "{\"by\":5}");
    assert_true(s.arguments.timeout_ns == 250000000);
    end(&s);
    s = parse("call a.json counter get -");
    assert_int_equal(s.result, 0);
    assert_true(s.arguments.timeout_ns == 5000000000);
    assert_string_equal(s.arguments.operands[3], "-");
    end(&s);
    s = parse("run a.json --for 2s");
    assert_true(s.result == 0 && s.arguments.for_ns == 2000000000);
    end(&s);
    s = parse("events --follow --json a.json");
    assert_true(s.result == 0 && s.arguments.follow && s.arguments.json);
    end(&s);
    s = parse("status -- --json");
    assert_int_equal(s.result, 0);
    assert_string_equal(s.arguments.operands[0], "--json");
    assert_false(s.arguments.json);
    end(&s);
    s = parse("bench --json --whatever x");
    assert_true(s.result == 0 && s.arguments.argc == 4);
    assert_string_equal(s.arguments.argv[0], "bench");
    assert_string_equal(s.arguments.argv[3], "x");
    end(&s);
}

static void refused(void **state)
{
    static const struct {
        const char *line, *said;
    } wrong[] = {
        {"", "a command is missing"},
        {"rnu a.json", "there is no command \"rnu\"; did you mean \"run\"?"},
        {"statsu a.json", "there is no command \"statsu\"; did you mean \"status\"?"},
        {"deadleters a.json", "did you mean \"deadletters\"?"},
        {"frobnicate", "there is no command \"frobnicate\"; \"axsup --help\" lists them"},
        {"\033[2J", "there is no command \"?[2J\""},
        {"--json status a.json", "the command comes first"},
        {"status a.json --jsn", "status: there is no option \"--jsn\"; did you mean \"--json\"?"},
        {"status a.json --follow", "status: there is no option \"--follow\""},
        {"status a.json -j", "status: there is no option \"-j\""},
        {"status a.json --json=yes", "--json takes no value"},
        {"status", "status: CONF is missing: axsup status CONF"},
        {"status a.json b.json", "status: \"b.json\" is one argument too many: axsup status CONF"},
        {"call a.json counter", "call: MESSAGE is missing: axsup call CONF ACTOR MESSAGE [JSON]"},
        {"kill a.json", "kill: WORKER is missing"},
        {"run a.json --for", "--for needs a value: --for DURATION"},
        {"run a.json --for 5", "--for \"5\": "},
        {"run a.json --for=0s", "--for \"0s\": must be more than 0"},
        {"call a.json a b --timeout 1parsec", "--timeout \"1parsec\": "},
    };

    (void)state;
    for (size_t i = 0; i < LEN(wrong); i++) {
        struct said s = parse(wrong[i].line);

        if (s.result != SUP_EXIT_USAGE || strncmp(s.errors, "axsup: ", 7) != 0 ||
            !strstr(s.errors, wrong[i].said) || *s.output)
            fail_msg("%s: %d, \"%s\"", wrong[i].line, s.result, s.errors);
        assert_ptr_equal(strchr(s.errors, '\n'), s.errors + strlen(s.errors) - 1);
        end(&s);
    }
}

static void help(void **state)
{
    struct said all = parse("--help"), version = parse("--version");

    (void)state;
    assert_true(all.result < 0 && version.result < 0);
    assert_int_equal(strncmp(version.output, "axsup ", 6), 0);
    for (size_t i = 0; i < sup_commands_count; i++) {
        char line[80];

        assert_non_null(strstr(all.output, sup_commands[i].brief));
        if (sup_commands[i].own_arguments)
            continue;
        snprintf(line, sizeof(line), "%s --help", sup_commands[i].name);
        struct said one = parse(line);
        assert_true(one.result < 0);
        snprintf(line, sizeof(line), "usage: axsup %s", sup_commands[i].name);
        assert_int_equal(strncmp(one.output, line, strlen(line)), 0);
        end(&one);
    }
    for (size_t i = 0; i < sup_options_count; i++) {
        char line[80];

        snprintf(line, sizeof(line), "\n  --%s", sup_options[i].name);
        assert_non_null(strstr(all.output, line));
    }
    for (const char *at = all.output; at; at = strchr(at + 1, '\n'))
        assert_true(strcspn(at + 1, "\n") <= 80);
    end(&all);
    end(&version);
}

static char *read_page(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(MAN, "r");

    if (!from)
        fail_msg("%s: %s", MAN, strerror(errno));
    assert_true(getdelim(&text, &size, '\0', from) > 0);
    fclose(from);
    return text;
}

/* A part of the page that a table makes: from its heading to before that of the next section. */
static const struct part {
    void (*print)(FILE *to);
    const char *first, *behind;
} parts[] = {
    {sup_print_man_commands, "\n.Sh COMMANDS\n", "\n.Sh EVENTS\n"},
    {sup_show_man_events, "\n.Sh EVENTS\n", "\n.Sh SIGNALS\n"},
    {sup_print_man_surroundings, "\n.Sh SIGNALS\n", "\n.Sh FILES\n"},
    {sup_print_man_exits, "\n.Sh EXIT STATUS\n", "\n.Sh EXAMPLES\n"},
};

static char *made(const struct part *part)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    part->print(to);
    fclose(to);
    return text;
}

/* The page with all parts as the tables make them. */
static char *page_made(void)
{
    char *page = read_page();

    for (size_t i = 0; i < LEN(parts); i++) {
        char *first = strstr(page, parts[i].first), *behind = strstr(page, parts[i].behind);
        char *part = made(&parts[i]), *next;

        assert_true(first && behind && first < behind);
        assert_true(asprintf(&next, "%.*s%s%s", (int)(first + 1 - page), page, part, behind + 1) >
                    0);
        free(part);
        free(page);
        page = next;
    }
    return page;
}

static void page(void **state)
{
    char *text = read_page(), *right = page_made();

    (void)state;
    if (strcmp(text, right) != 0)
        fail_msg("%s does not say what the tables do: run this test with --write", MAN);
    free(right);
    free(text);
}

static int write_page(void)
{
    char *text = page_made();
    FILE *to = fopen(MAN, "w");

    if (!to)
        return 1;
    fputs(text, to);
    free(text);
    return fclose(to) != 0;
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(sup_edit_distance("", ""), 0);
    assert_int_equal(sup_edit_distance("", "abc"), 3);
    assert_int_equal(sup_edit_distance("abc", "abc"), 0);
    assert_int_equal(sup_edit_distance("abcd", "abdc"), 1);
    assert_int_equal(sup_edit_distance("kitten", "sitting"), 3);
    struct sup_nearest near;
    sup_nearest_init(&near, "stat");
    sup_nearest_try(&near, "stop");
    sup_nearest_try(&near, "state");
    sup_nearest_try(&near, "status");
    assert_string_equal(near.best, "state");
    sup_nearest_init(&near, "x");
    sup_nearest_try(&near, "y");
    assert_null(near.best);
}

static void tables(void **state)
{
    static const struct sup_column columns[] = {{"NAME", "name", sup_cell_plain, 0},
                                                {"MAIL", "mail", sup_cell_count, 1},
                                                {"IDLE", "idle", sup_cell_duration, 1},
                                                {"AT", "at", sup_cell_time, 0}};
    json_t *rows =
        json_pack("[{s:s, s:i, s:I, s:s}, {s:n, s:I, s:n, s:n}]", "name", "\xc3\xa4\x1b[2J", "mail",
                  7, "idle", (json_int_t)1500000000, "at", "2026-01-31T10:00:00.123456789Z", "name",
                  "mail", (json_int_t)12345678, "idle", "at");
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(rows);
    sup_table_print(to, rows, columns, LEN(columns));
    fclose(to);
    assert_string_equal(text, "NAME    MAIL  IDLE  AT\n"
                              "\xc3\xa4?[2J      7  1.5s  2026-01-31 10:00:00.123456\n"
                              "-      12.3M     -  -\n");
    free(text);
    json_decref(rows);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understood), cmocka_unit_test(refused),   cmocka_unit_test(help),
        cmocka_unit_test(page),       cmocka_unit_test(distances), cmocka_unit_test(tables),
    };
    const char *root = getenv("AX_ROOT");

    if (root && chdir(root) != 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_page();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
