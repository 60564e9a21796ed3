/* SPDX-License-Identifier: MIT */
/* command_parse.c - from argv to struct sup_arguments, by the tables in command.c. */
#include "axsup/command.h"
#include "axsup/config.h"
#include "axsup/nearest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#ifndef AX_VERSION
#define AX_VERSION "0"
#endif

#define PARSE_DONE (-1)

struct parser {
    int argc, next;
    char **argv;
    struct sup_arguments *out;
    FILE *output, *errors;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *p, const char *format, ...)
{
    va_list arguments;

    fputs("axsup: ", p->errors);
    va_start(arguments, format);
    vfprintf(p->errors, format, arguments);
    va_end(arguments);
    putc('\n', p->errors);
    return SUP_EXIT_USAGE;
}

/* A copy of `text` that may be printed on any terminal. */
static const char *printable(const char *text, char *to, size_t room)
{
    size_t n = 0;

    for (; *text && n + 1 < room; text++)
        to[n++] = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
    to[n] = '\0';
    return to;
}
#define PRINTABLE(text) printable((text), (char[80]){0}, 80)

static int unknown_command(struct parser *p, const char *name)
{
    struct sup_nearest near;

    sup_nearest_init(&near, name);
    for (size_t i = 0; i < sup_commands_count; i++)
        sup_nearest_try(&near, sup_commands[i].name);
    if (near.best)
        return refuse(p, "there is no command \"%s\"; did you mean \"%s\"?", PRINTABLE(name),
                      near.best);
    return refuse(p, "there is no command \"%s\"; \"axsup --help\" lists them", PRINTABLE(name));
}

static bool takes(const struct sup_command *command, size_t option)
{
    return (command->options >> option & 1u) != 0;
}

/* `text` as it stands on the command line, with its dashes. */
static int unknown_option(struct parser *p, const char *text)
{
    const struct sup_command *command = p->out->command;
    struct sup_nearest near;
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
    sup_nearest_init(&near, name + strspn(name, "-"));
    for (size_t i = 0; i < sup_options_count; i++)
        if (takes(command, i))
            sup_nearest_try(&near, sup_options[i].name);
    sup_nearest_try(&near, "help");
    if (near.best)
        return refuse(p, "%s: there is no option \"%s\"; did you mean \"--%s\"?", command->name,
                      PRINTABLE(name), near.best);
    return refuse(p, "%s: there is no option \"%s\"; \"axsup %s --help\" lists them", command->name,
                  PRINTABLE(name), command->name);
}

static const char *parse_number(const char *text, uint64_t least, uint64_t *number)
{
    char *end = NULL;

    errno = 0;
    unsigned long long n = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (end == NULL || *end != '\0' || errno != 0 || n < least || n > INT64_MAX)
        return least == 0 ? "must be an integer from 0" : "must be an integer from 1";
    *number = n;
    return NULL;
}

/* Gives an option its value; every kind is stored here. */
static int set_option(struct parser *p, const struct sup_option *option, const char *value)
{
    char *field = (char *)p->out + option->offset;
    const char *wrong = NULL;

    switch (option->kind) {
    case SUP_OPTION_FLAG:
        *(bool *)field = true;
        break;
    case SUP_OPTION_TEXT:
        *(const char **)field = value;
        break;
    case SUP_OPTION_NUMBER:
    case SUP_OPTION_COUNT:
        wrong = parse_number(value, option->kind == SUP_OPTION_COUNT ? 0 : 1, (uint64_t *)field);
        break;
    case SUP_OPTION_DURATION:
        wrong = sup_parse_duration(value, (uint64_t *)field);
        if (!wrong && *(uint64_t *)field == 0)
            wrong = "must be more than 0";
        break;
    }
    if (wrong)
        return refuse(p, "--%s \"%s\": %s", option->name, PRINTABLE(value), wrong);
    return 0;
}

