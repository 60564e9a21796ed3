/* SPDX-License-Identifier: MIT */
/* command_help.c - the tables of command.c for people: --help, and sections of axsup(8). */
#include "axsup/command.h"
#include "axsup/config.h"
#include "axsup/prose.h"

#include <string.h>

static void put_option(FILE *to, const struct sup_option *option)
{
    fprintf(to, "  --%s%s%s", option->name, option->value ? " " : "",
            option->value ? option->value : "");
    fputs(option->def ? " (default " : "", to);
    fputs(option->def ? option->def : "", to);
    fputs(option->def ? ")\n" : "\n", to);
    sup_prose(to, option->about, 6);
}

void sup_print_help(FILE *to)
{
    fputs("axsup - run actors in processes that may crash\n\n"
          "usage: axsup COMMAND [ARGUMENT ...] [OPTION ...]\n\n",
          to);
    for (size_t i = 0; i < sup_commands_count; i++) {
        const struct sup_command *command = &sup_commands[i];
        char line[80];

        snprintf(line, sizeof(line), "%s%s%s", command->name, *command->operands ? " " : "",
                 command->operands);
        fprintf(to, "  %-31s %s\n", line, command->brief);
    }
    putc('\n', to);
    sup_prose(
        to,
        "CONF is a file as axsup.json(5) describes it. All commands but run, check, schema and "
        "bench talk to the running system through its run_dir.",
        0);
    fputs("\noptions:\n", to);
    for (size_t i = 0; i < sup_options_count; i++)
        put_option(to, &sup_options[i]);
    fputs("  --help\n      Print this or, after a command, more about the command.\n"
          "  --version\n      Print the version.\n\nexit status:\n",
          to);
#define PUT_EXIT(symbol, number, text)                                                             \
    fprintf(to, "  %d\n", number);                                                                 \
    sup_prose(to, text, 6);
    SUP_EXITS(PUT_EXIT)
#undef PUT_EXIT
}

void sup_print_command_help(const struct sup_command *command, FILE *to)
{
    fprintf(to, "usage: axsup %s%s%s%s\n\n", command->name, *command->operands ? " " : "",
            command->operands, command->options ? " [OPTION ...]" : "");
    sup_prose(to, command->about, 0);
    if (command->options)
        fputs("\noptions:\n", to);
    for (size_t i = 0; i < sup_options_count; i++)
        if (command->options >> i & 1u)
            put_option(to, &sup_options[i]);
    if (command->run == sup_cmd_check) {
        putc('\n', to);
        sup_config_print_keys(to);
    }
}

/* "CONF ACTOR [JSON]" as mdoc arguments. */
static void put_man_operands(FILE *to, const char *operands)
{
    for (const char *word = operands; *word; word += strspn(word, " ")) {
        int length = (int)strcspn(word, word[0] == '[' ? "]" : " ");

        if (word[0] == '[')
            fprintf(to, " Op Ar %.*s", length - 1, word + 1);
        else
            fprintf(to, " Ar %.*s", length, word);
        word += length + (word[0] == '[');
    }
}

static void put_man_option(FILE *to, const struct sup_option *option)
{
    fprintf(to, " Fl -%s%s%s", option->name, option->value ? " Ar " : "",
            option->value ? option->value : "");
}

static void put_man_command(FILE *to, const struct sup_command *command)
{
    fprintf(to, ".It Xo\n.Cm %s", command->name);
    put_man_operands(to, command->operands);
    putc('\n', to);
    for (size_t i = 0; i < sup_options_count; i++)
        if (command->options >> i & 1u) {
            fputs(".Op", to);
            put_man_option(to, &sup_options[i]);
            putc('\n', to);
        }
    fputs(".Xc\n", to);
    sup_prose_man(to, command->about);
}

void sup_print_man_commands(FILE *to)
{
    fputs(".Sh COMMANDS\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sup_commands_count; i++)
        put_man_command(to, &sup_commands[i]);
    fputs(".El\n.Sh OPTIONS\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sup_options_count; i++) {
        fputs(".It", to);
        put_man_option(to, &sup_options[i]);
        putc('\n', to);
        sup_prose_man(to, sup_options[i].about);
        if (sup_options[i].def)
            fprintf(to, "The default is %s.\n", sup_options[i].def);
    }
    fputs(".It Fl -help\nPrint a short help; after a command, more about the command.\n"
          ".It Fl -version\nPrint the version.\n.El\n",
          to);
}

static void put_man_named(FILE *to, const char *heading, const char *macro,
                          const struct sup_named *named)
{
    fprintf(to, ".Sh %s\n.Bl -tag -width Ds\n", heading);
    for (; named->name; named++) {
        fprintf(to, ".It %s %s\n", macro, named->name);
        sup_prose_man(to, named->about);
    }
    fputs(".El\n", to);
}

void sup_print_man_surroundings(FILE *to)
{
    put_man_named(to, "SIGNALS", "Dv", sup_signals);
    put_man_named(to, "ENVIRONMENT", "Ev", sup_variables);
}

void sup_print_man_exits(FILE *to)
{
    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", to);
#define PUT_EXIT(symbol, number, text)                                                             \
    fprintf(to, ".It %d\n", number);                                                               \
    sup_prose_man(to, text);
    SUP_EXITS(PUT_EXIT)
#undef PUT_EXIT
    fputs(".El\n", to);
}
