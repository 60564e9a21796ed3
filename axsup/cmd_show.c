/* SPDX-License-Identifier: MIT */
/* cmd_show.c - the listing commands: the document that the system gives, as it is or as text. */
#include "axsup/client.h"
#include "axsup/table.h"

#include <stdlib.h>
#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "-";
}

typedef void print_fn(json_t *document);

/* Asks for a document and prints it. */
static int show(const struct sup_arguments *arguments, json_t *request, print_fn *print)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(&client, arguments->operands[0], request, &result);

    if (status == 0 && arguments->json) {
        puts(result);
    } else if (status == 0) {
        json_t *document = json_loads(result, 0, NULL);

        if (document)
            print(document);
        else
            sup_complain("the system gave an answer that makes no sense");
        status = document ? 0 : SUP_EXIT_FAILED;
        json_decref(document);
    }
    sup_client_close(&client);
    return status;
}

/* ---- status ---- */

/* {"reason","signal","code","suspect","message",...} as "SIGSEGV in counter.add, 10:00:00.123456"
 */
static void cell_exit(const json_t *value, const json_t *row, char *cell, size_t room)
{
    const char *signal = json_string_value(json_object_get(value, "signal"));
    const char *suspect = json_string_value(json_object_get(value, "suspect"));
    const char *message = json_string_value(json_object_get(value, "message"));
    const char *none = json_string_value(json_object_get(value, "why"));
    char when[32], why[192];

    if (!json_is_object(value)) {
        snprintf(cell, room, "-");
        return;
    }
    sup_cell_time(json_object_get(value, "at"), row, when, sizeof(when));
    if (none)
        snprintf(why, sizeof(why), "not started: %s", none);
    else if (signal)
        snprintf(why, sizeof(why), "%s%s", signal,
                 json_is_true(json_object_get(value, "hung")) ? " (hung)" : "");
    else
        snprintf(why, sizeof(why), "%s %lld", text_of(value, "reason"),
                 (long long)json_integer_value(json_object_get(value, "code")));
    snprintf(cell, room, "%s %s%s%s%s%s", when, why, suspect ? " in " : "", suspect ? suspect : "",
             suspect && message ? "." : "", suspect && message ? message : "");
}

static void cell_state(const json_t *value, const json_t *row, char *cell, size_t room)
{
    const char *state = json_string_value(value);

    snprintf(cell, room, "%s%s", state ? state : "-",
             json_is_true(json_object_get(row, "halted")) ? ", halted" : "");
}

/* How much of what it may grow to is in use. */
static void cell_arena(const json_t *value, const json_t *row, char *cell, size_t room)
{
    json_int_t most = json_integer_value(json_object_get(row, "arena_max"));

    snprintf(cell, room, "%lld%%",
             (long long)(most > 0 ? (json_integer_value(value) * 100 + most - 1) / most : 0));
}

static void print_listeners(json_t *listeners)
{
    static const struct sup_column columns[] = {
        {"LISTENS", "name", sup_cell_plain, 0},
        {"AT", "address", sup_cell_plain, 0},
    };

    if (json_array_size(listeners) == 0)
        return;
    puts("");
    sup_table_print(stdout, listeners, columns, LEN(columns));
}

static void print_status(json_t *document)
{
    static const struct sup_column columns[] = {
        {"WORKER", "name", sup_cell_plain, 0},       {"SLOT", "slot", sup_cell_plain, 1},
        {"PID", "pid", sup_cell_plain, 1},           {"STATE", "state", cell_state, 0},
        {"RESTARTS", "restarts", sup_cell_plain, 1}, {"ACTORS", "actors", sup_cell_count, 1},
        {"MAIL", "mail", sup_cell_count, 1},         {"TURNS", "turns", sup_cell_count, 1},
        {"ARENA", "arena_used", cell_arena, 1},      {"LAST EXIT (UTC)", "last_exit", cell_exit, 0},
    };
    char up[32];

    sup_text_duration((uint64_t)json_integer_value(json_object_get(document, "uptime_ns")), up,
                      sizeof(up));
    printf("%s: %s, pid %lld, up %s, %lld dead letters\n\n", text_of(document, "system"),
           text_of(document, "state"),
           (long long)json_integer_value(json_object_get(document, "pid")), up,
           (long long)json_integer_value(json_object_get(document, "deadletters")));
    sup_table_print(stdout, json_object_get(document, "workers"), columns, LEN(columns));
    print_listeners(json_object_get(document, "listen"));
}

int sup_cmd_status(const struct sup_arguments *arguments)
{
    return show(arguments, json_pack("{s:s}", "command", "status"), print_status);
}

/* ---- actors ---- */

struct row {
    json_t *actor; /* borrowed */
    size_t place;
};