/* `text` is behind the dashes: "json", "timeout" and its value next, or "timeout=5s". */
static int read_option(struct parser *p, const char *text)
{
    size_t length = strcspn(text, "=");
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)(length < 63 ? length : 63), text);
    for (size_t i = 0; i < sup_options_count; i++) {
        const struct sup_option *option = &sup_options[i];

        if (!takes(p->out->command, i) || strcmp(option->name, name) != 0)
            continue;
        if (!option->value)
            return text[length] ? refuse(p, "--%s takes no value", name)
                                : set_option(p, option, NULL);
        if (text[length])
            return set_option(p, option, text + length + 1);
        if (p->next == p->argc)
            return refuse(p, "--%s needs a value: --%s %s", name, name, option->value);
        return set_option(p, option, p->argv[p->next++]);
    }
    return unknown_option(p, text - 2);
}

/* How many operands there may be, and must be. */
static void count_operands(const char *operands, int *most, int *least)
{
    *most = *least = 0;
    for (const char *word = operands; *word; word += strspn(word, " ")) {
        (*most)++;
        *least += *word != '[';
        word += strcspn(word, " ");
    }
}

static int read_operand(struct parser *p, const char *text)
{
    int most, least;

    count_operands(p->out->command->operands, &most, &least);
    if (p->out->count == most)
        return refuse(p, "%s: \"%s\" is one argument too many: axsup %s %s", p->out->command->name,
                      PRINTABLE(text), p->out->command->name, p->out->command->operands);
    p->out->operands[p->out->count++] = text;
    return 0;
}

static int missing_operand(struct parser *p)
{
    const struct sup_command *command = p->out->command;
    const char *word = command->operands;
    int most, least;

    count_operands(command->operands, &most, &least);
    if (p->out->count >= least)
        return 0;
    for (int i = 0; i < p->out->count; i++) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    return refuse(p, "%s: %.*s is missing: axsup %s %s", command->name, (int)strcspn(word, " "),
                  word, command->name, command->operands);
}

static int read_rest(struct parser *p)
{
    bool plain = false; /* behind "--" */
    int error = 0;

    while (error == 0 && p->next < p->argc) {
        const char *text = p->argv[p->next++];

        if (plain || text[0] != '-' || text[1] == '\0') {
            error = read_operand(p, text);
        } else if (strcmp(text, "--") == 0) {
            plain = true;
        } else if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
            sup_print_command_help(p->out->command, p->output);
            return PARSE_DONE;
        } else if (text[1] == '-') {
            error = read_option(p, text + 2);
        } else {
            error = unknown_option(p, text);
        }
    }
    return error != 0 ? error : missing_operand(p);
}

static int read_command(struct parser *p, const char *name)
{
    for (size_t i = 0; i < sup_commands_count; i++)
        if (strcmp(sup_commands[i].name, name) == 0)
            p->out->command = &sup_commands[i];
    if (!p->out->command)
        return unknown_command(p, name);
    if (p->out->command->own_arguments) {
        p->out->argc = p->argc - p->next + 1;
        p->out->argv = p->argv + p->next - 1;
        return 0;
    }
    for (size_t i = 0; i < sup_options_count; i++)
        if (sup_options[i].def && set_option(p, &sup_options[i], sup_options[i].def) != 0)
            return SUP_EXIT_USAGE;
    return read_rest(p);
}

int sup_arguments_parse(int argc, char **argv, struct sup_arguments *out, FILE *output,
                        FILE *errors)
{
    struct parser p = {argc, 2, argv, out, output, errors};
    const char *first = argc > 1 ? argv[1] : NULL;

    memset(out, 0, sizeof(*out));
    if (!first)
        return refuse(&p, "a command is missing; \"axsup --help\" lists them");
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        sup_print_help(output);
        return PARSE_DONE;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        fprintf(output, "axsup %s\n", AX_VERSION);
        return PARSE_DONE;
    }
    if (first[0] == '-')
        return refuse(&p, "the command comes first: axsup COMMAND [ARGUMENT ...]");
    return read_command(&p, first);
}
