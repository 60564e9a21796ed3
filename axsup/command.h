/* SPDX-License-Identifier: MIT */
/* command.h - the command line of axsup: one table of commands, one of options.
 *
 * The parser, --help and the sections COMMANDS, OPTIONS and EXIT STATUS of axsup(8) are made from
 * the tables in command.c; a command that is added there is everywhere. A command prints what was
 * asked for on standard output, one line of what went wrong on standard error, and returns the exit
 * status of the program. */
#ifndef SUP_COMMAND_H
#define SUP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(symbol, number, text) */
#define SUP_EXITS(X)                                                                               \
    X(DONE, 0, "Done.")                                                                            \
    X(FAILED, 1,                                                                                   \
      "What was asked for did not succeed; standard error names the outcome, as in "               \
      "\"counter.get: mailbox full (AX_E_FULL)\".")                                                \
    X(USAGE, 2,                                                                                    \
      "The command line or the config is wrong, or the JSON of a message does not fit it; "        \
      "nothing was done.")                                                                         \
    X(NOT_RUNNING, 3, "No such system is running.")

enum sup_exit_status {
#define SUP_EXIT_ENUM(symbol, number, text) SUP_EXIT_##symbol = number,
    SUP_EXITS(SUP_EXIT_ENUM)
#undef SUP_EXIT_ENUM
};

struct sup_named { /* a signal, or a variable of the environment, and what it does */
    const char *name, *about;
};

extern const struct sup_named sup_signals[], sup_variables[]; /* end with NULL */

#define SUP_OPERANDS_MAX 4

struct sup_command;

/* A command line that was understood. Texts belong to argv. */
struct sup_arguments {
    const struct sup_command *command;
    const char *operands[SUP_OPERANDS_MAX]; /* CONF first; NULL where left out */
    int count;                              /* of operands */
    bool json, follow, now, token, key;
    uint64_t for_ns; /* 0: until it is told to stop */
    uint64_t timeout_ns, within_ns;
    const char *worker, *contract, *name, *state; /* NULL: all */
    const char *sort;                             /* NULL: by name */
    const char *prefix;                           /* of keys of kept maps; NULL: all */
    uint64_t min_mail, limit; /* 0: none; of `state`: entries of a map, 0: as many as usual */
    uint64_t interval_ns;
    bool once;
    int argc; /* of a command that reads its own arguments: what follows it */
    char **argv;
};

enum sup_option_kind {
    SUP_OPTION_FLAG,
    SUP_OPTION_DURATION,
    SUP_OPTION_NUMBER, /* from 1 */
    SUP_OPTION_COUNT,  /* from 0 */
    SUP_OPTION_TEXT,
};

struct sup_option {
    const char *name;  /* without the dashes */
    const char *value; /* word for its value, NULL: it has none */
    enum sup_option_kind kind;
    size_t offset;   /* of the field in struct sup_arguments */
    const char *def; /* the default as it would be written, NULL: none */
    const char *about;
};

struct sup_command {
    const char *name;
    const char *operands; /* "CONF ACTOR MESSAGE [JSON]" */
    unsigned options;     /* a bit for each row of sup_options */
    bool own_arguments;   /* reads the rest of the command line itself */
    int (*run)(const struct sup_arguments *arguments);
    const char *brief; /* one line */
    const char *about; /* plain sentences */
};

extern const struct sup_option sup_options[];
extern const size_t sup_options_count;
extern const struct sup_command sup_commands[];
extern const size_t sup_commands_count;

/* Reads a command line. Returns 0 with `*out` filled in; SUP_EXIT_USAGE after a line on `errors`
 * that says what is wrong and what would be right. `axsup --help`, `axsup COMMAND --help` and
 * `axsup --version` print on `output` and return -1: done. */
int sup_arguments_parse(int argc, char **argv, struct sup_arguments *out, FILE *output,
                        FILE *errors);

/* --help of the program, and of one command. */
void sup_print_help(FILE *to);
void sup_print_command_help(const struct sup_command *command, FILE *to);

/* The sections COMMANDS and OPTIONS of axsup(8); SIGNALS and ENVIRONMENT; EXIT STATUS; in mdoc. */
void sup_print_man_commands(FILE *to);
void sup_print_man_surroundings(FILE *to);
void sup_print_man_exits(FILE *to);

/* The commands. Each returns an exit status. */
int sup_cmd_run(const struct sup_arguments *arguments);
int sup_cmd_check(const struct sup_arguments *arguments);
int sup_cmd_schema(const struct sup_arguments *arguments);
int sup_cmd_status(const struct sup_arguments *arguments);
int sup_cmd_actors(const struct sup_arguments *arguments);
int sup_cmd_inspect(const struct sup_arguments *arguments);
int sup_cmd_top(const struct sup_arguments *arguments);
int sup_cmd_metrics(const struct sup_arguments *arguments);
int sup_cmd_crashes(const struct sup_arguments *arguments);
int sup_cmd_state(const struct sup_arguments *arguments);
int sup_cmd_call(const struct sup_arguments *arguments);
int sup_cmd_send(const struct sup_arguments *arguments);
int sup_cmd_contracts(const struct sup_arguments *arguments);
int sup_cmd_events(const struct sup_arguments *arguments);
int sup_cmd_deadletters(const struct sup_arguments *arguments);
int sup_cmd_kill(const struct sup_arguments *arguments);
int sup_cmd_restart(const struct sup_arguments *arguments);
int sup_cmd_reload(const struct sup_arguments *arguments);
int sup_cmd_stop(const struct sup_arguments *arguments);
int sup_cmd_nodes(const struct sup_arguments *arguments);
int sup_cmd_sessions(const struct sup_arguments *arguments);
int sup_cmd_shards(const struct sup_arguments *arguments);
int sup_cmd_leases(const struct sup_arguments *arguments);
int sup_cmd_counts(const struct sup_arguments *arguments);
int sup_cmd_drain(const struct sup_arguments *arguments);
int sup_cmd_keygen(const struct sup_arguments *arguments);
int sup_cmd_bench(const struct sup_arguments *arguments);

/* The bench; argv[0] is "bench". Returns an exit status. */
int sup_bench_main(int argc, char **argv);

#endif