/* Named ones first, by name; the others as they came, by slot and index. */
static int by_name(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const char *s = json_string_value(json_object_get(x->actor, "name"));
    const char *t = json_string_value(json_object_get(y->actor, "name"));
    int order = s && t ? strcmp(s, t) : (t != NULL) - (s != NULL);

    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* The same list in another order; NULL: no memory. */
static json_t *sorted(const json_t *actors)
{
    size_t count = json_array_size(actors);
    struct row *rows = calloc(count + 1, sizeof(*rows));
    json_t *list = rows ? json_array() : NULL;

    for (size_t i = 0; list && i < count; i++)
        rows[i] = (struct row){json_array_get(actors, i), i};
    if (list)
        qsort(rows, count, sizeof(*rows), by_name);
    for (size_t i = 0; list && i < count; i++)
        json_array_append(list, rows[i].actor);
    free(rows);
    return list;
}

static void print_actors(json_t *document)
{
    static const struct sup_column columns[] = {
        {"NAME", "name", sup_cell_plain, 0},
        {"REF", "ref", sup_cell_plain, 0},
        {"CONTRACT", "contract", sup_cell_plain, 0},
        {"WORKER", "worker", sup_cell_plain, 0},
        {"STATE", "state", sup_cell_plain, 0},
        {"INCARNATION", "incarnation", sup_cell_plain, 1},
        {"MAIL", "mail", sup_cell_count, 1},
        {"CAPACITY", "capacity", sup_cell_count, 1},
        {"TURNS", "turns", sup_cell_count, 1},
        {"FAILURES", "failures", sup_cell_plain, 1},
        {"SLOW", "slow", sup_cell_count, 1},
        {"BUSY", "busy_ns", sup_cell_duration, 1},
        {"SILENCE", "silence_ns", sup_cell_duration, 1},
        {"IDLE", "idle_ns", sup_cell_duration, 1},
    };

    sup_table_print(stdout, document, columns, LEN(columns));
}

static int show_sorted(const struct sup_arguments *arguments, json_t *document)
{
    json_t *list = arguments->sort ? json_incref(document) : sorted(document);

    if (list && arguments->json) {
        (void)json_dumpf(list, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (list) {
        print_actors(list);
    } else {
        sup_complain("%s", "the answer is too long");
    }
    json_decref(list);
    return list ? 0 : SUP_EXIT_FAILED;
}

int sup_cmd_actors(const struct sup_arguments *arguments)
{
    json_t *request =
        json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "command", "actors", "worker",
                  arguments->worker, "contract", arguments->contract, "name", arguments->name,
                  "state", arguments->state, "sort", arguments->sort);
    struct sup_client client;
    char *result;

    if (arguments->min_mail != 0)
        json_object_set_new(request, "min_mail", json_integer((json_int_t)arguments->min_mail));
    if (arguments->limit != 0)
        json_object_set_new(request, "limit", json_integer((json_int_t)arguments->limit));
    int status = sup_client_ask(&client, arguments->operands[0], request, &result);

    if (status == 0) {
        json_t *document = json_loads(result, 0, NULL);

        status = show_sorted(arguments, document);
        json_decref(document);
    }
    sup_client_close(&client);
    return status;
}

/* ---- contracts ---- */

static void print_fields(const json_t *fields)
{
    putchar('(');
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);

        printf("%s%s %s", i > 0 ? ", " : "", text_of(field, "type"), text_of(field, "name"));
    }
    putchar(')');
}

static void print_contract(const json_t *contract)
{
    const json_t *state = json_object_get(contract, "state");
    const json_t *messages = json_object_get(contract, "messages");

    printf("%s  %s, plugin %s, hash %s\n", text_of(contract, "contract"),
           text_of(contract, "worker"), text_of(contract, "plugin"), text_of(contract, "hash"));
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);

        printf("    %-4s %s", text_of(message, "kind"), text_of(message, "name"));
        print_fields(json_object_get(message, "fields"));
        if (json_object_get(message, "reply")) {
            fputs(" -> ", stdout);
            print_fields(json_object_get(message, "reply"));
        }
        putchar('\n');
    }
    if (state) {
        fputs("    state ", stdout);
        print_fields(state);
        putchar('\n');
    }
}

static void print_contracts(json_t *document)
{
    for (size_t i = 0; i < json_array_size(document); i++)
        print_contract(json_array_get(document, i));
}

int sup_cmd_contracts(const struct sup_arguments *arguments)
{
    return show(arguments, json_pack("{s:s}", "command", "contracts"), print_contracts);
}

/* ---- dead letters ---- */

static void print_letters(json_t *document)
{
    static const struct sup_column columns[] = {
        {"TIME (UTC)", "at", sup_cell_time, 0},    {"SENDER", "sender", sup_cell_plain, 0},
        {"TARGET", "target", sup_cell_plain, 0},   {"CONTRACT", "contract", sup_cell_plain, 0},
        {"MESSAGE", "message", sup_cell_plain, 0}, {"REASON", "reason", sup_cell_plain, 0},
    };

    sup_table_print(stdout, document, columns, LEN(columns));
}

int sup_cmd_deadletters(const struct sup_arguments *arguments)
{
    return show(arguments, json_pack("{s:s}", "command", "deadletters"), print_letters);
}
